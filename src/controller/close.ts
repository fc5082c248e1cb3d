// The ends of the loop: recovery after a dead daemon, trouble that passed, config that is proven.
import type { DecisionDraft } from "../model/event.ts";
import {
  calmSince,
  instancesOf,
  isConfigured,
  isHealthy,
  openIncidents,
  pendingActions,
  type Senses,
  type State,
  standingDegrade,
} from "./state.ts";

/**
 * Actions that a dead daemon left: what was started is verified, never repeated; what was only
 * intended never ran and is put to the guards again.
 */
export function recover(state: State): readonly DecisionDraft[] {
  for (const incident of openIncidents(state)) {
    for (const action of incident.actions) {
      if (action.session === state.session) continue;
      const place = { subject: action.target, incident: incident.id };
      const why = {
        rule: "daemon-died",
        text: `the daemon ended while ${action.id} was ${action.state}`,
        value: state.session,
        limit: action.session,
        unit: "count" as const,
      };
      if (action.state === "started") {
        return [{ type: "action.interrupted", ...place, data: { action: action.id, why } }];
      }
      if (action.state === "intended") {
        return [{ type: "action.abandoned", ...place, data: { action: action.id, why } }];
      }
    }
  }
  return [];
}

/** Ends what belongs to services and instances that the config no longer asks for. */
export function retire(state: State): readonly DecisionDraft[] {
  const text = "it is no longer in the config";
  const symptom = Object.values(state.symptoms).find(
    (it) => !isConfigured(state.policy, it.target),
  );
  if (symptom) {
    const { target: subject, key } = symptom;
    return [{ type: "symptom.cleared", subject, data: { key, text } }];
  }
  const incident = openIncidents(state).find((it) => !isConfigured(state.policy, it.service));
  if (!incident) return [];
  const why = { rule: "not-configured", text, value: 0, limit: 1, unit: "count" as const };
  const place = { subject: incident.service, incident: incident.id };
  const left = pendingActions(incident)[0];
  if (left) {
    const data = { action: left.id, result: "interrupted" as const, why };
    return [{ type: "action.judged", ...place, data }];
  }
  return [{ type: "incident.resolved", ...place, data: { why } }];
}

/** Ends incidents whose symptoms are gone although nothing of ours is under way. */
export function settle(state: State, nowMs: number): readonly DecisionDraft[] {
  for (const incident of openIncidents(state)) {
    const policy = state.policy.services[incident.service];
    const idle = incident.state === "open" || incident.state === "escalated";
    if (!policy || !idle || pendingActions(incident).length > 0) continue;
    const sinceMs = calmSince(incident);
    if (sinceMs === undefined || standingDegrade(state, incident)) continue;
    const { healthyMs } = policy.healing.verify;
    const calmMs = nowMs - sinceMs;
    if (calmMs < healthyMs) continue;
    const text = `its symptoms have been gone for ${(calmMs / 1_000).toFixed(1)} s`;
    const why = { rule: "passed", text, value: calmMs, limit: healthyMs, unit: "ms" as const };
    const place = { subject: incident.service, incident: incident.id };
    return [{ type: "incident.resolved", ...place, data: { why } }];
  }
  return [];
}

/** A config file is proven when every instance started with it and has been healthy since. */
export function prove(state: State, senses: Senses, nowMs: number): readonly DecisionDraft[] {
  for (const [file, { version, service, atMs }] of Object.entries(state.files)) {
    const policy = state.policy.services[service];
    if (!policy || state.proven[file]?.version === version) continue;
    const { healthyMs } = policy.healing.verify;
    const targets = instancesOf(policy);
    const sound = targets.every((target) => {
      const instance = state.instances[target];
      const sinceMs = Math.max(instance?.readyAtMs ?? nowMs, senses.lastSickMs[target] ?? 0);
      const startedWithIt = (instance?.startedAtMs ?? 0) >= atMs;
      return startedWithIt && isHealthy(state, target) && nowMs - sinceMs >= healthyMs;
    });
    if (!sound) continue;
    return [{ type: "config.proven", subject: service, data: { service, file, version } }];
  }
  return [];
}
