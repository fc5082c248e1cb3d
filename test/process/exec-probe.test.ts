// The exec probe with real commands: what it calls healthy, and that nothing of them is left.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { deadline, systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { readStat, runs } from "../../src/platforms/procfs.ts";
import { execProbe } from "../../src/probes/exec.ts";
import type { Probe, ProbeTarget } from "../../src/probes/probe.ts";
import { probeConformance } from "../../src/testing/probe-conformance.ts";
import { eventually } from "../../src/testing/waiting.ts";

const target = "web/1";

const byPort = "case $PORT in 1) exit 0;; 2) echo not well; exit 4;; *) sleep 60 & sleep 60;; esac";

probeConformance("exec", async () => {
  const exec = (...command: string[]): Probe =>
    execProbe({ command, cwd: "/", env: { PATH: "/usr/bin:/bin" } });
  return {
    probe: exec("/bin/sh", "-c", byPort),
    healthy: { target, port: 1 },
    sick: { target, port: 2 },
    silent: { target, port: 3 },
    broken: { probe: exec("no-such-command"), of: { target } },
    cleanup: () => {},
  };
});

async function check(
  probe: Probe,
  of: ProbeTarget,
  ms = 5_000,
): Promise<readonly [number, string]> {
  const { signal, done } = deadline(systemClock, ms);
  try {
    const readings = await probe.check(of, { signal, clock: systemClock, log: silentLog });
    const sign = readings.find(({ metric }) => metric === "probe");
    return [sign?.value ?? Number.NaN, sign?.note ?? ""];
  } finally {
    done();
  }
}

describe("exec probe", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "homeostat-exec-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const shell = (script: string, ms?: number): Promise<readonly [number, string]> =>
    check(execProbe({ command: ["/bin/sh", "-c", script], cwd: folder }), { target, port: 9 }, ms);

  it("says the exit code and 200 characters of the output, without secrets", async () => {
    const [value, note] = await shell("echo db_password=hunter2; printf %0500d 0 >&2; exit 3");
    assert.equal(value, 0);
    assert.match(note, /^exit code 3: (db_password=\*\*\* 0+|0+)…$/);
    assert.equal(note.length, "exit code 3: ".length + 201);
    assert.deepEqual(await shell("exit 1"), [0, "exit code 1"]);
    assert.deepEqual(await shell("kill -9 $$"), [0, "killed by SIGKILL"]);
  });

  it("takes its arguments as they are", async () => {
    const probe = execProbe({ command: ["test", "$HOME; echo", "=", "$HOME; echo"], cwd: folder });
    assert.deepEqual(await check(probe, { target }), [1, ""]);
  });

  it("gives exactly the environment, the port and the name", async () => {
    const file = join(folder, "env");
    const probe = execProbe({
      command: ["/bin/sh", "-c", `env > ${file}`],
      cwd: folder,
      env: { PATH: "/usr/bin:/bin", A: "b" },
    });
    assert.deepEqual(await check(probe, { target, port: 9 }), [1, ""]);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    assert.deepEqual(lines.filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line)).sort(), [
      "A=b",
      "HOMEOSTAT_INSTANCE=web/1",
      "PATH=/usr/bin:/bin",
      "PORT=9",
    ]);
  });

  it("ends what it started when its time is over, or when it leaves something behind", async () => {
    const isGone = (name: string): boolean => isOver(join(folder, name));
    const script = (name: string): string => `sleep 60 & echo $! > ${name};`;
    assert.deepEqual(await shell(`${script("a")} wait`, 300), [0, "no answer within 300 ms"]);
    await eventually("the one of the hung probe is gone", () => isGone("a"));
    assert.deepEqual(await shell(`${script("b")} exit 0`), [1, ""]);
    await eventually("the one of the finished probe is gone", () => isGone("b"));
  });

  it("is not held up by output that does not end", async () => {
    const [value, note] = await shell("yes abcdefg & sleep 0.2; exit 2");
    assert.equal(value, 0);
    assert.match(note, /^exit code 2: abcdefg abcdefg/);
    assert.deepEqual(await shell("setsid sleep 2 & echo late >&2; exit 2"), [
      0,
      "exit code 2: late",
    ]);
  });

  it("throws when it cannot run: that says nothing about the instance", async () => {
    const nowhere = execProbe({ command: ["true"], cwd: join(folder, "nowhere") });
    await assert.rejects(check(nowhere, { target }), { code: "SPAWN_FAILED" });
    writeFileSync(join(folder, "text"), "not a program");
    const text = execProbe({ command: [join(folder, "text")], cwd: folder });
    await assert.rejects(check(text, { target }), { code: "SPAWN_FAILED" });
    await assert.rejects(check(execProbe({ command: [], cwd: "/" }), { target }), /exec probe/);
  });
});

/** A zombie is over too: who its new parent is decides when it leaves /proc. */
function isOver(pidFile: string): boolean {
  const stat = readStat(Number(readFileSync(pidFile, "utf8").trim()));
  return stat === undefined || !runs(stat);
}
