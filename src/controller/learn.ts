// Learn: how often each action helped against each signature, counted from outcomes.
import type { ActionRecord, Outcome } from "../model/action.ts";
import type { DecisionDraft } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import type { State } from "./state.ts";

export function learn(
  state: State,
  incident: Incident,
  action: ActionRecord,
  outcome: Outcome,
  nowMs: number,
): readonly DecisionDraft[] {
  const signature = incident.diagnosis?.signature;
  if (signature === undefined || action.kind === "page" || action.undoes !== undefined) return [];
  const held = state.lessons[`${signature} ${action.kind}`];
  const { tried = 0, verified = 0, notHelped = 0, meanRecoveryMs = 0 } = held ?? {};
  const inDrills = (held?.inDrills ?? 0) + (incident.drill === undefined ? 0 : 1);
  const tookMs = nowMs - action.intendedAtMs;
  const helped = outcome.result === "verified";
  const data = {
    signature,
    action: action.kind,
    tried: tried + 1,
    verified: verified + (helped ? 1 : 0),
    notHelped: notHelped + (helped ? 0 : 1),
    ...(inDrills === 0 ? {} : { inDrills }),
    meanRecoveryMs: helped
      ? Math.round((meanRecoveryMs * verified + tookMs) / (verified + 1))
      : meanRecoveryMs,
  };
  return [{ type: "lesson.learned", subject: action.target, incident: incident.id, data }];
}
