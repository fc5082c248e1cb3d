// The spawner with real processes: it outlives daemons, keeps what they missed, and may die itself.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { ProcessIdentity } from "../../src/model/instance.ts";
import { linuxPlatform } from "../../src/platforms/linux.ts";
import type { Platform, StartSpec } from "../../src/platforms/platform.ts";
import { readStat } from "../../src/platforms/procfs.ts";
import { keepSpawner, type Spawner } from "../../src/platforms/spawner/spawner.ts";
import { platformConformance } from "../../src/testing/platform-conformance.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { eventually, within } from "../../src/testing/waiting.ts";
import { endMarked, markedBy } from "./support/marked.ts";

const entry = fileURLToPath(new URL("../../src/platforms/spawner/main.ts", import.meta.url));
const random = seeded(1);

/** One daemon's view of the spawner of `folder`. */
function daemon(folder: string): Spawner {
  return keepSpawner({
    clock: systemClock,
    random,
    log: silentLog,
    project: folder,
    socketPath: join(folder, "spawner.sock"),
    command: [process.execPath, "--conditions=source", entry],
    cwd: folder,
    env: { PATH: process.env.PATH ?? "" },
    logFile: join(folder, "spawner.log"),
  });
}

describe("the platform behind a spawner", () => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-spawner-"));
  const spawner = daemon(folder);
  before(() => spawner.boot());
  after(async () => {
    await spawner.stop();
    assert.deepEqual(markedBy(folder), []);
    rmSync(folder, { recursive: true });
  });
  platformConformance("linux with a spawner", () => linuxPlatform({ spawner }));
});

describe("the spawner", () => {
  let folder: string;
  let spawner: Spawner;
  let platform: Platform;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "homeostat-spawner-"));
    await take();
  });
  after(async () => {
    await spawner.stop();
    await endMarked(folder);
    rmSync(folder, { recursive: true });
  });

  /** A daemon comes up, as `wiring/lifecycle.ts` does it. */
  const take = async (): Promise<void> => {
    spawner = daemon(folder);
    platform = linuxPlatform({ spawner });
    await spawner.look();
    spawner.boot();
    await eventually("a spawner is joined", () => spawner.identity !== undefined);
  };
  const spec = (target: string, script: string, more: Partial<StartSpec> = {}): StartSpec => ({
    target,
    project: folder,
    run: `run of ${target}`,
    command: ["/bin/sh", "-c", script],
    cwd: folder,
    env: { PATH: "/usr/bin:/bin" },
    logFile: join(folder, "web.log"),
    ...more,
  });
  const parentOf = ({ pid }: ProcessIdentity): number | undefined => readStat(pid)?.ppid;

  it("is the parent, on a socket that only its owner can reach", async () => {
    const identity = await platform.start(spec("web/1", "exec sleep 60"));
    assert.equal(parentOf(identity), spawner.identity?.pid);
    assert.equal(statSync(join(folder, "spawner.sock")).mode & 0o777, 0o600);
    const [found] = platform.scan(folder).filter(({ target }) => target === "web/1");
    const group = identity.pid;
    assert.deepEqual(found, {
      target: "web/1",
      run: "run of web/1",
      identity,
      leader: true,
      group,
    });
  });

  it("starts no second process of an instance whose first one lives", async () => {
    const again = platform.start(spec("web/1", "exec sleep 60", { run: "another" }));
    await assert.rejects(again, /web\/1: it runs already as process \d+/);
    assert.equal(markedBy(folder).filter(({ target }) => target === "web/1").length, 1);
  });

  it("tells the next daemon how ended what nobody was watching, until it was written down", async () => {
    const quick = await platform.start(spec("quick/1", "sleep 0.3; exit 7"));
    const later = await platform.start(spec("later/1", "exec sleep 60"));
    const parent = spawner.identity;
    spawner.leave();
    await eventually("it has ended", () => !platform.alive(quick));
    await take();
    assert.deepEqual(spawner.identity, parent, "the spawner is still the same one");
    // A process that has ended may not have been reaped yet.
    await eventually("it was kept", () => platform.endOf?.(quick) !== undefined);
    const { agoMs = -1, ...kept } = platform.endOf?.(quick) ?? assert.fail("it was not kept");
    assert.deepEqual(kept, { code: 7, signal: null, known: true });
    assert.ok(agoMs >= 0 && agoMs < 60_000, `${agoMs}`);
    platform.acknowledge?.(quick);
    spawner.settle();
    const end = platform.ended(later);
    platform.signalGroup(later, "SIGTERM");
    assert.deepEqual(await within(5_000, end), { code: null, signal: "SIGTERM", known: true });
    spawner.leave();
    await take();
    assert.equal(platform.endOf?.(quick), undefined);
    assert.deepEqual(platform.endOf?.(later)?.signal, "SIGTERM", "it was not acknowledged");
    spawner.settle();
  });

  it("may die: services run on and are watched, another one takes its place", async () => {
    const identity = await platform.start(spec("orphan/1", "exec sleep 60"));
    const end = platform.ended(identity);
    const dead = spawner.identity?.pid ?? assert.fail();
    process.kill(dead, "SIGKILL");
    const next = await within(10_000, platform.start(spec("next/1", "exec sleep 60")));
    assert.equal(platform.alive(identity), true);
    await eventually("a new one is joined", () => (spawner.identity?.pid ?? dead) !== dead);
    assert.equal(parentOf(next), spawner.identity?.pid);
    platform.signalGroup(identity, "SIGKILL");
    assert.deepEqual(await within(5_000, end), { code: null, signal: null, known: false });
  });

  it("starts nothing twice when it dies over an order", async () => {
    for (let n = 0; n < 6; n++) {
      const target = `torn/${n}`;
      const pid = spawner.identity?.pid ?? assert.fail();
      // Stopped, so that the order is certainly on its way; half of them get to see it.
      process.kill(pid, "SIGSTOP");
      const started = platform.start(spec(target, "exec sleep 60"));
      if (n % 2 === 0) process.kill(pid, "SIGCONT");
      await systemClock.sleep(n);
      process.kill(pid, "SIGKILL");
      const identity = await within(10_000, started);
      await eventually("a new one is joined", () => (spawner.identity?.pid ?? pid) !== pid);
      const all = markedBy(folder).filter((one) => one.target === target);
      assert.deepEqual(
        all.map((one) => one.pid),
        [identity.pid],
      );
    }
  });

  it("leaves the path to one of another version, with its children", async () => {
    const identity = await platform.start(spec("kept/1", "exec sleep 60"));
    const end = platform.ended(identity);
    await spawner.stop();
    const path = join(folder, "spawner.sock");
    rmSync(path, { force: true });
    const orders: string[] = [];
    const other = createServer((socket) => {
      const hello = { kind: "hello", protocol: 99, identity };
      socket.write(`${JSON.stringify(hello)}\n`);
      socket.on("data", (line) => {
        orders.push(JSON.parse(String(line)).kind);
        other.close();
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => other.listen(path, resolve));
    await take();
    assert.deepEqual(orders, ["retire"]);
    assert.equal(platform.alive(identity), true);
    const adopted = platform.ended(identity);
    platform.signalGroup(identity, "SIGKILL");
    assert.equal((await within(5_000, adopted)).known, false);
    assert.equal((await within(5_000, end)).known, false);
  });

  it("ends with its last child once it is retired", async () => {
    const identity = await platform.start(spec("last/1", "exec sleep 60"));
    const pid = spawner.identity?.pid ?? assert.fail();
    const path = join(folder, "spawner.sock");
    spawner.leave();
    const successor = connect(path);
    successor.write('{"kind":"retire"}\n');
    await eventually("it has left the path", () => !existsSync(path));
    assert.ok(readStat(pid));
    await take();
    assert.notEqual(spawner.identity?.pid, pid);
    platform.signalGroup(identity, "SIGKILL");
    await eventually("it has ended", () => readStat(pid) === undefined);
  });
});
