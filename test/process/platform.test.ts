// The Linux platform with real processes: sessions of their own, quick ends, adoption.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { linuxPlatform } from "../../src/platforms/linux.ts";
import type { Found, Platform, StartSpec } from "../../src/platforms/platform.ts";
import { platformConformance } from "../../src/testing/platform-conformance.ts";
import { eventually, within } from "../../src/testing/waiting.ts";

platformConformance("linux", linuxPlatform);

describe("linux platform", () => {
  let folder: string;
  let platform: Platform;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "homeostat-linux-"));
    platform = linuxPlatform();
  });
  after(async () => {
    for (const { identity } of platform.scan(folder)) platform.signal(identity, "SIGKILL");
    await eventually("nothing is left", () => platform.scan(folder).length === 0);
    rmSync(folder, { recursive: true, force: true });
  });

  const spec = (script: string, more: Partial<StartSpec> = {}): StartSpec => ({
    target: "web/1",
    project: folder,
    run: "r1",
    command: ["/bin/sh", "-c", script],
    cwd: folder,
    env: { PATH: "/usr/bin:/bin" },
    logFile: join(folder, "web.log"),
    ...more,
  });

  it("starts each process in a session of its own", async () => {
    const identity = await platform.start(spec("exec sleep 60"));
    const stat = readFileSync(`/proc/${identity.pid}/stat`, "utf8").split(") ")[1]?.split(" ");
    assert.deepEqual([stat?.[2], stat?.[3]], [String(identity.pid), String(identity.pid)]);
    platform.signalGroup(identity, "SIGKILL");
    await within(5_000, platform.ended(identity));
  });

  it("names and ends 60 processes that end at once, and keeps none of their descriptors", async () => {
    await platform.start(spec("exit 0"));
    const before = readdirSync("/proc/self/fd").length;
    const ends = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const identity = await platform.start(spec(`exit ${index}`, { target: `web/${index}` }));
        assert.ok(identity.startTicks > 0);
        return within(10_000, platform.ended(identity));
      }),
    );
    assert.deepEqual(
      ends,
      Array.from({ length: 60 }, (_, code) => ({ code, signal: null, known: true })),
    );
    assert.equal(readdirSync("/proc/self/fd").length, before);
  });

  it("finds a grandchild that left for a session of its own, and signals it alone", async () => {
    const identity = await platform.start(spec("setsid sleep 60 & wait", { run: "setsid" }));
    const ofRun = (): readonly Found[] =>
      platform.scan(folder).filter(({ run }) => run === "setsid");
    await eventually("it is found", () => ofRun().filter(({ leader }) => leader).length === 2);
    platform.signalGroup(identity, "SIGKILL");
    await within(5_000, platform.ended(identity));
    await eventually("the group is gone", () => !platform.groupAlive(identity));
    const [stray, ...others] = ofRun();
    assert.ok(stray);
    assert.deepEqual(others, []);
    assert.equal(platform.signal(stray.identity, "SIGKILL"), true);
    await eventually("it is gone", () => ofRun().length === 0);
  });

  it("does not signal a leaderless group that does not carry the mark", async () => {
    const identity = await platform.start(spec("env -i sleep 60 & exit 0"));
    await within(5_000, platform.ended(identity));
    const member = (): number | undefined => memberOf(identity.pid);
    await eventually("the unmarked one runs", () => member() !== undefined && isUnmarked(member()));
    const pid = member();
    assert.ok(pid);
    assert.equal(platform.signalGroup(identity, "SIGKILL"), false);
    assert.equal(memberOf(identity.pid), pid);
    process.kill(pid, "SIGKILL");
  });

  it("adopts a process whose starter has died, and notices its end", async () => {
    const script = `
      const { linuxPlatform } = await import(${JSON.stringify(platformUrl)});
      const spec = ${JSON.stringify(spec("exec sleep 60", { run: "adopted" }))};
      const identity = await linuxPlatform().start(spec);
      process.stdout.write(JSON.stringify(identity), () => process.kill(process.pid, "SIGKILL"));`;
    const starter = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    starter.stdout.on("data", (part: Buffer) => {
      text += part;
    });
    await within(20_000, new Promise((resolve) => starter.once("close", resolve)));
    assert.equal(starter.signalCode, "SIGKILL");
    const found = platform.scan(folder).filter(({ run }) => run === "adopted");
    assert.deepEqual(found, [
      {
        ...{ target: "web/1", run: "adopted", identity: JSON.parse(text), leader: true },
        group: JSON.parse(text).pid,
      },
    ]);
    const identity = found[0]?.identity;
    assert.ok(identity);
    const ended = platform.ended(identity);
    assert.equal(platform.signalGroup(identity, "SIGKILL"), true);
    const killedAt = performance.now();
    assert.deepEqual(await within(5_000, ended), { code: null, signal: null, known: false });
    assert.ok(performance.now() - killedAt < 1_000, "it polls every 100 ms");
    const after = await within(5_000, platform.ended(identity));
    assert.deepEqual(after, { code: null, signal: null, known: false });
  });
});

const platformUrl = new URL("../../src/platforms/linux.ts", import.meta.url).href;

function memberOf(group: number): number | undefined {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)?.split(" ");
      if (stat?.[2] === String(group) && stat[0] !== "Z") return Number(name);
    } catch {
      // It has ended since the folder was read.
    }
  }
  return undefined;
}

function isUnmarked(pid: number | undefined): boolean {
  return !readFileSync(`/proc/${pid}/environ`, "utf8").includes("HOMEOSTAT");
}
