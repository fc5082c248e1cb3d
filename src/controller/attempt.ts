// What an incident would have done next: a rung of its ladder, or something of ours to take back.
import type { ActionRecord } from "../model/action.ts";
import type { Incident } from "../model/incident.ts";
import type { Rung } from "../model/plan.ts";
import { because, type Reason } from "../model/reason.ts";
import type { Target } from "../model/target.ts";
import type { Attempt } from "./guard.ts";
import { isLeftTo, retryOf } from "./retry.ts";
import {
  calmSince,
  downInstances,
  openIncidents,
  pendingActions,
  type State,
  standingDegrade,
} from "./state.ts";

/** Nothing is tried for an incident that people have in hand, but what we began is ended. */
export function attemptOf(state: State, incident: Incident, nowMs: number): Attempt | undefined {
  const undo = undoOf(state, incident);
  if (undo) return undo;
  const restore = restoreOf(state, incident, nowMs) ?? retryOf(state, incident, nowMs);
  if (restore || incident.state === "escalated") return restore;
  const rung = rungOf(state, incident);
  if (!rung) return undefined;
  const targets = targetsOf(state, incident, rung);
  return targets.length === 0 ? undefined : { ...rung, targets };
}

const lateStart: Rung = {
  action: "start",
  targets: [],
  why: because("late-exit", "it ended while the rollback was under way"),
};

function rungOf(state: State, incident: Incident): Rung | undefined {
  const rung = incident.plan?.rungs[incident.rung];
  // While a degrade holds, only people can be called, when it could not be ended.
  if (standingDegrade(state, incident)) return rung?.action === "page" ? rung : undefined;
  if (rung?.action !== "rollback" || incident.state !== "verifying") return rung;
  // While a rollback is verified, an instance that still ended of the bad config is started.
  return pendingActions(incident).every((action) => applied(state, action)) ? lateStart : undefined;
}

/**
 * A start is for whatever is down now: an instance that dies while another is verified must not
 * wait for it. Everything else is for the targets of the plan, while the incident is open.
 */
function targetsOf(state: State, incident: Incident, rung: Rung): readonly Target[] {
  if (rung.action === "start") {
    const others = openIncidents(state).filter(({ id }) => id !== incident.id);
    return downInstances(state, incident.service).filter(
      (it) => !isUnderWay(incident, it) && !others.some((other) => isLeftTo(other, it)),
    );
  }
  if (incident.state !== "open") return [];
  const pending = new Set(pendingActions(incident).map((action) => action.target));
  return rung.targets.filter((target) => !pending.has(target));
}

/** A start that has ended is no reason not to start again: the process has died since. */
function isUnderWay(incident: Incident, target: Target): boolean {
  return incident.actions.some(
    (action) =>
      action.target === target && (action.state === "intended" || action.state === "started"),
  );
}

/** An action that did not help is taken back, unless the world has gone on since. */
function undoOf(state: State, incident: Incident): Attempt | undefined {
  if (incident.state === "escalated") return undefined;
  const isTaken = (action: ActionRecord): boolean =>
    incident.actions.some((it) => it.undoes === action.id && it.state !== "abandoned");
  const action = incident.actions.find(
    (it) => it.outcome?.result === "not-helped" && it.undo && !isTaken(it) && stands(state, it),
  );
  if (!action?.undo) return undefined;
  const { kind, text, restoreFile } = action.undo;
  const why = action.outcome?.why ?? action.why;
  return {
    action: kind,
    targets: [action.target],
    why: { ...why, text: `${action.id} did not help: ${text}` },
    undoes: action.id,
    ...(restoreFile ? { restoreFile } : {}),
  };
}

/** Whether what the action did is still there: somebody may have changed the file once more. */
export function stands(state: State, { kind, target, id, restoreFile }: ActionRecord): boolean {
  if (kind === "degrade") return state.degraded[target]?.action === id;
  if (kind === "restore") return !(target in state.degraded);
  if (!restoreFile) return true;
  return state.files[restoreFile.file]?.version === restoreFile.version;
}

/** False for a change of a file that a daemon's death cut off before it was made. */
export function applied(state: State, action: ActionRecord): boolean {
  return action.state !== "interrupted" || !action.restoreFile || stands(state, action);
}

/** The cause of a degrade has passed: traffic may come back. */
function restoreOf(state: State, incident: Incident, nowMs: number): Attempt | undefined {
  const degrade = standingDegrade(state, incident);
  const sinceMs = calmSince(incident);
  const healthyMs = state.policy.services[incident.service]?.healing.verify.healthyMs ?? 0;
  const idle = incident.state === "open" || incident.state === "escalated";
  if (!degrade || !idle || sinceMs === undefined || nowMs - sinceMs < healthyMs) return undefined;
  if (pendingActions(incident).length > 0) return undefined;
  // It was refused for good: the ladder goes on to people.
  const isPast = incident.rung > degrade.rung && incident.ladder === degrade.ladder;
  if (isPast && incident.state === "open") return undefined;
  const text = `its symptoms have been gone for ${((nowMs - sinceMs) / 1_000).toFixed(1)} s`;
  const why: Reason = {
    rule: "cause-passed",
    text,
    value: nowMs - sinceMs,
    limit: healthyMs,
    unit: "ms",
  };
  return { action: "restore", targets: [degrade.target], why };
}
