// Verify: an action helped when its target was measured healthy for the window, and only then.
import type { Outcome } from "../model/action.ts";
import type { DecisionDraft } from "../model/event.ts";
import { because, type Reason } from "../model/reason.ts";
import { isInstance, serviceOf, type Target } from "../model/target.ts";
import { applied, stands } from "./attempt.ts";
import { learn } from "./learn.ts";
import {
  instancesOf,
  isHealthy,
  openIncidents,
  pendingActions,
  type Senses,
  type State,
  serviceSymptoms,
} from "./state.ts";
import { isPast, type Trial, told, unapplied, undone } from "./verdicts.ts";

export function verify(state: State, senses: Senses, nowMs: number): readonly DecisionDraft[] {
  for (const incident of openIncidents(state)) {
    const policy = state.policy.services[incident.service];
    if (!policy) continue;
    const ended = pendingActions(incident).filter(
      (action) => action.state !== "intended" && action.state !== "started",
    );
    for (const action of ended) {
      const drafts = judge({ state, senses, incident, policy, action, nowMs });
      if (drafts.length > 0) return drafts;
    }
  }
  return [];
}

function judge(trial: Trial): readonly DecisionDraft[] {
  const { state, incident, action, nowMs } = trial;
  if (action.kind === "page") return told(trial);
  if (action.undoes !== undefined) return undone(trial);
  if (!applied(state, action)) return unapplied(trial);
  if (action.state === "failed") {
    return notHelped(trial, because("action-failed", action.error ?? "it failed", 1, 0));
  }
  const again = endedAgain(trial) ?? sickAgain(trial) ?? relapsed(trial);
  if (again) return notHelped(trial, again);
  // Others of the same incident are at work: what they do must not be taken for its effect.
  if (incident.state === "healing") return [];
  const { healthyMs, timeoutMs } = trial.policy.healing.verify;
  const cured = healthyFor(trial, "all");
  if (cured !== undefined && cured >= healthyMs) return helped(trial, isWell(cured, healthyMs));
  // A daemon that was away has not seen it try: it gets its time again.
  const fromMs = Math.max(action.endedAtMs ?? nowMs, trial.senses.awakeSinceMs);
  if (nowMs < fromMs + timeoutMs) return [];
  // What is left at others after so long has a cause of its own, and gets its own incident.
  const alone = healthyFor(trial, "own");
  if (alone !== undefined && alone >= healthyMs) return helped(trial, isWell(alone, healthyMs));
  const text = `not healthy for ${seconds(healthyMs)} within ${seconds(timeoutMs)}`;
  const why: Reason = { rule: "verify", text, value: timeoutMs, limit: healthyMs, unit: "ms" };
  return notHelped(trial, why);
}

function isWell(forMs: number, limit: number): Reason {
  return { rule: "verify", text: `healthy for ${seconds(forMs)}`, value: forMs, limit, unit: "ms" };
}

/** For how long what the action was for has been seen well; undefined while it is not. */
function healthyFor(trial: Trial, whose: "all" | "own"): number | undefined {
  const { state, senses, incident, action, nowMs } = trial;
  const cured = incident.symptoms
    .filter((symptom) => concerns(trial, symptom.target))
    .filter((it) => whose === "all" || serviceOf(it.target) === incident.service);
  if (whose === "own" && action.kind === "degrade") return undefined;
  if (cured.some((symptom) => symptom.clearedAtMs === undefined)) return undefined;
  // A crash loop is cleared by a healthy window already: it must not ask for a second one.
  const times = cured
    .filter((symptom) => symptom.kind !== "crash-loop")
    .map((symptom) => symptom.clearedAtMs ?? 0);
  for (const target of instancesConcerned(trial)) {
    const instance = state.instances[target];
    if (instance?.exit?.expected === true && instance.state === "down") continue;
    if (!isHealthy(state, target)) return undefined;
    times.push(instance?.readyAtMs ?? 0, senses.lastSickMs[target] ?? 0);
  }
  return nowMs - Math.max(action.endedAtMs ?? nowMs, senses.awakeSinceMs, ...times);
}

/** Which of the incident's symptoms must be gone: not those that the action leaves to others. */
function concerns({ incident, action, state }: Trial, target: Target): boolean {
  const ofCause = serviceOf(target) === incident.service;
  // A degrade helps the dependents; its own service stays sick until its cause has passed.
  if (action.kind === "degrade") return !ofCause;
  if (!isInstance(action.target) || !ofCause) return true;
  // Another sick instance of the group is another action's business.
  return target === action.target || !isInstance(target) || isHealthy(state, target);
}

function instancesConcerned({ action, policy }: Trial): readonly Target[] {
  if (action.kind === "degrade" || action.kind === "restore") return [];
  return isInstance(action.target) ? [action.target] : instancesOf(policy);
}

function sickAgain({ state, action, incident }: Trial): Reason | undefined {
  if (action.kind !== "restore") return undefined;
  const fromMs = action.startedAtMs ?? action.intendedAtMs;
  return serviceSymptoms(state, incident.service).find((other) => other.raisedAtMs >= fromMs)?.why;
}

function endedAgain({ state, action, policy }: Trial): Reason | undefined {
  const fromMs = action.startedAtMs ?? action.intendedAtMs;
  // A start is on its way before its beginning is written down, and may have ended by then.
  const fromSeq = action.kind === "start" ? action.intendedSeq : action.startedSeq;
  const targets = isInstance(action.target) ? [action.target] : instancesOf(policy);
  for (const target of targets) {
    const last = state.exits[target]?.at(-1);
    if (!last || last.seq < (fromSeq ?? 0)) continue;
    // Of a whole service, only a run that began after the action says anything about it.
    if (!isInstance(action.target) && last.atMs - last.uptimeMs < fromMs) continue;
    const how = state.instances[target]?.exit?.text ?? "ended";
    return {
      rule: "ended-again",
      text: `${target} ended again after ${seconds(last.uptimeMs)}: ${how}`,
      value: last.uptimeMs,
      limit: policy.restart.stableMs,
      unit: "ms",
    };
  }
  return undefined;
}

/** It came up, and hangs since: that is told apart from what it was started for, and at once. */
function relapsed({ state, action, incident }: Trial): Reason | undefined {
  if (action.kind !== "start" && action.kind !== "restart") return undefined;
  const readyAtMs = state.instances[action.target]?.readyAtMs;
  if (readyAtMs === undefined || readyAtMs < (action.startedAtMs ?? Number.POSITIVE_INFINITY)) {
    return undefined;
  }
  const hang = incident.symptoms.find(
    (it) =>
      it.target === action.target &&
      it.kind === "unresponsive" &&
      it.clearedAtMs === undefined &&
      it.raisedAtMs > readyAtMs,
  );
  if (!hang) return undefined;
  const afterMs = hang.raisedAtMs - readyAtMs;
  const text = `${action.target} came up and hangs ${seconds(afterMs)} later: ${hang.why.text}`;
  return { rule: "relapse", text, value: afterMs, limit: 0, unit: "ms" };
}

function helped(trial: Trial, why: Reason): readonly DecisionDraft[] {
  const { state, incident, action } = trial;
  const place = { subject: action.target, incident: incident.id };
  const outcome: Outcome = { action: action.id, result: "verified", why };
  const base: readonly DecisionDraft[] = [
    { type: "action.judged", ...place, data: outcome },
    ...learn(trial.state, incident, action, outcome, trial.nowMs),
  ];
  if (isPast(incident, action)) return [...base, ...goOn(trial, why)];
  if (action.kind === "degrade") {
    return [...base, { type: "incident.mitigated", ...place, data: { action: action.id, why } }];
  }
  const others = pendingActions(incident).filter((other) => other.id !== action.id);
  if (others.length > 0) return base;
  const sick = serviceSymptoms(state, incident.service).filter((symptom) =>
    incident.symptoms.some((other) => other.key === symptom.key),
  );
  if (sick.length > 0) {
    const text = `${sick.length} more symptoms of ${incident.service} are left`;
    const next = { rung: 0, why: because("others-sick", text, sick.length, 0) };
    return [...base, { type: "rung.next", ...place, data: next }];
  }
  return [...base, { type: "incident.resolved", ...place, data: { why } }];
}

function notHelped(trial: Trial, why: Reason): readonly DecisionDraft[] {
  const { state, incident, action, nowMs } = trial;
  const place = { subject: action.target, incident: incident.id };
  const outcome: Outcome = { action: action.id, result: "not-helped", why };
  const base: readonly DecisionDraft[] = [
    { type: "action.judged", ...place, data: outcome },
    ...learn(state, incident, action, outcome, nowMs),
  ];
  if (isPast(incident, action)) return [...base, ...goOn(trial, why)];
  // Taken back first: the guards let that through as soon as they can.
  if (action.undo && stands(state, action)) return base;
  if (action.kind === "restore") {
    return [...base, { type: "rung.next", ...place, data: { rung: 0, why } }];
  }
  const repeat = incident.plan?.rungs[action.rung]?.repeat === true;
  const rung = repeat ? action.rung : action.rung + 1;
  return [...base, { type: "rung.next", ...place, data: { rung, why } }];
}

/** The ladder that is being climbed now goes on when the last action of an older one is judged. */
function goOn({ incident, action }: Trial, why: Reason): readonly DecisionDraft[] {
  const others = pendingActions(incident).filter((other) => other.id !== action.id);
  if (incident.state !== "verifying" || others.length > 0) return [];
  const place = { subject: action.target, incident: incident.id };
  return [{ type: "rung.next", ...place, data: { rung: incident.rung, why } }];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
