// Detect: readings go through the detectors of their target and come out as symptoms.
import type { Detector, Finding } from "../detectors/detector.ts";
import type { DecisionDraft, Event } from "../model/event.ts";
import type { Instance } from "../model/instance.ts";
import type { Policy } from "../model/policy.ts";
import { metrics, type Reading } from "../model/reading.ts";
import { metricOf } from "../model/series.ts";
import { isInstance, serviceOf, type Target } from "../model/target.ts";
import { processRules } from "./processes.ts";
import { emptySenses, type Senses, type State, type Table, without } from "./state.ts";
import { steady } from "./steady.ts";

/** Which detector watches which metric of a service: made from the policy by `wiring/`. */
export interface DetectorRule {
  readonly name: string;
  readonly metric: string;
  readonly of: "instance" | "service";
  readonly detector: Detector;
  /** A second metric that it needs to judge the first, such as a limit that has one of its own. */
  readonly beside?: string;
  /** Each series of the metric has a state and a symptom of its own; their keys end in its labels. */
  readonly labelled?: true;
}

export type RulesFor = (policy: Policy, service: string) => readonly DetectorRule[];

/** A step this late means that the daemon itself was not running. */
const stallMs = 1_000;

/** One tick under way: its tables are its own until it is over, and copied when they are written to. */
interface Look {
  readonly before: Senses;
  readonly state: State;
  readonly rulesFor: RulesFor;
  readonly nowMs: number;
  readonly awakeMs: number;
  readonly subjects: Map<Target, Subject>;
  detectors?: Record<string, unknown>;
  latest?: Record<string, Table<Reading>>;
  lastSickMs?: Record<string, number>;
  /** Keys of the symptoms that stand at this point of the tick. */
  readonly active: Set<string>;
  readonly drafts: DecisionDraft[];
}

/** What is the same for all readings of one target in a tick. */
interface Subject {
  readonly target: Target;
  readonly isInstance: boolean;
  /** What the gateway answers in its place says nothing about a degraded service. */
  readonly isMuted: boolean;
  readonly rules: readonly DetectorRule[];
  readonly latest: Record<string, Reading>;
}

/** Notices at every step whether the daemon was away: what it did not see is not held to anyone. */
export function notice(senses: Senses, nowMs: number): Senses {
  const { lastTickMs } = senses;
  if (lastTickMs === undefined || nowMs - lastTickMs <= stallMs) return senses;
  return { ...senses, awakeSinceMs: nowMs };
}

/** Takes one tick: its readings first, then the passing of time. */
export function sense(
  state: State,
  before: Senses,
  readings: readonly Reading[],
  nowMs: number,
  rulesFor: RulesFor,
): readonly [Senses, readonly DecisionDraft[]] {
  const gapMs = before.lastTickMs === undefined ? 0 : nowMs - before.lastTickMs;
  const awakeMs = before.awakeMs + Math.min(gapMs, stallMs);
  const look: Look = {
    ...{ before, state, rulesFor, nowMs, awakeMs, subjects: new Map(), drafts: [] },
    active: new Set(Object.keys(state.symptoms)),
  };
  for (const reading of readings) observe(look, reading);
  passTime(look);
  dropUnwatched(look);
  const { detectors, latest, lastSickMs } = { ...before, ...look };
  return [{ ...before, detectors, latest, lastSickMs, lastTickMs: nowMs, awakeMs }, look.drafts];
}

function observe(look: Look, reading: Reading): void {
  const { state, awakeMs } = look;
  const { target, metric } = reading;
  const subject = look.subjects.get(target) ?? meet(look, target);
  remember(look, subject, reading);
  const { isInstance } = subject;
  if (isInstance && !speaksFor(state.instances[target], reading)) return;
  if (subject.isMuted) return;
  for (const rule of subject.rules) {
    if ((rule.of === "instance") !== isInstance) continue;
    const series = seriesOf(rule, metric);
    if (series === undefined) continue;
    // Detectors of absence live on awake time, so that a stalled daemon hears no silence.
    const heard = rule.detector.tick ? { ...reading, atMs: awakeMs } : reading;
    const key = `${target}:${rule.name}${series}`;
    apply(look, target, rule, key, (held) => rule.detector.observe(held, heard));
  }
}

/** The labels by which a rule tells this metric from others that it hears; undefined: it hears it not. */
function seriesOf({ metric, beside, labelled }: DetectorRule, heard: string): string | undefined {
  if (heard === metric || heard === beside) return "";
  if (!labelled || !heard.startsWith(`${metric}{`)) return undefined;
  return heard.slice(metric.length);
}

function meet(look: Look, target: Target): Subject {
  const { before, state } = look;
  const service = serviceOf(target);
  const subject = {
    target,
    isInstance: isInstance(target),
    isMuted: target in state.degraded || service in state.held,
    rules: look.rulesFor(state.policy, service),
    latest: { ...before.latest[target] },
  };
  look.latest ??= { ...before.latest };
  look.latest[target] = subject.latest;
  look.subjects.set(target, subject);
  return subject;
}

/**
 * A reading counts for a process that is ready, and not when it was taken before that. Whether it
 * lives is asked from the end of its start on; whether it is ready, once it has been.
 */
function speaksFor(instance: Instance | undefined, { metric, atMs }: Reading): boolean {
  if (instance?.state === "ready") return atMs >= (instance.readyAtMs ?? 0);
  if (instance?.state !== "starting" || atMs < (instance.liveAtMs ?? atMs + 1)) return false;
  if (metric === metrics.probeReady.name) return instance.readyAtMs !== undefined;
  return metric === metrics.probe.name;
}

/** The detectors of absence of the ready instances that nobody has stopped. */
const listening = steady(({ instances, policy, held }, rulesFor: RulesFor) =>
  Object.values(instances).flatMap(({ state, target }) => {
    const service = serviceOf(target);
    if (state !== "ready" || service in held) return [];
    return rulesFor(policy, service)
      .filter((rule) => rule.detector.tick && rule.of === "instance")
      .map((rule) => ({ target, rule, key: `${target}:${rule.name}` }));
  }),
);

function passTime(look: Look): void {
  const { state, rulesFor, awakeMs } = look;
  for (const { target, rule, key } of listening(state, rulesFor)) {
    const { detector } = rule;
    apply(look, target, rule, key, (held) => detector.tick?.(held, awakeMs) ?? [held, undefined]);
  }
}

/** A symptom whose rule is no longer in the config has nobody who could clear it. */
function dropUnwatched(look: Look): void {
  const { state, active, drafts } = look;
  for (const { key, target } of Object.values(state.symptoms)) {
    const name = metricOf(key.slice(target.length + 1));
    if (processRules.has(name) || !active.has(key)) continue;
    const rules = look.rulesFor(state.policy, serviceOf(target));
    if (rules.some((rule) => rule.name === name)) continue;
    const data = { key, text: "it is no longer watched" };
    drafts.push({ type: "symptom.cleared", subject: target, data });
  }
}

function remember(look: Look, { latest, target }: Subject, reading: Reading): void {
  const { metric, value, atMs } = reading;
  latest[metric] = reading;
  if (metric !== metrics.probe.name || value > 0) return;
  look.lastSickMs ??= { ...look.before.lastSickMs };
  look.lastSickMs[target] = atMs;
}

/** Lets one detector take something in, and makes a draft of what it found. */
function apply(
  look: Look,
  target: Target,
  { detector }: DetectorRule,
  key: string,
  take: (held: unknown) => readonly [unknown, Finding],
): void {
  const { active, drafts, nowMs } = look;
  const fresh = active.has(key) ? detector.raised : detector.initial;
  const held = (look.detectors ?? look.before.detectors)[key];
  const [next, finding] = take(held ?? fresh);
  if (next !== held) {
    look.detectors ??= { ...look.before.detectors };
    look.detectors[key] = next;
  }
  if (!finding || finding.sick === active.has(key)) return;
  if (!finding.sick) {
    active.delete(key);
    drafts.push({ type: "symptom.cleared", subject: target, data: { key, text: finding.text } });
    return;
  }
  active.add(key);
  const { kind, why } = finding;
  const sinceMs = Math.min(finding.sinceMs, nowMs);
  const data = { key, target, kind, why, sinceMs, raisedAtMs: nowMs };
  drafts.push({ type: "symptom.raised", subject: target, data });
}

/** What an event makes the senses forget: whoever was cleared must be able to fall ill again. */
export function afterEvent(senses: Senses, event: Event): Senses {
  if (event.type === "daemon.started") {
    return { ...emptySenses, awakeSinceMs: event.atMs };
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
