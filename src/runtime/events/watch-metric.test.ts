// A watched metric: when it is told, how often, and how it closes the loop with a recovery.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keptInMemory, recoveryWorld } from "../../../test/support/recovery-world.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { AppEvent } from "../parts/bus.ts";
import { createBus } from "./bus.ts";
import { above, below, type Judge, unusual } from "./judge-metric.ts";
import type { MetricTold, MetricWatchOptions } from "./metric-options.ts";
import { healMetric, watchMetric } from "./watch-metric.ts";

function world(options: Partial<MetricWatchOptions> = {}, clock = simClock()) {
  const bus = createBus({ clock });
  const heard: AppEvent[] = [];
  bus.subscribe("**", (event) => void heard.push(event));
  const metric = { value: 10 as number | undefined, reads: 0 };
  const read = (): number | undefined => {
    metric.reads += 1;
    return metric.value;
  };
  const judge: Judge = above(50);
  const watched = watchMetric({ bus, clock, name: "queue", read, judge, ...options });
  return { clock, bus, heard, metric, watched };
}

describe("a watched metric", () => {
  it("is told after three bad looks, with value, limit and past; one sample for each look", async () => {
    const { clock, heard, metric, watched } = world();
    await clock.advance(20_000);
    assert.equal(metric.reads, 4);
    assert.equal(watched.state, "good");
    metric.value = 80;
    await clock.advance(10_000);
    assert.equal(heard.length, 0);
    await clock.advance(5_000);
    assert.equal(watched.state, "bad");
    assert.equal(watched.reason, "80 is above 50");
    const [event] = heard;
    assert.equal(event?.type, "metric.queue.failure");
    assert.equal(event?.source, "queue");
    assert.equal(event?.severity, "critical");
    const past = [10, 10, 10, 10, 80, 80];
    const told = { value: 80, limit: 50, text: "80 is above 50", past, forMs: 10_000 };
    assert.deepEqual(event?.data as MetricTold, told);
    watched[Symbol.dispose]();
    await clock.advance(600_000);
    assert.equal(heard.length, 1);
    assert.equal(metric.reads, 7);
  });

  it("one bad look, and one good one among bad ones, change nothing", async () => {
    const { clock, heard, metric, watched } = world();
    for (const value of [80, 80, 10, 80, 80, 10]) {
      metric.value = value;
      await clock.advance(5_000);
    }
    assert.equal(heard.length, 0);
    metric.value = 80;
    await clock.advance(15_000);
    metric.value = 10;
    await clock.advance(10_000);
    assert.equal(watched.state, "bad");
    await clock.advance(5_000);
    assert.equal(watched.state, "good");
  });

  it("that stays bad is told again, each time after twice as long", async () => {
    const { clock, heard, metric } = world();
    const at: number[] = [];
    metric.value = 80;
    for (let s = 0; s < 1_000; s += 5) {
      const before = heard.length;
      await clock.advance(5_000);
      if (heard.length > before) at.push(s);
    }
    assert.deepEqual(at, [10, 70, 190, 430, 910]);
  });

  it("good for five minutes, it is told at once the next time", async () => {
    const { clock, heard, metric } = world();
    for (const [value, seconds] of [
      [80, 100],
      [10, 330],
      [80, 15],
    ] as const) {
      metric.value = value;
      await clock.advance(seconds * 1_000);
    }
    assert.equal(heard.length, 3);
  });

  it("no value is neither good nor bad; a reader that throws is told of once", async () => {
    const { clock, heard, metric, watched } = world();
    metric.value = undefined;
    await clock.advance(60_000);
    metric.value = Number.NaN;
    await clock.advance(60_000);
    assert.equal(heard.length, 0);
    assert.equal(watched.state, "no-value");
    assert.equal(await watched.isGood(), false);
  });

  it("looks never overlap, and missed ones are not caught up", async () => {
    const clock = simClock();
    let reads = 0;
    const read = async (): Promise<number> => {
      reads += 1;
      await clock.sleep(12_000);
      return 1;
    };
    const { watched } = world({ read }, clock);
    await clock.advance(60_000);
    assert.equal(reads, 4);
    assert.equal(watched.value, 1);
  });

  it("a restart of the process does not make it tell sooner", async () => {
    const kept = keptInMemory();
    const clock = simClock();
    let told = 0;
    for (let life = 0; life < 60; life++) {
      const { heard, metric, watched } = world({ kept }, clock);
      metric.value = 80;
      await clock.advance(30_000);
      told += heard.length;
      watched[Symbol.dispose]();
    }
    assert.ok(told <= 5, `${told} times in 30 minutes and 60 lives`);
  });

  it("refuses numbers that cannot be, and ends with the app", async () => {
    assert.throws(() => world({ everyMs: 0, badLooks: Number.NaN }), /everyMs, badLooks must be/);
    const app = new AbortController();
    const { clock, metric } = world({ stopping: { signal: app.signal } });
    app.abort();
    await clock.advance(60_000);
    assert.equal(metric.reads, 0);
  });
});

describe("judges", () => {
  it("above and below leave the limit itself in peace", () => {
    assert.equal(above(5)(5, []), undefined);
    assert.equal(below(5)(5, []), undefined);
    assert.equal(below(5)(4.99, [])?.text, "4.99 is below 5");
  });

  it("unusual raises none of 10,000 ordinary values and all that are far off", () => {
    const random = seeded(3);
    const normal = (): number => {
      const radius = Math.sqrt(-2 * Math.log(1 - random()));
      return 100 + 5 * radius * Math.cos(2 * Math.PI * random());
    };
    const judge = unusual();
    let past: number[] = [];
    let raised = 0;
    for (let i = 0; i < 10_000; i++) {
      const value = normal();
      if (judge(value, past)) raised += 1;
      past = [...past, value].slice(-60);
    }
    // Six deviations of sixty values: a handful at most, never three in a row.
    assert.ok(raised <= 3, `${raised}`);
    assert.ok(judge(160, past));
    assert.ok(judge(40, past));
    assert.equal(unusual({ side: "high" })(40, past), undefined);
    assert.match(judge(160, past)?.text ?? "", /^160 is \d+\.\d deviations from the usual \d+/);
  });

  it("unusual says nothing before it has seen enough, and bears a past without any spread", () => {
    const flat = new Array(20).fill(3);
    assert.equal(unusual()(1_000, flat.slice(1)), undefined);
    assert.equal(unusual()(3.1, flat), undefined);
    assert.ok(unusual()(4, flat));
    assert.ok(unusual()(1, new Array(20).fill(0)));
    assert.throws(() => unusual({ score: 0 }), { code: "OPTION_INVALID" });
  });
});

describe("a single process closes the loop", () => {
  it("metric, recovery, and the metric proves that it helped", async () => {
    const one = recoveryWorld();
    let queue = 10;
    let drains = 0;
    const drain = (): void => {
      drains += 1;
      if (drains === 2) queue = 5;
    };
    const options = { name: "queue", read: () => queue, judge: above(50) };
    const { bus, clock, recovery } = one;
    const watched = healMetric({ bus, clock, ...options }, recovery, drain);
    await clock.advance(60_000);
    queue = 90;
    await clock.advance(15_000);
    assert.equal(drains, 1);
    await clock.advance(35_000);
    const first = one.last("recovery_failed");
    assert.match(first.error ?? "", /it did not help: the question was answered no/);
    await clock.advance(60_000);
    assert.equal(drains, 2);
    assert.equal(one.said().at(-1), "recovered");
    assert.equal(watched.state, "good");
    watched[Symbol.dispose]();
    queue = 90;
    await clock.advance(600_000);
    assert.equal(drains, 2);
  });
});
