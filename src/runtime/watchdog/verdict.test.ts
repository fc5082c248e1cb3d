// What is done about a loss, and which ends are none.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  FakeChild,
  FakeWorker,
  watchdogWorld,
} from "../../../test/process/support/watchdog-world.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Verdict } from "./policy.ts";
import { createWatchdog } from "./watchdog.ts";

const never = new Promise<never>(() => {});

describe("policies", () => {
  test("restart: in place, after a back-off, with a new object from the same maker", async () => {
    const { watch, clock, types, stopping } = watchdogWorld();
    const made: FakeWorker[] = [];
    const make = () => made[made.push(new FakeWorker().online()) - 1] ?? new FakeWorker();
    const entry = watch.worker("resize", make, "restart");
    made[0]?.die(1);
    assert.equal(entry.state, "restarting");
    assert.equal(made.length, 1);
    await clock.advance(500);
    assert.equal(entry.state, "running");
    assert.equal(made.length, 2);
    assert.equal(entry.restarts, 1);
    assert.deepEqual(types(), ["watchdog.lost", "watchdog.restarted"]);
    assert.deepEqual(stopping.causes, []);
  });

  test("restart: old restarts leave the budget, so that rare losses never use it up", async () => {
    const { watch, clock, stopping } = watchdogWorld();
    let last = new FakeWorker();
    const make = () => {
      last = new FakeWorker().online();
      return last;
    };
    const entry = watch.worker("resize", make, {
      policy: "restart",
      restart: { max: 2, windowMs: 60_000 },
    });
    for (let n = 0; n < 20; n++) {
      last.die(1);
      await clock.advance(40_000);
    }
    assert.equal(entry.restarts, 20);
    assert.deepEqual(stopping.causes, []);
  });

  test("restart: a maker that throws spends the budget too", async () => {
    const { watch, clock, stopping } = watchdogWorld();
    let tries = 0;
    const make = (): FakeWorker => {
      tries += 1;
      throw new Error("no memory");
    };
    const entry = watch.worker("resize", make, "restart");
    await clock.advance(600_000);
    assert.equal(entry.state, "given-up");
    assert.equal(tries, 6);
    assert.match(String(stopping.causes[0]), /could not be started: no memory/);
  });

  test("restart: one that hangs at its start is ended before the next is made", async () => {
    const { watch, clock } = watchdogWorld();
    const made: FakeWorker[] = [];
    const make = () => made[made.push(new FakeWorker()) - 1] ?? new FakeWorker();
    watch.worker("resize", make, { policy: "restart", startMs: 2_000 });
    await clock.advance(3_000);
    assert.equal(made.length, 2);
    assert.equal(made[0]?.terminated, 1);
  });

  test("restart: a loop is driven anew and the signal of the old one aborts", async () => {
    const { watch, clock } = watchdogWorld();
    const signals: AbortSignal[] = [];
    const start = (beat: () => void, signal: AbortSignal): void => {
      signals.push(signal);
      if (signals.length === 1) beat();
    };
    const loop = watch.loop("poll", { everyMs: 100, start }, "restart");
    await clock.advance(1_500);
    assert.equal(signals.length, 2);
    assert.equal(signals[0]?.aborted, true);
    assert.equal(signals[1]?.aborted, false);
    loop[Symbol.dispose]();
    assert.equal(signals[1]?.aborted, true);
  });

  test("a function decides; one that throws means die", async () => {
    const { watch, clock, stopping, said } = watchdogWorld();
    const [first, second, third] = [new FakeWorker(), new FakeWorker(), new FakeWorker()];
    const reasons: string[] = [];
    watch.worker("handled", first.online(), (loss) => void reasons.push(loss.reason));
    watch.worker("asked", second.online(), async (): Promise<Verdict> => "die");
    watch.worker("broken", third.online(), () => {
      throw new Error("no such policy");
    });
    first.die(7);
    await clock.advance(0);
    assert.deepEqual(reasons, ["exit code 7"]);
    assert.equal(stopping.causes.length, 0);
    third.die(1);
    await clock.advance(0);
    assert.equal(stopping.causes.length, 1);
    assert.ok(said("error").some((line) => line.includes("no such policy")));
    assert.equal(second.terminated, 0);
  });

  test("what can never work is refused at once", () => {
    const { watch } = watchdogWorld();
    const refused = (work: () => unknown, words: RegExp): void => {
      assert.throws(work, (error) => {
        assert.ok(error instanceof HomeostatError);
        assert.equal(error.code, "OPTION_INVALID");
        assert.match(error.message, words);
        return true;
      });
    };
    refused(() => watch.worker("w", new FakeWorker(), "restart"), /needs a function that makes it/);
    refused(() => watch.loop("l", { everyMs: 10 }, "restart"), /needs `start`/);
    refused(() => watch.loop("l", { everyMs: 0 }), /everyMs/);
    refused(() => watch.task("", () => never), /name/);
    refused(
      () => watch.task("t", () => never, { restart: { max: 100, windowMs: 60_000 } }),
      /never fall within windowMs/,
    );
    refused(() => createWatchdog({ policy: "revive" as never, outer: false }), /policy/);
    assert.equal(watch.list().length, 0);
  });

  test("without an app around it the process is ended with a code that is not 0", () => {
    const codes: number[] = [];
    const watch = createWatchdog({ outer: false, exit: (code) => void codes.push(code) });
    const worker = new FakeWorker().online();
    watch.worker("resize", worker);
    worker.die(0);
    assert.deepEqual(codes, [1]);
    watch[Symbol.dispose]();
  });
});

describe("ends that are no losses", () => {
  test("all ends while the app stops", async () => {
    const { watch, stopping, types, clock } = watchdogWorld();
    const [worker, child] = [new FakeWorker().online(), new FakeChild()];
    watch.worker("resize", worker);
    watch.child("ffmpeg", child);
    const loop = watch.loop("poll", { everyMs: 100 });
    loop.beat();
    watch.task(
      "consume",
      (signal) => new Promise((_, no) => (signal.onabort = () => no(signal.reason))),
    );
    stopping.stop();
    worker.die(1);
    child.exit(9);
    await clock.advance(10_000);
    assert.deepEqual(types(), []);
    assert.deepEqual(stopping.causes, []);
    assert.deepEqual(
      watch.list().map(({ id }) => id),
      ["poll#1"],
    );
  });

  test("what was untracked, and what was disposed of, with its signal", async () => {
    const { watch, types } = watchdogWorld();
    const worker = new FakeWorker().online();
    const entry = watch.worker("resize", worker);
    entry.untrack();
    worker.die(1);
    let aborted = false;
    const task = watch.task("consume", (signal) => {
      signal.onabort = () => {
        aborted = true;
      };
      return never;
    });
    task[Symbol.dispose]();
    assert.equal(aborted, true);
    assert.equal(entry.state, "untracked");
    assert.deepEqual(types(), []);
    assert.deepEqual(watch.list(), []);
    assert.equal(worker.listenerCount("exit") + worker.listenerCount("error"), 0);
  });

  test("a restart that is due when the app stops is not made", async () => {
    const { watch, clock, stopping } = watchdogWorld();
    let made = 0;
    const make = () => {
      made += 1;
      return new FakeWorker().online();
    };
    const workers: FakeWorker[] = [];
    watch.worker("resize", () => workers[workers.push(make()) - 1] ?? make(), "restart");
    workers[0]?.die(1);
    stopping.stop();
    await stopping.runSteps();
    await clock.advance(60_000);
    assert.equal(made, 1);
    assert.equal(clock.pending, 1);
  });

  test("what it made itself it ends when the app stops: politely, then for certain", async () => {
    const { watch, clock, stopping } = watchdogWorld();
    const [worker, good, bad, foreign] = [
      new FakeWorker().online(),
      new FakeChild(),
      new FakeChild(),
      new FakeChild(),
    ];
    bad.polite = false;
    watch.worker("resize", () => worker);
    watch.child("good", () => good);
    watch.child("bad", () => bad);
    watch.child("foreign", foreign);
    stopping.stop();
    const steps = stopping.runSteps();
    await clock.advance(2_999);
    assert.deepEqual(bad.signals, ["SIGTERM"]);
    await clock.advance(1);
    await steps;
    assert.deepEqual(bad.signals, ["SIGTERM", "SIGKILL"]);
    assert.deepEqual(good.signals, ["SIGTERM"]);
    assert.deepEqual(foreign.signals, []);
    assert.equal(worker.terminated, 1);
  });
});
