// `homeostat import`: files as people have them become a config that loads, and that comes up for real.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/kernel/clock.ts";
import { loadConfig } from "../../src/wiring/load.ts";
import type { Resolved } from "../../src/wiring/resolve.ts";
import { homeostat } from "./support/command.ts";
import { ecosystem, moreConf, procfile, server, supervisordConf } from "./support/import-files.ts";
import { endMarked } from "./support/marked.ts";
import { freePorts, until } from "./support/project.ts";

const root = mkdtempSync(join(tmpdir(), "homeostat-import-"));
after(() => rmSync(root, { recursive: true, force: true }));

function folderWith(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(root, name);
  const all = { "server.js": server, "worker.sh": "exec sleep 1000\n", ...files };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

const load = (folder: string): Promise<Resolved> =>
  loadConfig({ folder, env: process.env, clock: systemClock, profiles: [] });

describe("homeostat import", { concurrency: 2 }, () => {
  it("pm2: an ecosystem file that is code", async () => {
    const folder = folderWith("pm2", { "ecosystem.config.cjs": ecosystem });
    const args = ["import", "pm2", join(folder, "ecosystem.config.cjs"), "--env", "production"];
    const { code, out, err } = await homeostat(folder, args);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /homeostat\.yaml: 3 services \(api-server, worker, nightly\)/);
    const { services, policy } = await load(folder);
    const { "api-server": api, worker, nightly } = services;
    assert.deepEqual(api?.command, [
      ...["node", "--max-old-space-size=300", "server.js", "--verbose", "--name", "two words"],
    ]);
    assert.deepEqual([api?.port, policy.services["api-server"]?.replicas], [3_000, 2]);
    assert.deepEqual(api?.stop, { signal: "SIGINT", waitMs: 5_000 });
    assert.equal(api?.env.TEMPLATE, "$${name}");
    assert.equal(api?.env.LOG_LEVEL, "warn");
    assert.equal(policy.services["api-server"]?.restart.when, "always");
    assert.equal(policy.services.worker?.restart.when, "unexpected");
    assert.deepEqual(worker?.stop, { signal: "SIGINT", waitMs: 1_600 });
    assert.ok(nightly?.job?.timetable);
    const text = readFileSync(join(folder, "homeostat.yaml"), "utf8");
    for (const lost of ["wait_ready=true", "error_file=", "deploy", "no-such-user", "a function"]) {
      assert.match(text, new RegExp(`^ *# .*${lost}`, "m"));
    }
  });

  it("supervisord: groups, numbers, variables, and files that are included", async () => {
    const files = { "etc/supervisord.conf": supervisordConf, "etc/conf.d/more.conf": moreConf };
    const folder = folderWith("supervisord", files);
    const args = ["import", "supervisord", join(folder, "etc/supervisord.conf")];
    const { code, err } = await homeostat(folder, args, { env: { PAUSE: "1000" } });
    assert.deepEqual([code, err], [0, ""]);
    const { services, policy } = await load(folder);
    assert.deepEqual(Object.keys(services), ["web", "shards-1", "shards-2", "more"]);
    const { web } = services;
    assert.deepEqual(web?.command, ["/bin/sh", "-c", 'exec /bin/sleep "$PAUSE"']);
    assert.deepEqual(web?.env, {
      ...{ SHARED: "yes", PORT_BASE: `80\${index}`, GREETING: "hello, world", PERCENT: "50%" },
    });
    assert.equal(web?.cwd, join(folder, "etc"));
    const { web: policyOfWeb } = policy.services;
    assert.deepEqual(policyOfWeb?.restart.expectedExits, [0, 2]);
    assert.deepEqual([policyOfWeb?.partOf, policyOfWeb?.replicas], ["front", 2]);
    assert.deepEqual(services["shards-2"]?.command, ["/bin/sleep", "3002"]);
    const text = readFileSync(join(folder, "homeostat.yaml"), "utf8");
    for (const lost of ["stopsignal=USR1", "priority=10", "memmon -a", "unix_http_server"]) {
      assert.match(text, new RegExp(`^ *# .*${lost}`, "m"));
    }
  });

  it("tells what cannot be imported, and writes over nothing", async () => {
    const folder = folderWith("odd", {
      ...{ Procfile: "web: no-such-program-here\n", "homeostat.json": "{}" },
      ...{ "endless.cjs": "setInterval(() => {}, 1000); module.exports = { scripts: [] }" },
    });
    const told = async (...words: readonly string[]): Promise<string> => {
      const { code, err } = await homeostat(folder, ["import", ...words]);
      assert.equal(code, 78, err);
      return err;
    };
    const file = join(folder, "Procfile");
    assert.match(await told("pm3", file), /import: expected "pm2", got "pm3"/);
    assert.match(await told("procfile", `${file}s`), /Procfiles, which is not there/);
    assert.match(await told("pm2", join(folder, "endless.cjs")), /expected apps, .* got none/);
    assert.match(await told("pm2", file), /cannot be read/);
    assert.match(await told("procfile", file), /homeostat\.json is the config of .* already/);
    const printed = await homeostat(folder, ["import", "procfile", file, "--print"]);
    assert.equal(printed.code, 78);
    assert.match(printed.out, /command: no-such-program-here/);
  });

  it("procfile: comes up for real", { timeout: 90_000 }, async () => {
    const folder = folderWith("procfile", { Procfile: procfile, ".env": "GREETING=hello\n" });
    const { code, err } = await homeostat(folder, ["import", "procfile", join(folder, "Procfile")]);
    assert.deepEqual([code, err], [0, ""]);
    const [front = 0, dashboard = 0] = await freePorts(2);
    const path = join(folder, "homeostat.yaml");
    const text = readFileSync(path, "utf8");
    assert.match(text, /# line 6 is no "name: command": this is no line/);
    writeFileSync(path, text.replace("port: 5000", `port: ${front}`));
    const entry = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const up = ["--folder", folder, "up", "--dashboard-port", String(dashboard)];
    const child = spawn(process.execPath, ["--conditions=source", entry, ...up], {
      stdio: "ignore",
    });
    try {
      const answer = await until("it answers", 60_000, async () => {
        assert.equal(child.exitCode, null);
        const response = await fetch(`http://127.0.0.1:${front}/`).catch(() => undefined);
        return response?.status === 200 ? response.text() : undefined;
      });
      assert.match(answer, /^--port \d+$/);
      assert.equal((await homeostat(folder, ["down"])).code, 0);
    } finally {
      if (child.exitCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await endMarked(join(folder, ".homeostat"));
    }
  });
});
