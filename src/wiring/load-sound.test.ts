// Sound configs of every language are taken; a folder with a start script needs none.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { layOut } from "../../test/configs/broken.ts";
import { simClock } from "../testing/sim-clock.ts";
import { loadConfig } from "./load.ts";
import type { Resolved } from "./resolve.ts";

const { PATH } = process.env;
const root = mkdtempSync(join(tmpdir(), "homeostat-sound-"));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

function load(
  files: Readonly<Record<string, string>>,
  more: { readonly file?: string; readonly dashboardPort?: number; readonly port?: string } = {},
): Promise<Resolved> {
  const folder = join(root, `p${made++}`);
  layOut(folder, files, { A: 1, B: 2, C: 3, D: 4 });
  const { port, ...rest } = more;
  const env = port === undefined ? { PATH } : { PATH, PORT: port };
  return loadConfig({ folder, env, clock: simClock(), ...rest });
}

const code = 'export default { services: { web: { command: "sleep 5", port: 8080 } } };';
const data = '{ "services": { "web": { "command": "sleep 5", "port": 8080 } } }';

describe("a sound config", () => {
  const languages: Readonly<Record<string, string>> = {
    "homeostat.config.ts": `const port: number = 8080;\n${code.replace("8080", "port")}`,
    "homeostat.config.js": code,
    "homeostat.config.mjs": code,
    "homeostat.yaml": "services:\n  web:\n    command: sleep 5\n    port: 8080\n",
    "homeostat.yml": data,
    "homeostat.json": `\uFEFF${data}`,
  };
  for (const [name, text] of Object.entries(languages)) {
    it(name, async () => {
      const { services, file } = await load({ [name]: text });
      assert.equal(file, name);
      assert.equal(services.web?.port, 8_080);
      assert.deepEqual(services.web.command, ["sleep", "5"]);
    });
  }

  it("may be named, and name its schema for the editor", async () => {
    const text = data.replace("{", '{ "$schema": "./node_modules/homeostat/x.json",');
    const found = await load({ "etc/staging.json": text }, { file: "etc/staging.json" });
    assert.equal(found.file, "staging.json");
    assert.deepEqual(Object.keys(found.services), ["web"]);
  });

  it("may share blocks by anchors and merge keys", async () => {
    const text = `services:
  web: &base { command: sleep 5, probe: &probe { tcp: true, interval: 2s } }
  api: { <<: *base, replicas: 2, probe: { <<: *probe, interval: 3s } }
`;
    const { services, policy } = await load({ "homeostat.yaml": text });
    assert.equal(policy.services.api?.replicas, 2);
    assert.equal(services.api?.probe?.periodMs, 3_000);
    assert.equal(services.web?.probe?.periodMs, 2_000);
  });

  it("may leave settings undefined, and lists empty", async () => {
    const text = `export default { project: undefined, services: { web: {
      command: "sleep 5", port: undefined, dependsOn: [], probe: undefined } } };`;
    const { policy } = await load({ "homeostat.config.ts": text });
    assert.equal(policy.services.web?.routed, false);
  });

  it("takes the port of the dashboard from the command line", async () => {
    const { dashboard } = await load({ "homeostat.json": data }, { dashboardPort: 9_999 });
    assert.deepEqual(dashboard, { host: "127.0.0.1", port: 9_999 });
  });
});

describe("a folder without config", () => {
  const files = { "package.json": '{ "scripts": { "start": "node web.js" } }' };

  it("runs npm start, probed on its port", async () => {
    const { services, policy, file, dashboard } = await load(files);
    assert.equal(file, "package.json");
    assert.deepEqual(services.app?.command, ["npm", "start"]);
    assert.equal(services.app.port, 3_000);
    assert.equal(services.app.probe?.tcp, true);
    assert.equal(dashboard.port, 7_700);
    assert.equal(policy.services.app?.healing.modes.restart, "suggest");
  });

  it("serves where PORT says", async () => {
    assert.equal((await load(files, { port: "8123" })).services.app?.port, 8_123);
    assert.equal((await load(files, { port: "" })).services.app?.port, 3_000);
  });

  it("prefers a config", async () => {
    assert.equal((await load({ ...files, "homeostat.json": data })).file, "homeostat.json");
  });
});

describe("a config that never ends loading", () => {
  it("is given up after 10 s", async () => {
    const folder = join(root, `p${made++}`);
    const text = "await new Promise(() => {});\nexport default {};";
    layOut(folder, { "homeostat.config.ts": text }, { A: 1, B: 2, C: 3, D: 4 });
    const clock = simClock();
    const loading = loadConfig({ folder, env: { PATH }, clock });
    const refused = assert.rejects(loading, {
      code: "CONFIG_UNREADABLE",
      message:
        "homeostat.config.ts: expected to be loaded within 10 s, got an await that does not end",
    });
    await clock.advance(10_000);
    await refused;
    assert.equal(clock.pending, 0);
  });
});
