// What every action must keep to: it does what it is asked, and its steps tell what it really did.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Action } from "../actions/action.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { silentLog } from "../kernel/log.ts";
import type { Intent, Risk } from "../model/action.ts";
import { type SimClock, simClock } from "./sim-clock.ts";
import { isSentence } from "./sound.ts";

/** Stands for one deed of the hands: told what is done, it takes simulated time, and may fail. */
export type Deed = (what: string) => Promise<void>;

export interface ActionUnderTest {
  /** The kind over fake hands, each of which waits for `deed` and fails when that fails. */
  readonly make: (deed: Deed) => Action;
  /** What it is asked to do; the same is asked several times, under other ids. */
  readonly intent: Intent;
}

export type ActionCheck = readonly [
  says: string,
  holds: (made: ActionUnderTest) => void | Promise<void>,
];

/** Each for itself. */
export const actionChecks: readonly ActionCheck[] = [
  ["declares traits that go together", declaresTraits],
  ["has the same traits whatever its hands, and before it ever ran", hasConstantTraits],
  ["does what it is asked, and tells its steps", doesAndTells],
  ["measures its steps by the clock that it is given", measures],
  ["tells a step as soon as it is over", tellsAtOnce],
  ["tells why a deed failed", tellsFailure],
  ["fails when all its deeds fail", failsAltogether],
  ["has ended when it says so", endsWhole],
  ["leaves it to others whether it may run", runsAlways],
  ["tells each of two that run at once its own steps", runsTwice],
  ["does not change what it is asked", changesNothing],
];

/** Registers the tests with node:test. */
export function actionConformance(name: string, made: ActionUnderTest): void {
  describe(`${name} keeps to the action contract`, () => {
    for (const [says, holds] of actionChecks) it(says, () => holds(made));
  });
}

const risks: Readonly<Record<Risk, true>> = { none: true, low: true, medium: true };

const reason = "the hand slipped";
const startMs = 1_000_000;
/** Much more than all deeds of a check take. */
const limitMs = 3_600_000;

interface Done {
  readonly what: string;
  readonly fromMs: number;
  toMs: number | undefined;
}

interface Bench {
  readonly clock: SimClock;
  readonly action: Action;
  readonly deeds: readonly Done[];
}

/** Deeds take 10, 20, 30 ms …; those fail of whose number `fails` says so, from 1. */
function open({ make }: ActionUnderTest, fails: (n: number) => boolean = () => false): Bench {
  const clock = simClock(startMs);
  const deeds: Done[] = [];
  const action = make(async (what) => {
    const one: Done = { what, fromMs: clock.now(), toMs: undefined };
    const n = deeds.push(one);
    await clock.sleep(10 * n);
    one.toMs = clock.now();
    if (fails(n)) throw new HomeostatError("SPAWN_FAILED", reason);
  });
  return { clock, action, deeds };
}

/** One run of an action, as whoever carries it out sees it. */
interface Run {
  readonly fromMs: number;
  readonly steps: { readonly text: string; readonly tookMs: number; readonly atMs: number }[];
  /** Absent while it runs; `failure` is absent when it resolved. */
  end?: { readonly atMs: number; readonly failure?: string };
  /** Deeds and sleeps that were under way when it ended, and what came after that. */
  readonly left: string[];
}

function begin({ clock, action, deeds }: Bench, intent: Intent): Run {
  const own: Run = { fromMs: clock.now(), steps: [], left: [] };
  const step = (text: string, tookMs: number): void => {
    if (own.end) own.left.push(`step: ${text}`);
    else own.steps.push({ text, tookMs, atMs: clock.now() });
  };
  const over = (end: { readonly failure?: string }): void => {
    own.end = { atMs: clock.now(), ...end };
    const open = deeds.filter(({ toMs }) => toMs === undefined);
    own.left.push(...open.map(({ what }) => `deed: ${what}`));
    if (clock.pending > 0) own.left.push(`${clock.pending} sleeps`);
  };
  const ctx = { signal: new AbortController().signal, clock, log: silentLog, step };
  const work = async (): Promise<void> => action.apply(intent, ctx);
  void work().then(
    () => over({}),
    (error: unknown) => over({ failure: messageOf(error) }),
  );
  return own;
}

/** What waits for nothing and has not ended by then never will. */
async function finish({ clock }: Bench, ...runs: readonly Run[]): Promise<void> {
  const over = (): boolean => runs.every(({ end }) => end);
  let idle = 0;
  while (!over() && idle < 100 && clock.now() < startMs + limitMs) {
    idle = clock.pending > 0 ? 0 : idle + 1;
    await clock.advance(10);
  }
  assert.ok(over(), "it does not end");
}

/** Runs it to its end, and looks for a while at what it does then. */
async function run(bench: Bench, intent: Intent): Promise<Run> {
  const own = begin(bench, intent);
  await finish(bench, own);
  const begun = bench.deeds.length;
  await bench.clock.advance(600_000);
  own.left.push(...bench.deeds.slice(begun).map(({ what }) => `deed: ${what}`));
  return own;
}

const texts = ({ steps }: Run): readonly string[] => steps.map(({ text }) => text);

function declaresTraits(made: ActionUnderTest): void {
  const { action } = open(made);
  const { risk, reversible, destructive } = action.traits;
  assert.match(action.name, /^[a-z][a-z-]*$/);
  assert.ok(risk in risks, `no risk is called ${risk}`);
  assert.deepEqual([typeof reversible, typeof destructive], ["boolean", "boolean"]);
  assert.ok(risk !== "low" || reversible, "a low risk is one that can be taken back");
  assert.ok(
    risk !== "none" || !destructive,
    "something is lost when a running process is taken away",
  );
}

async function hasConstantTraits(made: ActionUnderTest): Promise<void> {
  const unused = (): never => assert.fail("its facts were asked for, not its hands");
  const before = structuredClone(made.make(unused).traits);
  const bench = open(made, () => true);
  assert.deepEqual(bench.action.traits, before);
  await run(bench, made.intent);
  assert.deepEqual(bench.action.traits, before, "after it ran");
}

async function doesAndTells(made: ActionUnderTest): Promise<void> {
  const bench = open(made);
  const { end, steps } = await run(bench, made.intent);
  assert.equal(end?.failure, undefined);
  assert.ok(bench.deeds.length > 0, "it has done nothing");
  assert.ok(steps.length > 0, "a receipt without steps tells nobody what was done");
  for (const { text } of steps) isSentence(text);
}

async function measures(made: ActionUnderTest): Promise<void> {
  const { steps, fromMs, end } = await run(open(made), made.intent);
  const wholeMs = (end?.atMs ?? 0) - fromMs;
  for (const { text, tookMs } of steps) {
    const fits = Number.isInteger(tookMs) && tookMs >= 0 && tookMs <= wholeMs;
    assert.ok(fits, `${text}: ${tookMs} ms, of ${wholeMs} in whole milliseconds`);
  }
  assert.ok(
    steps.some(({ tookMs }) => tookMs > 0),
    "its deeds took time, its steps took none",
  );
}

async function tellsAtOnce(made: ActionUnderTest): Promise<void> {
  const bench = open(made);
  const { steps } = await run(bench, made.intent);
  if (bench.deeds.length < 2 || steps.length < 2) return;
  const lastMs = Math.max(...bench.deeds.map(({ toMs = 0 }) => toMs));
  assert.ok(
    steps.some(({ atMs }) => atMs < lastMs),
    "it keeps its steps back until all is done",
  );
}

async function tellsFailure(made: ActionUnderTest): Promise<void> {
  const bench = open(made);
  await run(bench, made.intent);
  for (const [i, { what }] of bench.deeds.entries()) {
    const broken = open(made, (n) => n === i + 1);
    const ran = await run(broken, made.intent);
    const told = [...texts(ran), ran.end?.failure ?? ""].join("\n");
    assert.ok(told.includes(reason), `"${what}" failed, and neither step nor error says why`);
  }
}

async function failsAltogether(made: ActionUnderTest): Promise<void> {
  const bench = open(made, () => true);
  const { end } = await run(bench, made.intent);
  assert.match(end?.failure ?? "it says that it is done", new RegExp(reason));
}

async function endsWhole(made: ActionUnderTest): Promise<void> {
  const bench = open(made);
  assert.deepEqual((await run(bench, made.intent)).left, []);
  for (const i of bench.deeds.keys()) {
    const broken = open(made, (n) => n === i + 1);
    const { left } = await run(broken, made.intent);
    assert.deepEqual(left, [], `when deed ${i + 1} fails`);
  }
}

async function runsAlways(made: ActionUnderTest): Promise<void> {
  const once = open(made);
  await run(once, made.intent);
  const expected = once.deeds.map(({ what }) => what);
  const bench = open(made, (n) => n === 1);
  // One that fails and six that do not, each at once after the last.
  for (const i of Array(7).keys()) {
    const begun = bench.deeds.length;
    await finish(bench, begin(bench, { ...made.intent, id: `A${i + 100}` }));
    const done = bench.deeds.slice(begun).map(({ what }) => what);
    if (i > 0) assert.deepEqual(done, expected, "the guards decide whether it may run, not it");
  }
}

async function runsTwice(made: ActionUnderTest): Promise<void> {
  const alone = await run(open(made), made.intent);
  const bench = open(made);
  const ids = ["A101", "A102"];
  const runs = ids.map((id) => begin(bench, { ...made.intent, id }));
  await finish(bench, ...runs);
  assert.deepEqual(runs.map(texts), [texts(alone), texts(alone)]);
}

async function changesNothing(made: ActionUnderTest): Promise<void> {
  for (const fails of [false, true]) {
    const intent = structuredClone(made.intent);
    const bench = open(made, () => fails);
    await run(bench, intent);
    assert.deepEqual(intent, made.intent);
  }
}
