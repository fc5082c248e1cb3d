// The detector suite itself: a sound kind passes it, and each planted fault is caught by its check.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Detector, Finding } from "../detectors/detector.ts";
import { systemClock } from "../kernel/clock.ts";
import { type Reading, reading } from "../model/reading.ts";
import { type DetectorUnderTest, detectorChecks } from "./detector-conformance.ts";
import { failing } from "./planted.ts";

interface State {
  readonly full: number;
  readonly sinceMs: number;
  readonly raised: boolean;
}

const depth = { name: "queue.depth", unit: "count" } as const;

const depths = (fromMs: number, ...values: readonly number[]): readonly Reading[] =>
  values.map((value, i) => reading("worker/1", depth, value, fromMs + i * 1_000));

const underTest = (make: () => Detector) => (): DetectorUnderTest => ({
  detector: make(),
  ill: depths(5_000, 20, 150, 40, 150, 180, 210),
  well: depths(11_000, 60, 20, 5),
});

function sick(full: number, value: number, sinceMs: number, limit = 100): Finding {
  const text = `the queue held ${value} jobs, ${full} times in a row over ${limit}`;
  const why = { rule: "full-queue", text, value, limit, unit: "count" as const };
  return { sick: true, kind: "slow", why, sinceMs };
}

/** Sick when three readings in a row are over 100. */
function sound(): Detector<State> {
  const initial: State = { full: 0, sinceMs: 0, raised: false };
  return {
    name: "full-queue",
    initial,
    raised: { ...initial, raised: true },
    observe(state, { value, atMs }) {
      if (!Number.isFinite(value)) return [state, undefined];
      const over = state.raised ? ({ sick: false, text: "the queue drains" } as const) : undefined;
      if (value <= 100) return [{ ...initial }, over];
      const full = Math.min(3, state.full + 1);
      const sinceMs = state.full === 0 ? atMs : state.sinceMs;
      const raised = state.raised || full === 3;
      return [
        { full, sinceMs, raised },
        raised && !state.raised ? sick(full, value, sinceMs) : undefined,
      ];
    },
  };
}

type Observe = Detector<State>["observe"];

/** The sound one with another way to observe, which may ask the sound one. */
const observing = (make: (inner: Observe) => Observe) => (): Detector => {
  const inner = sound();
  return { ...inner, observe: make(inner.observe) };
};

/** The sound one with its findings changed. */
const telling = (change: (finding: NonNullable<Finding>, atMs: number) => Finding) =>
  observing((observe) => (state, seen) => {
    const [next, finding] = observe(state, seen);
    return [next, finding && change(finding, seen.atMs)];
  });

const changing = observing((observe) => (state, seen) => {
  const [next, finding] = observe(state, seen);
  return [Object.assign(state, next), finding];
});

const never = observing((observe) => (state, seen) => {
  const [next, finding] = observe(state, seen);
  return [next, finding?.sick ? undefined : finding];
});

const everySick = observing((observe) => (state, seen) => {
  const { value, atMs } = seen;
  if (!Number.isFinite(value) || state.raised) return observe(state, seen);
  return [{ full: 3, sinceMs: atMs, raised: true }, sick(3, value, atMs)];
});

const countingBeside = observing((observe) => {
  let full = 0;
  return (state, seen) => {
    const answer = observe({ ...state, full: Math.min(2, full) }, seen);
    full = seen.value > 100 ? full + 1 : 0;
    return answer;
  };
});

const lookingAtClock = observing((observe) => (state, seen) => {
  if (systemClock.now() < 0) return [state, undefined];
  return observe(state, seen);
});

const throwing = observing((observe) => (state, seen) => {
  assert.ok(seen.value >= 0, "a queue holds no negative number of jobs");
  return observe(state, seen);
});

const keepingAll = observing((observe) => (state, seen) => {
  const { all = "" } = state as State & { readonly all?: string };
  const [next, finding] = observe(state, seen);
  return [{ ...next, all: `${all},${seen.value}` } as State, finding];
});

/** Its state is no plain data, and a copy of it by way of JSON is another one. */
function mapped(): Detector {
  const inner = sound();
  const held = (state: State): Map<string, State> => new Map([["state", state]]);
  return {
    name: "mapped",
    initial: held(inner.initial),
    raised: held(inner.raised),
    observe(state, seen) {
      const was = state instanceof Map ? (state as Map<string, State>).get("state") : undefined;
      const [next, finding] = inner.observe(was ?? inner.initial, seen);
      return [held(next), finding];
    },
  };
}

/** Over the least that it has seen by 100; JSON writes the infinite number that it begins with as null. */
function aboveLeast(): Detector {
  type Least = State & { readonly least: number };
  const inner = sound();
  return {
    ...inner,
    initial: { ...inner.initial, least: Number.POSITIVE_INFINITY },
    raised: { ...inner.raised, least: Number.POSITIVE_INFINITY },
    observe(state, seen) {
      const least = Math.min(
        (state as Least).least,
        Number.isFinite(seen.value) ? seen.value : 1e9,
      );
      const [next, finding] = inner.observe(state as Least, seen);
      const limit = Math.max(0, least) + 100;
      if (!finding?.sick) return [{ ...next, least }, finding];
      return [{ ...next, least }, sick(next.full, seen.value, next.sinceMs, limit)];
    },
  };
}

const plain = "has a name, and begins with plain data";
const finds = "finds its sickness, with a reason for people";
const recovers = "finds that the sickness has passed, and says so";
const sober = "finds nothing in a target that is well";
const raised = "goes on from `raised` as if it had seen the sickness";
const constant = "does not change what it is given";
const same = "gives the same answer to the same question";
const shared = "keeps nothing beside its state: targets may share it";
const timeless = "reads no clock and throws no dice";
const written = "goes on from a state that was copied or written down";
const hardy = "bears gaps, repeats, times out of order and what is no number";
const bounded = "holds a state of bounded size";

const faults: Readonly<Record<string, readonly [() => Detector, ...caughtBy: string[]]>> = {
  "it has no name": [() => ({ ...sound(), name: "" }), plain],
  "it never finds anything": [never, finds],
  "its reason has no numbers": [
    telling((it) => (it.sick ? { ...it, why: { ...it.why, text: "too many jobs" } } : it)),
    ...[finds, hardy],
  ],
  "its sickness began after it was seen": [
    telling((it, atMs) => (it.sick ? { ...it, sinceMs: atMs + 1 } : it)),
    finds,
  ],
  "it never says that it is over": [
    telling((it) => (it.sick ? it : undefined)),
    ...[recovers, raised],
  ],
  "it takes each reading for a sickness": [everySick, sober],
  "`raised` is where it begins": [() => ({ ...sound(), raised: sound().initial }), raised],
  "it changes the state that it was given": [changing, constant, shared, written],
  "it counts beside its state": [countingBeside, same, shared],
  "it looks at the clock": [lookingAtClock, timeless],
  "its state is a map": [mapped, plain, finds, written, hardy],
  "its state holds an infinite number": [aboveLeast, written],
  "it throws at a number that it did not expect": [throwing, hardy, bounded],
  "it keeps all that it has seen": [keepingAll, bounded],
};

it("a sound detector passes", async () => {
  assert.deepEqual(await failing(detectorChecks, () => underTest(sound)), []);
});

for (const [fault, [make, ...caughtBy]] of Object.entries(faults)) {
  it(`the detector suite catches it: ${fault}`, async () => {
    const failed = await failing(detectorChecks, () => underTest(make));
    assert.deepEqual(failed.toSorted(), caughtBy.toSorted());
  });
}

it("each check of the detector suite has caught a fault", () => {
  const caught = new Set(Object.values(faults).flatMap(([, ...caughtBy]) => caughtBy));
  const idle = detectorChecks.map(([says]) => says).filter((says) => !caught.has(says));
  assert.deepEqual(idle, []);
});
