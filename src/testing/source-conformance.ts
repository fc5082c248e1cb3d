// What every source must keep to: sound readings until its signal aborts, and nothing after that.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { messageOf } from "../kernel/errors.ts";
import { createLog, formatJson } from "../kernel/log.ts";
import type { Reading } from "../model/reading.ts";
import type { Source } from "../sources/source.ts";
import { type SimClock, simClock } from "./sim-clock.ts";
import { isSoundReading } from "./sound.ts";

/** Stands for one look at the world; it takes simulated time, or throws when the world is away. */
export type Look = () => void | Promise<void>;

export interface SourceUnderTest {
  /** The kind over a world that calls `look` whenever it is asked and waits for what that gives. */
  readonly make: (look: Look) => Source;
  /** Loop time, milliseconds, within which it has emitted for certain: at first, and ever again. */
  readonly emitsWithinMs: number;
  /** Whether it waits for its world; one that reads at once can neither be kept nor overtaken. */
  readonly waits: boolean;
}

export type SourceCheck = readonly [
  says: string,
  holds: (made: SourceUnderTest, skip: (why: string) => void) => void | Promise<void>,
];

/** Each for itself. */
export const sourceChecks: readonly SourceCheck[] = [
  ["has a name", isNamed],
  ["emits readings with a unit, and the time of the loop", emitsSoundly],
  ["goes on until its signal aborts", goesOn],
  ["asks one after the other, and does not go back in time", keepsOrder],
  ["ends at once when its signal aborts, and leaves nothing behind", ends],
  ["does nothing when its signal aborted before", neverBegins],
  ["emits nothing after its signal aborted while it was asking", endsWhileAsking],
  ["takes no data for no reading, and tells why there is none", tellsFailure],
  ["goes on when its world is back, or has ended with a reason", survivesFailure],
];

/** Registers the tests with node:test. */
export function sourceConformance(name: string, made: SourceUnderTest): void {
  describe(`${name} keeps to the source contract`, () => {
    for (const [says, holds] of sourceChecks) it(says, (t) => holds(made, (why) => t.skip(why)));
  });
}

const startMs = 1_000_000;
const reason = "the world is away";

interface Bench {
  readonly source: Source;
  readonly clock: SimClock;
  readonly emitted: readonly { readonly reading: Reading; readonly nowMs: number }[];
  /** What the log was told, one entry a line. */
  readonly lines: readonly string[];
  /** How many looks were taken, and the most that were under way at once. */
  readonly looks: { count: number; most: number };
  readonly stop: () => void;
  /** Starts it; what it has come to is told as it stands. */
  readonly start: () => { end?: { readonly failure?: string } };
}

/** `world` answers each look, the first with number 1. */
function open(
  { make }: SourceUnderTest,
  world: (n: number, clock: SimClock) => void | Promise<void> = () => {},
): Bench {
  const clock = simClock(startMs);
  const emitted: Bench["emitted"][number][] = [];
  const lines: string[] = [];
  const looks = { count: 0, most: 0 };
  const stop = new AbortController();
  let underWay = 0;
  const look: Look = () => {
    looks.count += 1;
    const answer = world(looks.count, clock);
    if (answer === undefined) return;
    underWay += 1;
    looks.most = Math.max(looks.most, underWay);
    return answer.finally(() => {
      underWay -= 1;
    });
  };
  const source = make(look);
  const write: Parameters<typeof createLog>[0]["write"] = (entry) => lines.push(formatJson(entry));
  const log = createLog({ level: "debug", wall: clock.wall, write });
  const emit = (readings: readonly Reading[]): void => {
    const nowMs = clock.now();
    emitted.push(...readings.map((reading) => ({ reading, nowMs })));
  };
  const start: Bench["start"] = () => {
    const own: ReturnType<Bench["start"]> = {};
    const work = async (): Promise<void> => source.start({ signal: stop.signal, clock, log, emit });
    const ended = (failure?: string): void => {
      own.end = failure === undefined ? {} : { failure };
    };
    void work().then(
      () => ended(),
      (error: unknown) => ended(messageOf(error)),
    );
    return own;
  };
  return { source, clock, emitted, lines, looks, stop: () => stop.abort(), start };
}

function isNamed(made: SourceUnderTest): void {
  assert.match(open(made).source.name, /\S/);
}

async function emitsSoundly(made: SourceUnderTest): Promise<void> {
  const bench = open(made);
  const run = bench.start();
  await bench.clock.advance(made.emitsWithinMs);
  assert.equal(run.end, undefined, `it has ended: ${run.end?.failure}`);
  assert.ok(bench.emitted.length > 0, `it has emitted nothing in ${made.emitsWithinMs} ms`);
  for (const { reading, nowMs } of bench.emitted) isSoundReading(reading, startMs, nowMs);
  bench.stop();
}

async function goesOn(made: SourceUnderTest): Promise<void> {
  const bench = open(made);
  const run = bench.start();
  for (let turn = 1; turn <= 20; turn++) {
    const before = bench.emitted.length;
    await bench.clock.advance(made.emitsWithinMs);
    assert.ok(bench.emitted.length > before, `it has fallen silent after ${turn - 1} turns`);
  }
  assert.equal(run.end, undefined);
  bench.stop();
}

/** Answers take from no time to three times as long as it may take to emit. */
async function keepsOrder(made: SourceUnderTest): Promise<void> {
  const slow = (n: number, clock: SimClock): Promise<void> =>
    clock.sleep(((n * 7) % 10) * 0.3 * made.emitsWithinMs);
  const bench = open(made, made.waits ? slow : undefined);
  bench.start();
  await bench.clock.advance(made.emitsWithinMs * 30);
  bench.stop();
  assert.ok(bench.looks.count > 3, "it has stopped asking");
  assert.ok(bench.looks.most <= 1, `${bench.looks.most} looks were under way at once`);
  const latest = new Map<string, number>();
  for (const { reading } of bench.emitted) {
    const { target, metric, atMs } = reading;
    const key = `${target} ${metric}`;
    const lastMs = latest.get(key) ?? startMs;
    assert.ok(atMs >= lastMs, `${key} is of ${atMs} after one of ${lastMs}`);
    latest.set(key, atMs);
  }
}

async function ends(made: SourceUnderTest): Promise<void> {
  const bench = open(made);
  const run = bench.start();
  await bench.clock.advance(made.emitsWithinMs * 2.5);
  await isOver(bench, run);
}

/** Nothing is under way now, so that no time is needed to end. */
async function isOver(bench: Bench, run: ReturnType<Bench["start"]>): Promise<void> {
  const { clock, emitted, looks } = bench;
  const before = { emitted: emitted.length, looks: looks.count };
  bench.stop();
  await clock.advance(0);
  assert.deepEqual(run.end, {}, "it resolves when its signal aborts");
  assert.equal(clock.pending, 0, "it has left a sleep");
  await clock.advance(3_600_000);
  assert.deepEqual({ emitted: emitted.length, looks: looks.count }, before, "it goes on");
}

async function neverBegins(made: SourceUnderTest): Promise<void> {
  const bench = open(made);
  bench.stop();
  await isOver(bench, bench.start());
}

async function endsWhileAsking(made: SourceUnderTest, skip: (why: string) => void): Promise<void> {
  if (!made.waits) return skip("it reads at once");
  const answers: (() => void)[] = [];
  // The first answers come at once, so that it knows what to compare a later one with.
  const world = (n: number): Promise<void> | undefined =>
    n <= 3 ? undefined : new Promise((resolve) => answers.push(resolve));
  const bench = open(made, world);
  const run = bench.start();
  for (let turn = 0; turn < 20 && answers.length === 0; turn++) {
    await bench.clock.advance(made.emitsWithinMs);
  }
  assert.ok(answers.length > 0, "it has stopped asking");
  const before = bench.emitted.length;
  bench.stop();
  await bench.clock.advance(0);
  for (const answer of answers) answer();
  await bench.clock.advance(0);
  assert.equal(bench.emitted.length, before, "what came too late was emitted all the same");
  await isOver(bench, run);
}

/** Away between the fourth look and the ninth. */
const away = (n: number): void => {
  if (n > 3 && n < 10) throw new Error(reason);
};

async function tellsFailure(made: SourceUnderTest): Promise<void> {
  const bench = open(made, (n) => {
    if (n > 3) throw new Error(reason);
  });
  const run = bench.start();
  for (let turn = 0; turn < 20 && bench.looks.count <= 3; turn++) {
    await bench.clock.advance(made.emitsWithinMs / 4);
  }
  const before = bench.emitted.length;
  await bench.clock.advance(made.emitsWithinMs * 5);
  assert.equal(bench.emitted.length, before, "it emits although it has seen nothing");
  const told = [...bench.lines, run.end?.failure ?? ""].join("");
  assert.ok(told.includes(reason), "neither the log nor its end says why there are no readings");
  bench.stop();
}

async function survivesFailure(made: SourceUnderTest): Promise<void> {
  const bench = open(made, away);
  const run = bench.start();
  for (let turn = 0; turn < 40 && bench.looks.count < 10; turn++) {
    await bench.clock.advance(made.emitsWithinMs);
  }
  const before = bench.emitted.length;
  await bench.clock.advance(made.emitsWithinMs * 2);
  const lives = bench.emitted.length > before;
  assert.ok(lives || run.end?.failure?.includes(reason), "it has fallen silent and says nothing");
  bench.stop();
}
