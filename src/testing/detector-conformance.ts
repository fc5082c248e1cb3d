// What every detector must keep to: a pure fold over plain data of bounded size, reasons included.
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import type { Detector, Finding } from "../detectors/detector.ts";
import { below } from "../kernel/random.ts";
import type { Reading } from "../model/reading.ts";
import { seeded } from "./seeded.ts";
import { isPlain, isSoundFinding } from "./sound.ts";

/** A reading, or a tick at this loop time in milliseconds. */
export type DetectorInput = Reading | number;

/** A detector, and readings whose meaning for it is known; the times of `well` follow on `ill`. */
export interface DetectorUnderTest {
  readonly detector: Detector;
  /** From `initial` these make it say sick. */
  readonly ill: readonly DetectorInput[];
  /** Those of a target that is well: after `ill`, and from `raised`, they make it say so. */
  readonly well: readonly DetectorInput[];
}

export type DetectorCheck = readonly [says: string, holds: (make: Make) => void];
type Make = () => DetectorUnderTest;

/** Each for itself; `make` gives a detector that has taken nothing in. */
export const detectorChecks: readonly DetectorCheck[] = [
  // First, for one that changes its own `initial` is another one after that.
  ["does not change what it is given", changesNothing],
  ["has a name, and begins with plain data", beginsPlain],
  ["finds its sickness, with a reason for people", findsSickness],
  ["finds that the sickness has passed, and says so", findsRecovery],
  ["finds nothing in a target that is well", leavesWellAlone],
  ["goes on from `raised` as if it had seen the sickness", goesOnFromRaised],
  ["gives the same answer to the same question", isPure],
  ["keeps nothing beside its state: targets may share it", isShared],
  ["reads no clock and throws no dice", takesNoTimeOrChance],
  ["goes on from a state that was copied or written down", survivesWriting],
  ["bears gaps, repeats, times out of order and what is no number", bearsOddities],
  ["holds a state of bounded size", staysSmall],
];

/** Registers the tests with node:test. */
export function detectorConformance(name: string, make: Make): void {
  describe(`${name} keeps to the detector contract`, () => {
    for (const [says, holds] of detectorChecks) it(says, () => holds(make));
  });
}

function take(
  detector: Detector,
  state: unknown,
  input: DetectorInput,
): readonly [unknown, Finding] {
  if (typeof input !== "number") return detector.observe(state, input);
  assert.ok(detector.tick, "ticks were given for a detector without `tick`");
  return detector.tick(state, input);
}

const timeOf = (input: DetectorInput): number => (typeof input === "number" ? input : input.atMs);

/** What was found at each input, and the state in the end. */
function feed(
  detector: Detector,
  from: unknown,
  inputs: readonly DetectorInput[],
): { readonly findings: readonly Finding[]; readonly state: unknown } {
  let state = from;
  const findings = inputs.map((input) => {
    const [next, finding] = take(detector, state, input);
    state = next;
    return finding;
  });
  return { findings, state };
}

function beginsPlain(make: Make): void {
  const { detector } = make();
  assert.match(detector.name, /\S/);
  isPlain(detector.initial, "initial");
  isPlain(detector.raised, "raised");
}

function findsSickness(make: Make): void {
  const { detector, ill } = make();
  const { findings, state } = feed(detector, detector.initial, ill);
  for (const finding of findings) isSoundFinding(finding);
  isPlain(state, "the state");
  const at = findings.findIndex((finding) => finding?.sick);
  const found = findings[at];
  assert.ok(found?.sick, "the readings of sickness made no finding");
  const [first, last] = [ill[0] ?? 0, ill[at] ?? 0].map(timeOf) as [number, number];
  const since = `since ${found.sinceMs}, seen from ${first} to ${last}`;
  assert.ok(found.sinceMs >= first && found.sinceMs <= last, since);
}

function findsRecovery(make: Make): void {
  const { detector, ill, well } = make();
  const { state } = feed(detector, detector.initial, ill);
  const { findings } = feed(detector, state, well);
  for (const finding of findings) isSoundFinding(finding);
  assert.equal(findings.find((finding) => finding)?.sick, false, "it does not say that it is over");
}

function leavesWellAlone(make: Make): void {
  const { detector, well } = make();
  const { findings } = feed(detector, detector.initial, well);
  assert.deepEqual(
    findings.filter((finding) => finding?.sick),
    [],
  );
}

function goesOnFromRaised(make: Make): void {
  const { detector, well } = make();
  const { findings } = feed(detector, detector.raised, well);
  const first = findings.find((finding) => finding);
  assert.equal(
    first?.sick,
    false,
    "the symptom would stand for ever after a restart of the daemon",
  );
}

function changesNothing(make: Make): void {
  const { detector, ill, well } = make();
  let state = detector.initial;
  for (const input of [...ill, ...well]) {
    const before = structuredClone({ state, input });
    const [next] = take(detector, state, input);
    assert.deepEqual({ state, input }, before, "it has changed what it was given");
    state = next;
  }
}

function isPure(make: Make): void {
  const { detector, ill, well } = make();
  let state = detector.initial;
  for (const input of [...ill, ...well]) {
    const answer = structuredClone(take(detector, structuredClone(state), input));
    const again = structuredClone(take(detector, structuredClone(state), input));
    assert.deepEqual(again, answer, "asked twice, it answers twice otherwise");
    state = answer[0];
  }
}

function isShared(make: Make): void {
  const alone = make();
  const inputs = [...alone.ill, ...alone.well];
  const expected = feed(alone.detector, alone.detector.initial, inputs).findings;
  const { detector } = make();
  const held: unknown[] = [detector.initial, detector.initial, detector.initial];
  const found: Finding[][] = [[], [], []];
  // Three targets, one a few readings behind the other.
  for (let turn = 0; turn < inputs.length + 4; turn++) {
    for (const [target, state] of held.entries()) {
      const input = inputs[turn - 2 * target];
      if (input === undefined) continue;
      const [next, finding] = take(detector, state, input);
      held[target] = next;
      found[target]?.push(finding);
    }
  }
  assert.deepEqual(found, [expected, expected, expected]);
}

function takesNoTimeOrChance(make: Make): void {
  const { detector, ill, well } = make();
  const refuse = (): never => assert.fail("time and chance come with the readings, or not at all");
  const held = [
    mock.method(Date, "now", refuse),
    mock.method(performance, "now", refuse),
    mock.method(Math, "random", refuse),
  ];
  try {
    feed(detector, detector.initial, [...ill, ...well]);
  } finally {
    for (const one of held) one.mock.restore();
  }
}

function survivesWriting(make: Make): void {
  const { detector, ill, well } = make();
  const inputs = [...ill, ...well];
  const expected = feed(detector, detector.initial, inputs).findings;
  const written = (state: unknown): unknown => JSON.parse(JSON.stringify(state)) as unknown;
  for (const copy of [structuredClone, written]) {
    let state = detector.initial;
    const findings = inputs.map((input) => {
      const [next, finding] = take(detector, copy(state), input);
      state = next;
      return finding;
    });
    assert.deepEqual(findings, expected);
  }
}

/** Readings of the kind's own, in an order and with times that no source would give them. */
function wild({ ill, well }: DetectorUnderTest, count: number): readonly DetectorInput[] {
  const random = seeded(7);
  const all = [...ill, ...well];
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0, 1e300];
  let nowMs = 0;
  return Array.from({ length: count }, (_, i) => {
    nowMs += [0, 1, 500, 1_000, 1_000, 60_000, 86_400_000][below(random, 7)] ?? 0;
    const atMs = random() < 0.1 ? Math.max(0, nowMs - 5_000) : nowMs;
    // Long runs of one mind, so that it falls ill and recovers many times.
    const from = random() < 0.2 ? all : i % 100 < 50 ? ill : well;
    const input = from[below(random, from.length)] ?? 0;
    if (typeof input === "number") return atMs;
    const value = random() < 0.1 ? (odd[below(random, odd.length)] ?? 0) : input.value;
    const note = random() < 0.1 ? { note: `note ${i}` } : {};
    return { ...input, ...note, value, atMs };
  });
}

function bearsOddities(make: Make): void {
  const made = make();
  const { findings, state } = feed(made.detector, made.detector.initial, wild(made, 2_000));
  for (const finding of findings) isSoundFinding(finding);
  isPlain(state, "the state");
}

function staysSmall(make: Make): void {
  const made = make();
  let state = made.detector.initial;
  const largest = { early: 0, late: 0 };
  for (const [i, input] of wild(made, 10_000).entries()) {
    state = take(made.detector, state, input)[0];
    if (i % 17 !== 0) continue;
    const half = i < 5_000 ? "early" : "late";
    largest[half] = Math.max(largest[half], JSON.stringify(state)?.length ?? 0);
  }
  const said = `${largest.early} characters in 5,000 readings, ${largest.late} in 10,000`;
  // Its numbers may grow by digits, not by entries.
  assert.ok(largest.late <= largest.early * 1.1 + 40, said);
}
