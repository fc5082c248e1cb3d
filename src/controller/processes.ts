// Detect, the part that needs no readings: symptoms from how processes start and end.
import type { DecisionDraft } from "../model/event.ts";
import type { Instance } from "../model/instance.ts";
import type { ServicePolicy } from "../model/policy.ts";
import type { Reason } from "../model/reason.ts";
import type { SymptomKind } from "../model/symptom.ts";
import { serviceOf } from "../model/target.ts";
import { type Senses, type State, shortRuns, symptomsOf } from "./state.ts";

/** The rules of this file, by the names that end the keys of their symptoms. */
export const processRules: ReadonlySet<string> = new Set(["exit", "crash-loop", "startup"]);

export function watchProcesses(
  state: State,
  senses: Senses,
  nowMs: number,
): readonly DecisionDraft[] {
  return [...watchInstances(state, senses.awakeSinceMs, nowMs), ...watchDegraded(state)];
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

function watchInstances(
  state: State,
  awakeSinceMs: number,
  nowMs: number,
): readonly DecisionDraft[] {
  return Object.values(state.instances).flatMap((instance) => {
    const policy = state.policy.services[serviceOf(instance.target)];
    return policy ? watch(state, instance, policy, awakeSinceMs, nowMs) : [];
  });
}

function watch(
  state: State,
  instance: Instance,
  policy: ServicePolicy,
  awakeSinceMs: number,
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
  const lookedMs = nowMs - Math.max(instance.sinceMs, awakeSinceMs);
  if (instance.state === "starting" && lookedMs >= policy.startupMs) {
    raise("startup", "unresponsive", startupReason(instance, policy, nowMs), instance.sinceMs);
  }
  if (instance.state !== "starting") clear(`${target}:startup`, "no longer starting");
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

function startupReason(instance: Instance, policy: ServicePolicy, nowMs: number): Reason {
  const tookMs = nowMs - instance.sinceMs;
  return {
    rule: "startup",
    text: `no answer: not ready ${(tookMs / 1_000).toFixed(0)} s after its start`,
    value: tookMs,
    limit: policy.startupMs,
    unit: "ms",
  };
}
