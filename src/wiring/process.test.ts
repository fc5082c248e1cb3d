// From a config to what an instance is started with, and what is told of what cannot be had here.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configs are written so.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { nothing as nobody, anything as root } from "../testing/fake-powers.ts";
import { simClock } from "../testing/sim-clock.ts";
import type { ServiceConfig } from "./config.ts";
import { processViews } from "./describe.ts";
import { judge } from "./load.ts";
import { launchOf } from "./process.ts";
import type { Resolved } from "./resolve.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-process-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "a.env"), "A=file\nB=${HOME}/b\nSHARED=a\nTOKEN='s3cr3t'\n");
writeFileSync(join(folder, "b.env"), "SHARED=b\nC=${A}!\n");

const env = { PATH: process.env.PATH ?? "", HOME: "/nest" };

function load(service: ServiceConfig, powers = root): Promise<Resolved> {
  const options = { folder, env, clock: simClock(), powers };
  return judge({ services: { web: service } }, "homeostat.yaml", options);
}

async function launched(
  config: ServiceConfig,
  target = "web/1",
  powers = root,
): Promise<ReturnType<ReturnType<typeof launchOf>>> {
  const { services } = await load(config, powers);
  assert.ok(services.web);
  const { replicas = 1 } = config;
  const outer = {
    ...{ folder, env, replicas: () => replicas, powers: () => powers },
    complete: (all: object) => all,
  };
  return launchOf(services.web, outer as never)(target, config.port);
}

const command = ["sleep", "5"];

describe("what an instance is started with", () => {
  it("has index and count, and what is filled in by instance", async () => {
    const made = await launched(
      {
        command: ["sleep", "${index}", "--name=${name}:${port}", "$${name}"],
        env: { URL: "http://h:${port}/${index}/${replicas}" },
        cwd: ".",
        replicas: 3,
        port: 8_080,
      },
      "web/3",
    );
    assert.deepEqual(made.command, ["sleep", "2", "--name=web:8080", "${name}"]);
    assert.equal(made.env.URL, "http://h:8080/2/3");
    assert.deepEqual([made.env.HOMEOSTAT_INDEX, made.env.HOMEOSTAT_REPLICAS], ["2", "3"]);
    assert.equal(made.settings, undefined);
  });

  it("needs no shell for what is filled in, and leaves other names to a shell", async () => {
    assert.deepEqual((await launched({ command: "sleep ${index}" })).command, ["sleep", "0"]);
    const line = await launched({ command: "echo ${index} ${PORT:-none} | cat" });
    assert.deepEqual(line.command, ["/bin/sh", "-c", "echo 0 ${PORT:-none} | cat"]);
  });

  it("takes the nearest word for each variable", async () => {
    const envFiles = ["a.env", "b.env", "none.env?"];
    const made = await launched({ command, envFiles, user: "www", env: { A: "config" } });
    const { A, B, C, SHARED, HOME, USER, LOGNAME } = made.env;
    assert.deepEqual([A, C, SHARED], ["config", "file!", "b"]);
    assert.deepEqual([B, HOME, USER, LOGNAME], ["/var/www/b", "/var/www", "www", "www"]);
  });

  it("reads env files at each start", async () => {
    const file = join(folder, "changing.env");
    writeFileSync(file, "V=1");
    const { services } = await load({ command, envFiles: ["changing.env"] });
    assert.ok(services.web);
    const same = <T>(all: T): T => all;
    const outer = { folder, env, replicas: () => 1, powers: () => root, complete: same };
    const launch = launchOf(services.web, outer);
    assert.equal(launch("web/1", undefined).env.V, "1");
    writeFileSync(file, "V=2");
    assert.equal(launch("web/1", undefined).env.V, "2");
    rmSync(file);
    assert.throws(() => launch("web/1", undefined), {
      code: "SPAWN_FAILED",
      message: /web\/1: envFiles: expected a file that exists, .*got "changing.env"/,
    });
  });

  it("has ids for names, and bytes for amounts", async () => {
    const made = await launched({
      command,
      user: "www",
      umask: "027",
      resources: { memoryMax: "8MiB", pidsMax: 9 },
    });
    assert.deepEqual(made.settings, {
      account: { uid: 33, gid: 34, groups: [4] },
      umask: "027",
      resources: { memoryBytes: 8_388_608, processes: 9 },
    });
  });

  it("keeps the user when it is the one that runs anyway", async () => {
    const made = await launched({ command, user: "root" });
    assert.deepEqual([made.settings, made.env.HOME], [undefined, "/root"]);
  });

  it("may be a group alone, or ids that nobody knows", async () => {
    const grouped = await launched({ command, group: "web" });
    assert.deepEqual(grouped.settings?.account, { uid: 0, gid: 34, groups: [] });
    const free = await launched({ command, user: 4_242, group: 4_243 });
    assert.deepEqual(free.settings?.account, { uid: 4_242, gid: 4_243, groups: [] });
    assert.equal(free.env.USER, undefined);
  });
});

describe("what check shows", () => {
  it("is whom, how much, and names without values", async () => {
    const resolved = await load({
      command,
      envFiles: ["a.env", "none.env?"],
      env: { LEVEL: "s3cr3t" },
      user: "www",
      ulimit: { files: 5 },
      nice: 3,
    });
    assert.deepEqual(processViews(resolved, env, root).web, {
      user: "www (33), group web (34), also in 4",
      limits: ["files ≤ 5", "nice 3"],
      env: [
        "that of Homeostat",
        "its user (HOME, USER, LOGNAME)",
        "a.env (A, B, SHARED, TOKEN)",
        "none.env (absent)",
        "config (LEVEL)",
      ],
    });
  });

  it("says what is not held", async () => {
    const resources = { memoryMax: "8MiB", cpuMax: 1, pidsMax: 3 };
    const resolved = await load({ command, resources }, nobody);
    assert.deepEqual(processViews(resolved, env, nobody).web?.limits, [
      "memory ≤ 8MiB NOT HELD, the RSS of its main process is watched instead: no controller",
      "cpu ≤ 1 NOT HELD: no controller",
      "processes and threads ≤ 3 by cgroup",
    ]);
  });
});
