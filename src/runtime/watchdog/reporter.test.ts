// Reporters of the watchdog: they are told at intervals, and nothing they do ends the watch.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  FakeWorker,
  fakeStopping,
  watchdogWorld,
} from "../../../test/process/support/watchdog-world.ts";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";

const noOption = (): never => {
  throw new Error("No option 'cronitor_monitor_key' in section: 'app'");
};

test("fault: nanny dies when the cronitor option is missing", async () => {
  interface Watch {
    readonly clock: SimClock;
    /** Watches a thread of this name, which ends later. */
    watch(thread: FakeWorker): void;
    seen(): boolean;
  }
  // The nanny of pylib, T-4: what its reporter throws ends the thread that it runs in.
  const nanny = (): Watch => {
    const clock = simClock();
    let [isAlive, seen] = [true, false];
    const run = async (): Promise<void> => {
      for (;;) {
        seen ||= !isAlive;
        noOption();
        await clock.sleep(62_000);
      }
    };
    return {
      clock,
      watch: (thread) => {
        thread.on("exit", () => {
          isAlive = false;
        });
        // A thread that dies of an exception prints it, and that was that.
        run().catch(() => {});
      },
      seen: () => seen,
    };
  };
  const ours = (): Watch => {
    const reporters = [{ name: "cronitor", report: noOption }];
    const { clock, watch, stopping } = watchdogWorld({ reporters });
    return {
      clock,
      watch: (thread) => void watch.worker("relay", thread),
      seen: () => stopping.causes.length > 0,
    };
  };
  const shows = /the watch itself had died, and nobody saw the loss/;
  await onlyOursHolds<Watch>({ imitation: nanny, ours, shows }, async ({ clock, watch, seen }) => {
    const thread = new FakeWorker();
    watch(thread);
    thread.online();
    await clock.advance(600_000);
    assert.equal(seen(), false);
    thread.die(1);
    await clock.advance(600_000);
    assert.equal(seen(), true, "the watch itself had died, and nobody saw the loss");
  });
});

describe("reporters that fail", () => {
  test("a reporter that throws, rejects or hangs does not end the watch", async () => {
    let hung = 0;
    const reporters = [
      { name: "cronitor", report: noOption },
      { name: "rejects", report: () => Promise.reject(new Error("503")) },
      { name: "hangs", report: () => new Promise<never>(() => void hung++) },
    ];
    const world = watchdogWorld({ reporters });
    const loop = world.watch.loop("poll", { everyMs: 1_000 });
    loop.beat();
    await world.clock.advance(2_000);
    assert.equal(world.stopping.stopping, false);
    await world.clock.advance(2_000);
    assert.equal(world.stopping.causes.length, 1, "a loss is seen after the reporters failed");
    assert.deepEqual(world.said("warn"), [
      "watchdog reporter cronitor failed: No option 'cronitor_monitor_key' in section: 'app'",
      "watchdog reporter rejects failed: 503",
    ]);
    assert.equal(hung, 1);
  });

  test("a reporter that fails is named once, not once a minute, and told again when it works", async () => {
    let works = false;
    const rolls: unknown[] = [];
    const report = (roll: unknown): void => {
      if (!works) noOption();
      rolls.push(roll);
    };
    const { watch, clock, said } = watchdogWorld({ reporters: [{ name: "cronitor", report }] });
    watch.task("consume", () => new Promise<never>(() => {}), "ignore");
    watch.task("ends", async () => {}, "ignore");
    await clock.advance(3_600_000);
    assert.equal(said("warn").length, 1);
    works = true;
    await clock.advance(61_000);
    assert.deepEqual(rolls, [{ state: "fail", count: 1, missing: ["ends#1"] }]);
    assert.ok(said("info").includes("watchdog reporter cronitor works again"));
  });

  test("one that hangs is given up after 5 s and is never called twice at once", async () => {
    let running = 0;
    let most = 0;
    const report = async (_roll: unknown, signal: AbortSignal): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      running -= 1;
    };
    const { clock, said } = watchdogWorld({
      reporters: [{ name: "hangs", everyMs: 1_000, report }],
    });
    await clock.advance(60_000);
    assert.equal(most, 1);
    assert.equal(said("warn").length, 1);
    assert.match(said("warn")[0] ?? "", /hangs failed: no answer within 5000 ms/);
  });
});

test("a watchdog in the hands of its stopping app has nothing to report any more", async () => {
  const rolls: unknown[] = [];
  const stopping = fakeStopping();
  const reporters = [{ name: "cronitor", report: (roll: unknown) => void rolls.push(roll) }];
  const { clock } = watchdogWorld({ stopping, reporters });
  await clock.advance(61_000);
  assert.equal(rolls.length, 2);
  stopping.stop();
  await clock.advance(600_000);
  assert.equal(rolls.length, 2);
});
