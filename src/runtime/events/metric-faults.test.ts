// The faults of the article's watch over CPU and luminol, each shown in an imitation, absent in ours.
import assert from "node:assert/strict";
import { it } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { keptInMemory, recoveryWorld } from "../../../test/support/recovery-world.ts";
import { every } from "../../kernel/clock.ts";
import { seeded } from "../../testing/seeded.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { createBus } from "./bus.ts";
import { type Judge, unusual } from "./judge-metric.ts";
import { watchMetric } from "./watch-metric.ts";

/** What luminol takes: values by their time. */
type Series = ReadonlyMap<number, number>;

const inTime = (values: readonly number[]): Series =>
  new Map(values.map((value, i) => [i * 5_000, value]));

/** So few points in a window, and its bitmap detector gives up. */
const leastInWindow = 50;

/** The AnomalyDetector of luminol, as far as the article meets it; the score of the last point. */
function luminol(series: Series, algorithm: "bitmap" | "default" = "bitmap"): number {
  // Whatever is neither a TimeSeries nor a dict is taken for the path of a file.
  if (!(series instanceof Map)) throw new TypeError("read_csv: expected a path, got a list");
  const values = [...series.values()];
  // The default algorithm; when it refuses for want of points the other one is taken, silently.
  if (algorithm === "bitmap" && values.length * 0.2 < leastInWindow) {
    return luminol(series, "default");
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length,
  );
  const lag = values.slice(-Math.ceil(values.length * 0.2));
  const average = lag.reduce((ema, value) => 0.2 * value + 0.8 * ema, lag[0] ?? 0);
  return Math.abs((values.at(-1) ?? 0) - average) / (deviation || 1);
}

const articleThreshold = 0.7;

/** About 40 of 100, with a deviation of 5. */
function ordinary(count: number, seed = 3): number[] {
  const random = seeded(seed);
  const roll = (): number => Array.from({ length: 12 }, random).reduce((a, b) => a + b) - 6;
  return Array.from({ length: count }, () => 40 + 5 * roll());
}

/** Whether the last of the values is bad. */
type Detect = (values: readonly number[]) => boolean;

const ours: Detect = (values) =>
  unusual()(values.at(-1) ?? 0, values.slice(0, -1).slice(-60)) !== undefined;

it("fault: luminol takes a dict or a TimeSeries, and is given a list", async () => {
  const imitation = (): Detect => (values) => {
    // @ts-expect-error here the compiler sees that a list is none
    return luminol(values) > articleThreshold;
  };
  const shows = /read_csv: expected a path, got a list/;
  await onlyOursHolds<Detect>({ imitation, ours: () => ours, shows }, (detect) => {
    const collected = [...ordinary(60), 99];
    assert.doesNotThrow(() => detect(collected));
    assert.equal(detect(collected), true);
  });
});

it("fault: the score is not from 0 to 1, so that a threshold of 0.7 is meaningless", async () => {
  const imitation = (): Detect => (values) => luminol(inTime(values)) > articleThreshold;
  const shows = /\d{3,} of 1000 ordinary values are called bad/;
  await onlyOursHolds<Detect>({ imitation, ours: () => ours, shows }, (detect) => {
    const values = ordinary(1_061);
    let bad = 0;
    for (let at = 61; at < values.length; at++) {
      if (detect(values.slice(at - 60, at + 1))) bad += 1;
    }
    assert.ok(bad <= 1, `${bad} of 1000 ordinary values are called bad`);
    assert.equal(detect([...values.slice(-60), 90]), true, "ten deviations off is bad");
  });
});

interface Watching {
  readonly clock: SimClock;
  /** How often it was told so far. */
  told(): number;
}

type Watch = (read: () => number) => Watching;

const ourWatch =
  (judge: Judge = unusual()): Watch =>
  (read) => {
    const clock = simClock();
    const bus = createBus({ clock });
    let told = 0;
    bus.subscribe("metric.cpu.failure", () => void told++);
    watchMetric({ bus, clock, name: "cpu", read, judge });
    return { clock, told: () => told };
  };

it("fault: nothing is scored until point 61", async () => {
  // A history of 60 points at 5 s each has to be full before anything is looked at.
  const imitation = (): Watch => (read) => {
    const clock = simClock();
    const history: number[] = [];
    let told = 0;
    void every(clock, 5_000, new AbortController().signal, () => {
      history.push(read());
      if (history.length <= 60) return;
      history.shift();
      if (ours(history)) told += 1;
    });
    return { clock, told: () => told };
  };
  const shows = /the CPU burns for a minute, and nobody is told/;
  await onlyOursHolds<Watch>({ imitation, ours: () => ourWatch(), shows }, async (watch) => {
    const values = [...ordinary(25), ...new Array(12).fill(99)];
    let at = 0;
    const { clock, told } = watch(() => values[Math.min(at++, values.length - 1)] ?? 0);
    await clock.advance(25 * 5_000);
    assert.equal(told(), 0);
    await clock.advance(12 * 5_000);
    assert.equal(told(), 1, "the CPU burns for a minute, and nobody is told");
  });
});

it("fault: 60 points are too few for the bitmap detector, which falls back to another", async () => {
  /** Sets a method up that needs so many points, on a history of 60. */
  type SetUp = (needs: number) => unknown;
  const imitation = (): SetUp => () => luminol(inTime(ordinary(60)), "bitmap");
  const watch: SetUp = (warmUp) => {
    const [clock, judge] = [simClock(), unusual({ warmUp })];
    const options = { bus: createBus({ clock }), clock, name: "cpu", read: () => 1, judge };
    return watchMetric(options);
  };
  const shows = /Missing expected exception: another method judges, and nobody is told/;
  await onlyOursHolds<SetUp>({ imitation, ours: () => watch, shows }, (setUp) => {
    const needs = leastInWindow / 0.2;
    const told = { code: "OPTION_INVALID", message: /needs 250 values before it.*pastMax is 60/ };
    assert.throws(() => setUp(needs), told, "another method judges, and nobody is told");
  });
  watch(60);
});

it("fault: start and detect sample the CPU twice", async () => {
  interface Sampling {
    readonly reads: number;
    readonly kept: readonly number[];
    readonly judged: readonly number[];
  }
  type Sample = (looks: number) => Promise<Sampling>;
  /** As cpu_percent(): the use since it was last asked, which is nothing when it was just asked. */
  const cpuPercent = (clock: SimClock) => {
    let askedAt = clock.now();
    let reads = 0;
    const read = (): number => {
      const sinceMs = clock.now() - askedAt;
      [askedAt, reads] = [clock.now(), reads + 1];
      return sinceMs === 0 ? 0 : 90 + reads;
    };
    return { read, reads: () => reads };
  };
  const imitation = (): Sample => async (looks) => {
    const clock = simClock();
    const { read, reads } = cpuPercent(clock);
    const [kept, judged]: number[][] = [[], []];
    const detect = (): void => void judged?.push(read());
    void every(clock, 5_000, new AbortController().signal, () => {
      kept?.push(read());
      detect();
    });
    await clock.advance(looks * 5_000);
    return { reads: reads(), kept: kept ?? [], judged: judged ?? [] };
  };
  const watch: Sample = async (looks) => {
    const judged: number[] = [];
    let kept: readonly number[] = [];
    let reads = (): number => 0;
    const judge: Judge = (value, past) => {
      judged.push(value);
      kept = [...past, value];
      return { text: "bad", limit: 0 };
    };
    let read = (): number => 0;
    const { clock } = ourWatch(judge)(() => read());
    ({ read, reads } = cpuPercent(clock));
    await clock.advance(looks * 5_000);
    return { reads: reads(), kept, judged };
  };
  const shows = /read 20 times for 10 looks/;
  await onlyOursHolds<Sample>({ imitation, ours: () => watch, shows }, async (sample) => {
    const { reads, kept, judged } = await sample(10);
    assert.equal(reads, 10, `read ${reads} times for 10 looks`);
    assert.deepEqual(judged, kept, "what is judged is what is kept");
    assert.ok(judged.every((value) => value > 90));
  });
});

it("fault: repeat_every is never imported", async () => {
  type Repeat = (clock: SimClock, work: () => void) => void;
  const original: Repeat = (_clock, work) => {
    // @ts-expect-error here the compiler sees that there is no such name
    repeatEvery({ seconds: 5 })(work);
  };
  const repeat: Repeat = (clock, work) =>
    void every(clock, 5_000, new AbortController().signal, work);
  const shows = /repeatEvery is not defined/;
  await onlyOursHolds<Repeat>(
    { imitation: () => original, ours: () => repeat, shows },
    async (start) => {
      const clock = simClock();
      let runs = 0;
      assert.doesNotThrow(() => start(clock, () => void runs++));
      await clock.advance(15_000);
      assert.equal(runs, 3);
    },
  );
});

it("fault: self_heal restarts the service that runs it, for ever", async () => {
  /** One life of 30 s, in which the metric is high all the time and a restart does not help. */
  type Live = (restarted: () => void) => Promise<void>;
  const imitation = (): Live => async (restarted) => {
    // Nothing is known of the life before: high CPU is healed at once, by the end of this life.
    const cpu = 0.99;
    if (cpu > articleThreshold) restarted();
  };
  const lives = (): Live => {
    const [kept, clock] = [keptInMemory(), simClock()];
    return async (restarted) => {
      const world = recoveryWorld({ kept, clock });
      const restartMe = ({ signal }: { readonly signal: AbortSignal }): Promise<never> => {
        restarted();
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      };
      const options = { endsProcess: true, verify: () => false, verifyMs: 5_000 };
      world.recovery.register("metric.cpu.failure", restartMe, options);
      world.fail("metric.cpu.failure", "cpu");
      await clock.advance(6_000);
      world.fail("metric.cpu.failure", "cpu");
      await clock.advance(24_000);
      await world.recovery.stop();
    };
  };
  const shows = /100 restarts in 100 lives/;
  await onlyOursHolds<Live>({ imitation, ours: lives, shows }, async (live) => {
    let restarts = 0;
    for (let life = 0; life < 100; life++) await live(() => void restarts++);
    assert.ok(restarts <= 8, `${restarts} restarts in 100 lives`);
    assert.ok(restarts >= 3, `only ${restarts} tries`);
  });
});
