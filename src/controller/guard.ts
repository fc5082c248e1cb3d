// Guard: may this action run now? One pure function over the state; every answer has its number.
import type { ActionRecord, ActionTraits } from "../model/action.ts";
import type { Incident } from "../model/incident.ts";
import type { Rung } from "../model/plan.ts";
import type { ServicePolicy } from "../model/policy.ts";
import type { Reason } from "../model/reason.ts";
import type { Approval, Verdict } from "../model/refusal.ts";
import { serviceOf, type Target } from "../model/target.ts";
import {
  instancesOf,
  isHealthy,
  openIncidents,
  pendingActions,
  type State,
  shortRuns,
  standingDegrade,
} from "./state.ts";

/** A rung that is tried now; `undoes` is the action that it takes back. */
export type Attempt = Rung & { readonly undoes?: string };

export interface Ask {
  readonly state: State;
  readonly incident: Incident;
  readonly policy: ServicePolicy;
  readonly rung: Attempt;
  readonly target: Target;
  readonly traits: ActionTraits;
  readonly nowMs: number;
}

type Guard = (ask: Ask) => Verdict | undefined;

/** The first guard that has an objection decides. */
export function guard(ask: Ask): Verdict {
  const guards = guardsOf(ask.rung);
  for (const one of guards) {
    const verdict = one(ask);
    if (verdict) return verdict;
  }
  const text = "no guard objects";
  return { kind: "allowed", why: reason("guards", text, guards.length, guards.length) };
}

const killSwitch: Guard = ({ state }) => {
  if (!state.paused) return undefined;
  const text = `all healing is stopped by ${state.paused.by}`;
  return { kind: "refused", why: reason("kill-switch", text, 1, 0), final: false };
};

/** What has passed by itself needs no action, and least of all one that interrupts it. */
const passed: Guard = ({ state, incident, rung, target }) => {
  const concerns = (other: Target): boolean =>
    rung.action === "page" || other === target || serviceOf(other) === target;
  const left = incident.symptoms.filter(
    (it) => it.clearedAtMs === undefined && concerns(it.target),
  ).length;
  const gone = rung.action === "start" && state.instances[target]?.state === "down";
  const degraded = rung.action === "page" && standingDegrade(state, incident) !== undefined;
  if (left > 0 || gone || degraded) return undefined;
  const text = `no symptom of ${target} is left: it may have passed by itself`;
  return { kind: "wait", why: reason("passed", text, 0, 1) };
};

const mode: Guard = ({ policy, incident, rung, target }) => {
  const chosen = policy.healing.modes[rung.action];
  if (chosen === "auto") return undefined;
  if (chosen === "observe") {
    const text = `${rung.action} of ${policy.name} is in mode observe: only people do it`;
    return { kind: "refused", why: reason("mode", text, 0, 2), final: true };
  }
  const approval = incident.approvals.findLast(
    (it) => it.action === rung.action && it.target === target && !isUsed(incident, it),
  );
  if (!approval || approval.state === "open") {
    const text = `${rung.action} of ${target} is in mode suggest: a person decides`;
    return { kind: "ask", why: reason("mode", text, 1, 2) };
  }
  if (approval.state === "given") return undefined;
  const said = approval.state === "denied" ? `denied by ${approval.by}` : "not answered in time";
  return {
    kind: "refused",
    why: reason("approval", `${approval.id} was ${said}`, 0, 1),
    final: true,
  };
};

/** A person allows one action, not all of its kind; one that never ran has used up nothing. */
function isUsed(incident: Incident, approval: Approval): boolean {
  if (approval.state !== "given") return false;
  return incident.actions.some(
    (it) =>
      it.kind === approval.action &&
      it.target === approval.target &&
      it.undoes === undefined &&
      it.state !== "abandoned" &&
      it.intendedAtMs >= approval.askedAtMs,
  );
}

const onePerTarget: Guard = ({ state, target, rung }) => {
  const busy = openIncidents(state)
    .flatMap(pendingActions)
    .find((other) => other.target === target && other.kind !== "page");
  if (!busy) return undefined;
  const text = `${busy.id} ${busy.kind} of ${target} is not over: ${rung.action} waits`;
  return { kind: "wait", why: reason("one-per-target", text, 1, 1) };
};

const onePerGroup: Guard = ({ state, traits, target }) => {
  if (!traits.destructive) return undefined;
  const busy = openIncidents(state)
    .flatMap(pendingActions)
    .find((other) => serviceOf(other.target) === serviceOf(target) && other.kind !== "page");
  if (!busy) return undefined;
  const text = `${busy.id} ${busy.kind} of ${busy.target} is not verified yet`;
  return { kind: "wait", why: reason("one-per-group", text, 1, 1) };
};

/** Somebody stops it already: it must not be stopped once more when it has come back. */
const beingStopped: Guard = ({ state, traits, target }) => {
  if (!traits.destructive || state.instances[target]?.state !== "stopping") return undefined;
  const text = `${target} is being stopped: ${target} is looked at anew after that`;
  return { kind: "wait", why: reason("being-stopped", text, 1, 0) };
};

const maxUnhealthy: Guard = ({ state, policy, traits, target }) => {
  if (!traits.destructive) return undefined;
  const group = instancesOf(policy);
  const others = group.filter((other) => other !== target && !isHealthy(state, other)).length;
  const allowed = Math.max(1, Math.floor(policy.healing.maxUnhealthy * group.length));
  if (others + 1 <= allowed) return undefined;
  const text = `${others + 1} of ${group.length} instances of ${policy.name} would be down; at most ${allowed} may`;
  return {
    kind: "refused",
    why: reason("max-unhealthy", text, others + 1, allowed),
    final: false,
  };
};

/** Starting what is not running takes nothing away: only its back-off and its end bound it. */
const backOff: Guard = ({ state, policy, rung, target, nowMs }) => {
  if (rung.action !== "start") return undefined;
  const { firstMs, factor, maxMs, stableMs, giveUp } = policy.restart;
  const exits = (state.exits[target] ?? []).filter((exit) => nowMs - exit.atMs < giveUp.withinMs);
  if (exits.length >= giveUp.exits) {
    const within = `${Math.round(giveUp.withinMs / 1_000)} s`;
    const text = `${target} ended ${exits.length} times within ${within}: given up`;
    return {
      kind: "refused",
      why: reason("give-up", text, exits.length, giveUp.exits),
      final: true,
    };
  }
  const runs = shortRuns(state, target, stableMs);
  const waitMs = runs === 0 ? 0 : Math.min(maxMs, firstMs * factor ** (runs - 1));
  const untilMs = (state.exits[target]?.at(-1)?.atMs ?? nowMs) + waitMs;
  if (nowMs >= untilMs) return undefined;
  const text = `back-off: start number ${runs + 1} in a row waits ${waitMs} ms`;
  const why: Reason = { rule: "back-off", text, value: waitMs, limit: maxMs, unit: "ms" };
  return { kind: "wait", why, untilMs };
};

/** Somebody has changed the file once more: what they wrote is not put away. */
const overtaken: Guard = ({ state, rung }) => {
  const file = rung.restoreFile?.file;
  const accused = rung.undo?.restoreFile?.version;
  if (file === undefined || state.files[file]?.version === accused) return undefined;
  const text = `${file} has been changed again since it was found to be the cause`;
  return { kind: "refused", why: reason("overtaken", text, 1, 0), final: true };
};

const strikes: Guard = ({ incident, policy, rung }) => {
  if (rung.action === "start") return undefined;
  const failed = notHelped(incident);
  const limit = policy.healing.strikes;
  if (failed < limit) return undefined;
  const text = `${failed} actions in this incident did not help`;
  return { kind: "refused", why: reason("strikes", text, failed, limit), final: true };
};

const cooldown: Guard = ({ state, incident, policy, rung, target, nowMs }) => {
  if (rung.action === "start") return undefined;
  const last = Object.values(state.incidents)
    .flatMap((other) => other.actions)
    .filter((other) => other.target === target && other.kind === rung.action)
    .filter((other) => other.state !== "abandoned")
    .toSorted((a, b) => endOf(a) - endOf(b))
    .at(-1);
  if (!last) return undefined;
  const { firstMs, maxMs } = policy.healing.cooldown;
  const waitMs = Math.min(maxMs, firstMs * 2 ** notHelped(incident));
  const untilMs = endOf(last) + waitMs;
  if (nowMs >= untilMs) return undefined;
  const text = `cooldown: ${target} had a ${last.kind} ${Math.round(nowMs - last.intendedAtMs)} ms ago`;
  const why: Reason = { rule: "cooldown", text, value: waitMs, limit: maxMs, unit: "ms" };
  return { kind: "wait", why, untilMs };
};

const endOf = (action: ActionRecord): number => action.endedAtMs ?? action.intendedAtMs;

const budget: Guard = ({ state, incident, policy, rung, nowMs }) => {
  if (rung.action === "start") return undefined;
  const kind = incident.diagnosis?.kind;
  const used = state.recent.filter(
    (mark) =>
      mark.service === incident.service &&
      mark.diagnosis === kind &&
      mark.kind === rung.action &&
      nowMs - mark.atMs < 3_600_000,
  ).length;
  const limit = policy.healing.perHour;
  if (used < limit) return undefined;
  const text = `${used} actions for ${kind} of ${incident.service} in the last hour`;
  return { kind: "refused", why: reason("budget", text, used, limit), final: true };
};

/** A person is told once; when nobody could be reached, again and again, ever more seldom. */
const pageAgain: Guard = ({ incident, policy, nowMs }) => {
  const pages = incident.actions.filter((it) => it.kind === "page" && it.state !== "abandoned");
  const last = pages.at(-1);
  if (!last) return undefined;
  const { firstMs, maxMs } = policy.healing.cooldown;
  const waitMs = Math.min(maxMs, firstMs * 2 ** (pages.length - 1));
  const untilMs = endOf(last) + waitMs;
  if (nowMs >= untilMs) return undefined;
  const text = `page number ${pages.length + 1} of this incident waits ${waitMs} ms`;
  const why: Reason = { rule: "page-again", text, value: waitMs, limit: maxMs, unit: "ms" };
  return { kind: "wait", why, untilMs };
};

const allGuards: readonly Guard[] = [
  killSwitch,
  passed,
  onePerTarget,
  onePerGroup,
  beingStopped,
  maxUnhealthy,
  backOff,
  overtaken,
  strikes,
  cooldown,
  budget,
  mode,
];
const pageGuards: readonly Guard[] = [passed, pageAgain];
/** Taking back what we did ourselves: counted nowhere, and allowed together with the deed. */
const undoGuards: readonly Guard[] = [killSwitch, onePerTarget];
/** Ending a degrade: its reason has passed, so that it costs no budget and no strike. */
const restoreGuards: readonly Guard[] = [killSwitch, onePerTarget, cooldown, mode];

function guardsOf(rung: Attempt): readonly Guard[] {
  if (rung.action === "page") return pageGuards;
  if (rung.undoes !== undefined) return undoGuards;
  return rung.action === "restore" ? restoreGuards : allGuards;
}

/** Pages that reached nobody say nothing about the ladder. */
function notHelped(incident: Incident): number {
  return incident.actions.filter(
    (action) => action.outcome?.result === "not-helped" && action.kind !== "page",
  ).length;
}

function reason(rule: string, text: string, value: number, limit: number): Reason {
  return { rule, text, value, limit, unit: "count" };
}
