// The watchdog: each kind of thing, each policy, ids and places, and what an end while stopping means.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";
import {
  FakeChild,
  FakeWorker,
  watchdogWorld,
} from "../../../test/process/support/watchdog-world.ts";
import { exitCode, HomeostatError } from "../../kernel/errors.ts";

const never = new Promise<never>(() => {});

describe("what is lost, and how it is known", () => {
  test("a worker that throws is lost with its error, in the turn in which it exits", () => {
    const { watch, stopping, told, clock } = watchdogWorld();
    const worker = new FakeWorker();
    const entry = watch.worker("resize", worker);
    assert.equal(entry.state, "pending");
    worker.online();
    assert.equal(entry.state, "running");
    const error = new Error("out of colours");
    worker.die(1, error);
    assert.equal(entry.state, "lost");
    assert.equal(clock.now(), 0);
    const [cause] = stopping.causes;
    assert.ok(cause instanceof HomeostatError);
    assert.equal(cause.cause, error);
    assert.match(cause.message, /^worker resize#1 was lost: out of colours, watched from /);
    assert.notEqual(exitCode(cause), 0);
    const { data } = told.at(-1) as { data: Record<string, unknown> };
    assert.equal(data.reason, "out of colours");
    assert.equal(data.expected, 1);
    assert.deepEqual(data.missing, ["resize#1"]);
  });

  test("a worker thread that ends with code 0 is lost as well: it was meant to go on", () => {
    const { watch, stopping } = watchdogWorld();
    const worker = new FakeWorker().online();
    watch.worker("resize", worker);
    worker.die(0);
    assert.equal(stopping.causes.length, 1);
  });

  test("a worker that was online before it was watched is running, one that has ended is lost", () => {
    const { watch } = watchdogWorld({ policy: "ignore" });
    const ended = new FakeWorker().online();
    ended.die(0);
    assert.equal(watch.worker("early", new FakeWorker().online()).state, "running");
    assert.equal(watch.worker("ended", ended).state, "lost");
  });

  test("a child is lost by a code, by a signal, and when it cannot be spawned", () => {
    const { watch, told } = watchdogWorld({ policy: "ignore" });
    const [coded, killed, absent] = [new FakeChild(), new FakeChild(), new FakeChild()];
    absent.pid = undefined;
    for (const child of [coded, killed, absent]) watch.child("ffmpeg", child);
    coded.exit(3);
    killed.exit(null, "SIGSEGV");
    absent.emit("error", new Error("spawn ffmpeg ENOENT"));
    const reasons = told.map(({ data }) => (data as { reason: string }).reason);
    assert.deepEqual(reasons, ["exit code 3", "ended by SIGSEGV", "spawn ffmpeg ENOENT"]);
  });

  test("an error of a child that lives, as of a message that cannot be sent, is no loss", () => {
    const { watch } = watchdogWorld();
    const child = new FakeChild();
    const entry = watch.child("ffmpeg", child);
    child.emit("error", new Error("EPIPE"));
    assert.equal(entry.state, "running");
  });

  test("a task is lost when it throws, rejects or simply ends", async () => {
    const { watch, clock, told } = watchdogWorld({ policy: "ignore" });
    watch.task("throws", () => {
      throw new Error("at once");
    });
    watch.task("rejects", () => Promise.reject(new Error("later")));
    watch.task("ends", async () => {});
    watch.task("goes on", () => never);
    await clock.advance(0);
    const reasons = told.map(({ data }) => (data as { reason: string }).reason);
    assert.deepEqual(reasons.toSorted(), ["at once", "ended", "later"]);
  });

  test("a server that does not listen is pending, then running, and lost when it closes", () => {
    const { watch, stopping } = watchdogWorld();
    const server = Object.assign(new EventEmitter(), { listening: false });
    const entry = watch.server("http", server);
    assert.equal(entry.state, "pending");
    server.emit("listening");
    assert.equal(entry.state, "running");
    server.emit("close");
    assert.match(String(stopping.causes[0]), /server http#1 was lost: closed/);
  });

  test("a consumer is lost by an error, and by other events when told which", () => {
    const { watch } = watchdogWorld({ policy: "ignore" });
    const [queue, cache] = [new EventEmitter(), new EventEmitter()];
    const first = watch.consumer("queue", queue);
    const second = watch.consumer("cache", cache, "ignore", { lostOn: ["end"] });
    queue.emit("error", new Error("heartbeat timeout"));
    assert.equal(first.state, "lost");
    cache.on("error", () => {});
    cache.emit("error", new Error("reconnecting"));
    assert.equal(second.state, "running");
    cache.emit("end");
    assert.equal(second.state, "lost");
    // What comes after the end is no exception and no second loss.
    queue.emit("error", new Error("late"));
    queue.emit("close");
    assert.equal(watch.list().length, 2);
  });

  test("a loop is lost when it misses its turns, and runs again when it beats again", async () => {
    const { watch, clock, types } = watchdogWorld({ policy: "ignore" });
    const loop = watch.loop("poll", { everyMs: 1_000, missed: 2 });
    assert.equal(loop.state, "pending");
    loop.beat();
    await clock.advance(1_999);
    assert.equal(loop.state, "running");
    await clock.advance(1);
    assert.equal(loop.state, "lost");
    await clock.advance(100_000);
    assert.deepEqual(types(), ["watchdog.lost"]);
    loop.beat();
    assert.equal(loop.state, "running");
  });

  test("a loop is not lost for time in which the whole process stood still", async () => {
    // A clock whose sleeps end when the test says so: late, as those of a blocked process.
    let now = 0;
    const sleeps: (() => void)[] = [];
    const sleep = () => new Promise<void>((wake) => void sleeps.push(wake));
    const turn = async (at: number): Promise<void> => {
      now = at;
      for (const wake of sleeps.splice(0)) wake();
      await new Promise((resolve) => setImmediate(resolve));
    };
    const clock = { now: () => now, wall: () => now, sleep };
    const { watch } = watchdogWorld({ clock, policy: "ignore" });
    const loop = watch.loop("poll", { everyMs: 1_000 });
    loop.beat();
    await turn(60_000);
    assert.equal(loop.state, "running");
    await turn(61_000);
    assert.equal(loop.state, "running");
    await turn(62_000);
    assert.equal(loop.state, "lost");
  });
});

describe("what is shown", () => {
  test("the place that handed a thing over, not one of the watchdog's own", () => {
    const { watch } = watchdogWorld();
    const startPool = () => watch.task("pool", () => never);
    assert.match(startPool().site, /^startPool \(.*watchdog\.test\.ts:\d+:\d+\)$/);
    const server = Object.assign(new EventEmitter(), { listening: true });
    assert.match(watch.server("http", server).site, /watchdog\.test\.ts:\d+/);
    assert.match(watch.loop("poll", { everyMs: 10 }).site, /watchdog\.test\.ts:\d+/);
  });

  test("states, restarts and the last loss of each entry", async () => {
    const { watch, clock } = watchdogWorld({ policy: "ignore" });
    const worker = new FakeWorker().online();
    watch.worker("resize", worker);
    watch.task("consume", () => never);
    await clock.advance(5_000);
    worker.die(2);
    const time = "2026-01-01T00:00:05.000Z";
    assert.partialDeepStrictEqual(watch.list(), [
      {
        id: "resize#1",
        kind: "worker",
        state: "lost",
        since: time,
        restarts: 0,
        lastLoss: { reason: "exit code 2", time },
      },
      { id: "consume#1", kind: "task", state: "running", since: "2026-01-01T00:00:00.000Z" },
    ]);
  });

  test("losses are counted per kind, at 0 from the start", () => {
    const { watch, metric } = watchdogWorld({ policy: "ignore" });
    assert.equal(metric("watchdog_lost{worker}"), 0);
    assert.equal(metric("watchdog_lost{loop}"), 0);
    const worker = new FakeWorker().online();
    watch.worker("resize", worker);
    assert.equal(metric("watchdog_watched"), 1);
    worker.die(1);
    assert.equal(metric("watchdog_lost{worker}"), 1);
    assert.equal(metric("watchdog_lost{loop}"), 0);
    assert.equal(metric("watchdog_missing"), 1);
  });

  test("its own turn beats for the outer watch, as often as that needs", async () => {
    let beats = 0;
    let over = false;
    const outer = {
      beatMs: 250,
      beat: () => void beats++,
      [Symbol.dispose]: () => {
        over = true;
      },
    };
    const { watch, clock } = watchdogWorld({ outer });
    await clock.advance(10_000);
    assert.ok(beats >= 40, `${beats} beats`);
    watch[Symbol.dispose]();
    const before = beats;
    await clock.advance(10_000);
    assert.equal(beats, before);
    assert.equal(over, true);
    assert.equal(clock.pending, 0);
  });
});
