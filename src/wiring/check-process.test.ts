// What a config asks of its processes and cannot have here is told with path, expected and got.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configs are written so.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import type { Powers } from "../platforms/powers.ts";
import { nothing as nobody, anything as root } from "../testing/fake-powers.ts";
import { simClock } from "../testing/sim-clock.ts";
import type { ServiceConfig } from "./config.ts";
import { judge } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { Resolved } from "./resolve.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-check-process-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "a.env"), "A=1\n");
writeFileSync(join(folder, "bad.env"), "A=1\nTOKEN='s3cr3t\n");
mkdirSync(join(folder, "w0"));

function load(service: ServiceConfig, powers = root): Promise<Resolved> {
  const env = { PATH: process.env.PATH };
  const options = { folder, env, clock: simClock(), powers };
  return judge({ services: { web: service } }, "homeostat.yaml", options);
}

async function problems(service: object, powers = root): Promise<readonly Problem[]> {
  const error: unknown = await load(service as ServiceConfig, powers).then(
    () => assert.fail("it was taken"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HomeostatError);
  return error.details as readonly Problem[];
}

const command = ["sleep", "5"];

describe("what cannot be had here", () => {
  const cases: readonly (readonly [string, object, Powers, string, RegExp, RegExp])[] = [
    ["an unknown user", { user: "nosuch" }, root, "user", /a user of this/, /"nosuch"/],
    ["an unknown group", { group: "nosuch" }, root, "group", /a group of this/, /"nosuch"/],
    ["an id without a group", { user: 4_242 }, root, "user", /a group beside/, /4242/],
    ["another user", { user: "www" }, nobody, "user", /only root may/, /"www"/],
    ["another group", { group: "web" }, nobody, "group", /only root may/, /"web"/],
    ["a better nice", { nice: -1 }, nobody, "nice", /0 or more/, /-1/],
    ["a better oomScore", { oomScore: -1 }, nobody, "oomScore", /0 or more/, /-1/],
    ["a higher limit", { ulimit: { files: 2e3 } }, nobody, "ulimit.files", /at most 1024/, /2000/],
    [
      "no limit",
      { ulimit: { files: "unlimited" } },
      nobody,
      "ulimit.files",
      /at most 1024/,
      /unli/,
    ],
    ["an umask as a number", { umask: 27 }, root, "umask", /octal digits in quotes/, /27/],
    ["an umask with a 9", { umask: "0929" }, root, "umask", /octal digits/, /"0929"/],
    [
      "too little memory",
      { resources: { memoryMax: "1KiB" } },
      root,
      "resources.memoryMax",
      /from 4MiB/,
      /1KiB/,
    ],
    [
      "an absent file",
      { envFiles: ["no.env"] },
      root,
      "envFiles[0]",
      /a file that exists, or "\?"/,
      /no\.env/,
    ],
    ["a folder", { envFiles: ["w0?"] }, root, "envFiles[0]", /a file that exists/, /a folder/],
    [
      "a bad file",
      { envFiles: ["a.env", "bad.env"] },
      root,
      "envFiles[1]",
      /a closing '/,
      /TOKEN without one, in "bad.env" line 2/,
    ],
    [
      "an unknown word",
      { command: ["sleep", "${prot}"] },
      root,
      "command[1]",
      /\$\{port\}/,
      /prot/,
    ],
    ["a port without one", { env: { A: "${port}" } }, root, "env.A", /a port or a probe/, /port/],
    [
      "a folder by index",
      { cwd: "w${index}", replicas: 2 },
      root,
      "cwd",
      /a folder that exists/,
      /"w1"/,
    ],
    [
      "an odd name",
      { umask: "022", env: { "a.b": 1 } },
      root,
      'env["a.b"]',
      /letters, digits/,
      /a\.b/,
    ],
    [
      "our own name",
      { env: { HOMEOSTAT_INDEX: 1 } },
      root,
      "env.HOMEOSTAT_INDEX",
      /another name/,
      /sets itself/,
    ],
    [
      "an account by setpriv",
      { user: "www" },
      { ...root, hasProgram: () => false },
      "user",
      /setpriv/,
      /without it/,
    ],
  ];
  for (const [name, service, powers, path, expected, got] of cases) {
    it(name, async () => {
      const found = await problems({ command, ...service }, powers);
      assert.deepEqual(
        found.map((it) => it.path),
        [`services.web.${path}`],
      );
      assert.match(found[0]?.expected ?? "", expected);
      assert.match(found[0]?.got ?? "", got);
      assert.doesNotMatch(JSON.stringify(found), /s3cr3t/);
    });
  }

  it("memory is watched instead of held", async () => {
    const resources = { memoryMax: "8MiB" };
    const limits = (of: Resolved): unknown => of.policy.services.web?.limits.rssBytes;
    assert.equal(limits(await load({ command, resources }, nobody)), 8_388_608);
    assert.equal(limits(await load({ command, resources }, root)), undefined);
    const own = { command, resources, limits: { memoryMiB: 4 } };
    assert.equal(limits(await load(own, nobody)), 4_194_304);
  });
});
