// Detect, the part that needs no readings: symptoms from how processes start and end.
import type { DecisionDraft } from "../model/event.ts";
import type { Instance } from "../model/instance.ts";
import type { JobEnd } from "../model/job.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { metrics, type Reading } from "../model/reading.ts";
import type { Reason } from "../model/reason.ts";
import type { SymptomKind } from "../model/symptom.ts";
import { serviceOf } from "../model/target.ts";
import { type Senses, type State, shortRuns, symptomsOf, type Table } from "./state.ts";
import { steady } from "./steady.ts";

/** The rules of this file, by the names that end the keys of their symptoms. */
export const processRules: ReadonlySet<string> = new Set(["exit", "crash-loop", "startup"]);

export function watchProcesses(
  state: State,
  senses: Senses,
  nowMs: number,
): readonly DecisionDraft[] {
  return [...watchInstances(state, senses, nowMs), ...watchDegraded(state), ...watchHeld(state)];
}

/** What people have stopped is not sick for it; whether it is well shows when it runs again. */
function watchHeld(state: State): readonly DecisionDraft[] {
  return Object.values(state.symptoms).flatMap(({ key, target }): readonly DecisionDraft[] => {
    const held = state.held[serviceOf(target)];
    if (!held) return [];
    const data = { key, text: `stopped by ${held.by}` };
    return [{ type: "symptom.cleared", subject: target, data }];
  });
}

/** No traffic reaches a degraded service: what its traffic showed can neither last nor pass. */
function watchDegraded(state: State): readonly DecisionDraft[] {
  return Object.values(state.symptoms)
    .filter((symptom) => symptom.target in state.degraded)
    .map((symptom) => ({
      type: "symptom.cleared" as const,
      subject: symptom.target,
      data: { key: symptom.key, text: "no traffic reaches it: the gateway answers for it" },
    }));
}

/** A ready one that is no job gives no reason to say anything while nobody shows a symptom. */
const restless = steady(({ instances, policy }) =>
  Object.values(instances).filter(({ state, target }) => {
    return state !== "ready" || policy.services[serviceOf(target)]?.job;
  }),
);

function watchInstances(state: State, senses: Senses, nowMs: number): readonly DecisionDraft[] {
  const isCalm = Object.keys(state.symptoms).length === 0;
  const all = isCalm ? restless(state, undefined) : Object.values(state.instances);
  return all.flatMap((instance) => {
    const service = serviceOf(instance.target);
    const policy = state.policy.services[service];
    if (!policy || service in state.held) return [];
    if (policy.job) return watchJob(state, instance, nowMs);
    return watch(state, instance, policy, senses, nowMs);
  });
}

function watch(
  state: State,
  instance: Instance,
  policy: ServicePolicy,
  senses: Senses,
  nowMs: number,
): readonly DecisionDraft[] {
  const drafts: DecisionDraft[] = [];
  const { target } = instance;
  const raise = (rule: string, kind: SymptomKind, why: Reason, sinceMs: number): void => {
    const key = `${target}:${rule}`;
    if (key in state.symptoms) return;
    const data = { key, target, kind, why, sinceMs, raisedAtMs: nowMs };
    drafts.push({ type: "symptom.raised", subject: target, data });
  };
  const clear = (key: string, text: string): void => {
    if (key in state.symptoms) {
      drafts.push({ type: "symptom.cleared", subject: target, data: { key, text } });
    }
  };
  const crashed = instance.state === "down" && instance.exit?.expected === false;
  if (crashed) {
    raise("exit", "exit", exitReason(instance), state.exits[target]?.at(-1)?.atMs ?? nowMs);
  }
  const runs = shortRuns(state, target, policy.restart.stableMs);
  if (crashed && runs >= policy.restart.loopExits) {
    const first = state.exits[target]?.at(-runs)?.atMs ?? nowMs;
    raise("crash-loop", "crash-loop", loopReason(runs, policy), first);
  }
  // A daemon that was away may have missed that it became ready: it looks for as long again.
  const lookedMs = nowMs - Math.max(instance.sinceMs, senses.awakeSinceMs);
  const starting = instance.state === "starting" && instance.liveAtMs === undefined;
  const patient = isExtended(senses.latest[target]?.[metrics.probeExtended.name], instance, nowMs);
  if (starting && lookedMs >= policy.startupMs && !patient) {
    const { kind, why } = startupSign(instance, policy, senses.latest[target] ?? {}, nowMs);
    raise("startup", kind, why, instance.sinceMs);
  }
  if (!starting) clear(`${target}:startup`, "no longer starting");
  if (instance.state === "down") clearGone(state, instance, clear);
  if (instance.state === "ready") {
    clear(`${target}:exit`, "running and ready again");
    const readyMs = nowMs - (instance.readyAtMs ?? nowMs);
    if (readyMs >= policy.healing.verify.healthyMs) {
      clear(`${target}:crash-loop`, `up for ${(readyMs / 1_000).toFixed(1)} s`);
    }
  }
  return drafts;
}

/** Whether it has asked, in this run, for more time than has passed. */
function isExtended(asked: Reading | undefined, instance: Instance, nowMs: number): boolean {
  return asked !== undefined && asked.atMs >= instance.sinceMs && nowMs < asked.atMs + asked.value;
}

/** Its end is no crash, and a failure is a sign when no try is left. */
function watchJob(state: State, instance: Instance, nowMs: number): readonly DecisionDraft[] {
  const { target } = instance;
  const { last, round } = state.jobs[serviceOf(target)] ?? {};
  const failed = last?.result === "failed" || last?.result === "overdue";
  const key = `${target}:exit`;
  if (failed && !round && !(key in state.symptoms)) {
    const why = jobReason(last);
    const data = { key, target, kind: "exit" as const, why, sinceMs: last.atMs, raisedAtMs: nowMs };
    return [{ type: "symptom.raised", subject: target, data }];
  }
  return symptomsOf(state, target).flatMap((symptom): readonly DecisionDraft[] => {
    const isEnd = symptom.key === key;
    if (isEnd ? failed : instance.state !== "down") return [];
    const text = isEnd ? `${last?.result ?? "gone"} since` : "the process that showed it is gone";
    return [{ type: "symptom.cleared", subject: target, data: { key: symptom.key, text } }];
  });
}

function jobReason({ text, tookMs, attempts, code }: JobEnd): Reason {
  const runs = attempts === 1 ? "it failed" : `it failed ${attempts} times`;
  const took = (tookMs / 1_000).toFixed(1);
  const all = `${runs}: ${text}, after ${took} s`;
  return { rule: "job", text: all, value: code ?? -1, limit: 0, unit: "code" };
}

/** What the process showed while it lived went with it; that it ended is the only symptom left. */
function clearGone(
  state: State,
  instance: Instance,
  clear: (key: string, text: string) => void,
): void {
  for (const symptom of symptomsOf(state, instance.target)) {
    const aboutEnding = symptom.kind === "exit" || symptom.kind === "crash-loop";
    if (!aboutEnding) clear(symptom.key, "the process that showed it is gone");
    else if (instance.exit?.expected) clear(symptom.key, "stopped on purpose");
  }
}

function exitReason(instance: Instance): Reason {
  const exit = instance.exit;
  const text = exit?.text ?? "ended";
  return {
    rule: "exit",
    text: `ended: ${text}, after ${((exit?.uptimeMs ?? 0) / 1_000).toFixed(1)} s`,
    value: exit?.code ?? -1,
    limit: 0,
    unit: "code",
  };
}

function loopReason(runs: number, policy: ServicePolicy): Reason {
  const stable = `${(policy.restart.stableMs / 1_000).toFixed(0)} s`;
  return {
    rule: "crash-loop",
    text: `${runs} runs in a row were shorter than ${stable}`,
    value: runs,
    limit: policy.restart.loopExits,
    unit: "count",
  };
}

/** A probe that cannot ask says nothing about the process: that is for people, not for a restart. */
function startupSign(
  instance: Instance,
  policy: ServicePolicy,
  latest: Table<Reading>,
  nowMs: number,
): { readonly kind: SymptomKind; readonly why: Reason } {
  const tookMs = nowMs - instance.sinceMs;
  const works = latest[metrics.probeWorks.name];
  const broken = works !== undefined && works.value <= 0;
  const note = broken ? works.note : latest[metrics.probeStartup.name]?.note;
  const since = `not ready ${(tookMs / 1_000).toFixed(0)} s after its start`;
  const text = `${broken ? "its probe is broken" : "no answer"}: ${since}`;
  const why: Reason = {
    rule: "startup",
    text: note === undefined ? text : `${text}: ${note}`,
    value: tookMs,
    limit: policy.startupMs,
    unit: "ms",
  };
  return { kind: broken ? "silent" : "unresponsive", why };
}
