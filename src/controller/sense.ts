// Detect: readings go through the detectors of their target and come out as symptoms.
import type { Detector, Finding } from "../detectors/detector.ts";
import type { DecisionDraft, Event } from "../model/event.ts";
import type { Instance } from "../model/instance.ts";
import type { Policy } from "../model/policy.ts";
import { metrics, type Reading } from "../model/reading.ts";
import { isInstance, serviceOf, type Target } from "../model/target.ts";
import { put, type Senses, type State, type Table, without } from "./state.ts";

/** Which detector watches which metric of a service: made from the policy by `wiring/`. */
export interface DetectorRule {
  readonly name: string;
  readonly metric: string;
  readonly of: "instance" | "service";
  readonly detector: Detector;
}

export type RulesFor = (policy: Policy, service: string) => readonly DetectorRule[];

type Sensed = readonly [Senses, readonly DecisionDraft[]];

/** A tick this late means that the daemon itself was not running. */
const stallMs = 1_000;
const none: readonly DecisionDraft[] = [];

/** Takes one tick: its readings first, then the passing of time. */
export function sense(
  state: State,
  before: Senses,
  readings: readonly Reading[],
  nowMs: number,
  rulesFor: RulesFor,
): Sensed {
  const gapMs = before.lastTickMs === undefined ? 0 : nowMs - before.lastTickMs;
  const awakeMs = before.awakeMs + Math.min(gapMs, stallMs);
  let senses: Senses = { ...before, lastTickMs: nowMs, awakeMs };
  const drafts: DecisionDraft[] = [];
  for (const reading of readings) {
    const [next, found] = observe(state, senses, reading, nowMs, rulesFor);
    senses = next;
    drafts.push(...found);
  }
  const [after, quiet] = passTime(state, senses, nowMs, rulesFor);
  return [after, [...drafts, ...quiet]];
}

function observe(
  state: State,
  before: Senses,
  reading: Reading,
  nowMs: number,
  rulesFor: RulesFor,
): Sensed {
  const { target, metric } = reading;
  let senses = remember(before, reading);
  const instance = isInstance(target);
  if (instance && !speaksFor(state.instances[target], reading)) return [senses, none];
  const drafts: DecisionDraft[] = [];
  for (const rule of rulesFor(state.policy, serviceOf(target))) {
    if (rule.metric !== metric || (rule.of === "instance") !== instance) continue;
    const key = `${target}:${rule.name}`;
    const held = senses.detectors[key] ?? rule.detector.initial;
    // Detectors of absence live on awake time, so that a stalled daemon hears no silence.
    const heard = rule.detector.tick ? { ...reading, atMs: senses.awakeMs } : reading;
    const [next, finding] = rule.detector.observe(held, heard);
    senses = { ...senses, detectors: put(senses.detectors, key, next) };
    drafts.push(...toDrafts(state, key, target, finding, nowMs));
  }
  return [senses, drafts];
}

/** A reading counts for a process that is ready, and not when it was taken before that. */
function speaksFor(instance: Instance | undefined, reading: Reading): boolean {
  return instance?.state === "ready" && reading.atMs >= (instance.readyAtMs ?? 0);
}

function passTime(state: State, before: Senses, nowMs: number, rulesFor: RulesFor): Sensed {
  let senses = before;
  const drafts: DecisionDraft[] = [];
  for (const instance of Object.values(state.instances)) {
    if (instance.state !== "ready") continue;
    for (const rule of rulesFor(state.policy, serviceOf(instance.target))) {
      if (!rule.detector.tick || rule.of !== "instance") continue;
      const key = `${instance.target}:${rule.name}`;
      const held = senses.detectors[key] ?? rule.detector.initial;
      const [next, finding] = rule.detector.tick(held, senses.awakeMs);
      if (next !== held) senses = { ...senses, detectors: put(senses.detectors, key, next) };
      drafts.push(...toDrafts(state, key, instance.target, finding, nowMs));
    }
  }
  return [senses, drafts];
}

function remember(senses: Senses, reading: Reading): Senses {
  const { target, metric } = reading;
  const ofTarget: Table<Reading> = senses.latest[target] ?? {};
  const latest = put(senses.latest, target, put(ofTarget, metric, reading));
  const sick = metric === metrics.probe.name && reading.value <= 0;
  const lastSickMs = sick ? put(senses.lastSickMs, target, reading.atMs) : senses.lastSickMs;
  return { ...senses, latest, lastSickMs };
}

function toDrafts(
  state: State,
  key: string,
  target: Target,
  finding: Finding,
  nowMs: number,
): readonly DecisionDraft[] {
  if (!finding) return none;
  const active = key in state.symptoms;
  if (!finding.sick) {
    if (!active) return none;
    return [{ type: "symptom.cleared", subject: target, data: { key, text: finding.text } }];
  }
  if (active) return none;
  const { kind, why } = finding;
  const sinceMs = Math.min(finding.sinceMs, nowMs);
  const data = { key, target, kind, why, sinceMs, raisedAtMs: nowMs };
  return [{ type: "symptom.raised", subject: target, data }];
}

/** What an event makes the senses forget: whoever was cleared must be able to fall ill again. */
export function afterEvent(senses: Senses, event: Event): Senses {
  if (event.type === "daemon.started") {
    return { detectors: {}, latest: {}, lastSickMs: {}, lastTickMs: undefined, awakeMs: 0 };
  }
  if (event.type === "symptom.cleared") {
    const { key } = event.data;
    return { ...senses, detectors: without(senses.detectors, (other) => other === key) };
  }
  if (event.type !== "instance.exited" && event.type !== "instance.started") return senses;
  const target = event.subject;
  return {
    ...senses,
    detectors: without(senses.detectors, (key) => key.startsWith(`${target}:`)),
    latest: without(senses.latest, (key) => key === target),
    lastSickMs: without(senses.lastSickMs, (key) => key === target),
  };
}
