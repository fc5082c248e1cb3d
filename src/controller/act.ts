// Act: what the guards allow becomes an intent; what they do not is written down once.
import type { ActionKind, ActionTraits, Intent } from "../model/action.ts";
import type { DecisionDraft } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import type { Rung } from "../model/plan.ts";
import type { ServicePolicy } from "../model/policy.ts";
import type { Verdict } from "../model/refusal.ts";
import type { Target } from "../model/target.ts";
import { guard } from "./guard.ts";
import { downInstances, openIncidents, pendingActions, type State } from "./state.ts";

export type Traits = Readonly<Record<ActionKind, ActionTraits>>;

export function act(state: State, nowMs: number, traits: Traits): readonly DecisionDraft[] {
  for (const incident of openIncidents(state)) {
    const policy = state.policy.services[incident.service];
    const rung = rungNow(incident);
    if (!policy || !rung || incident.mitigatedBy !== undefined) continue;
    const drafts = targetsNow(state, incident, rung).flatMap((target) =>
      answer(state, incident, policy, rung, target, traits, nowMs),
    );
    if (drafts.length > 0) return drafts;
  }
  return [];
}

const lateStart: Rung = {
  action: "start",
  targets: [],
  why: {
    rule: "late-exit",
    text: "it ended while the rollback was under way",
    value: 1,
    limit: 1,
    unit: "count",
  },
};

/** While a rollback is verified, an instance that still ended of the bad config is started. */
function rungNow(incident: Incident): Rung | undefined {
  const rung = incident.plan?.rungs[incident.rung];
  return rung?.action === "rollback" && incident.state === "verifying" ? lateStart : rung;
}

/**
 * A start is for whatever is down now: an instance that dies while another is verified must not
 * wait for it. Everything else is for the targets of the plan, while the incident is open.
 */
function targetsNow(state: State, incident: Incident, rung: Rung): readonly Target[] {
  if (incident.state === "escalated") return [];
  const pending = new Set(pendingActions(incident).map((action) => action.target));
  if (rung.action === "start") {
    return downInstances(state, incident.service)
      .filter((target) => !isUnderWay(incident, target))
      .slice(0, 1);
  }
  if (incident.state !== "open") return [];
  return rung.targets.filter((target) => !pending.has(target)).slice(0, 1);
}

/** A start that has ended is no reason not to start again: the process has died since. */
function isUnderWay(incident: Incident, target: Target): boolean {
  return incident.actions.some(
    (action) =>
      action.target === target && (action.state === "intended" || action.state === "started"),
  );
}

function answer(
  state: State,
  incident: Incident,
  policy: ServicePolicy,
  rung: Rung,
  target: Target,
  traits: Traits,
  nowMs: number,
): readonly DecisionDraft[] {
  const verdict = guard({
    state,
    incident,
    policy,
    rung,
    target,
    traits: traits[rung.action],
    nowMs,
  });
  if (verdict.kind === "allowed") return intend(state, incident, rung, target, verdict);
  if (verdict.kind === "ask") return ask(state, incident, policy, rung, target, verdict, nowMs);
  const held = incident.standing;
  const isNew =
    held?.why.rule !== verdict.why.rule || held.target !== target || held.action !== rung.action;
  const untilMs = verdict.kind === "wait" ? verdict.untilMs : undefined;
  const data = {
    action: rung.action,
    target,
    why: verdict.why,
    ...(untilMs === undefined ? {} : { untilMs }),
  };
  const place = { subject: target, incident: incident.id };
  const said: readonly DecisionDraft[] = isNew
    ? [{ type: verdict.kind === "wait" ? "guard.waits" : "guard.refused", ...place, data }]
    : [];
  if (verdict.kind === "wait" || !verdict.final || incident.state !== "open") return said;
  const next = { rung: incident.rung + 1, why: verdict.why };
  return [...said, { type: "rung.next", ...place, data: next }];
}

function intend(
  state: State,
  incident: Incident,
  rung: Rung,
  target: Target,
  verdict: Verdict,
): readonly DecisionDraft[] {
  const place = { subject: target, incident: incident.id };
  const intent: Intent = {
    id: `A${state.lastAction + 1}`,
    incident: incident.id,
    kind: rung.action,
    target,
    ladder: incident.ladder,
    rung: incident.rung,
    why: rung.why,
    ...(rung.undo ? { undo: rung.undo } : {}),
    ...(rung.stopWaitMs === undefined ? {} : { stopWaitMs: rung.stopWaitMs }),
    ...(rung.restoreFile ? { restoreFile: rung.restoreFile } : {}),
  };
  return [
    {
      type: "guard.allowed",
      ...place,
      data: { action: rung.action, target, why: verdict.why },
    },
    { type: "action.intended", ...place, data: intent },
  ];
}

function ask(
  state: State,
  incident: Incident,
  policy: ServicePolicy,
  rung: Rung,
  target: Target,
  verdict: Verdict,
  nowMs: number,
): readonly DecisionDraft[] {
  const open = incident.approvals.some(
    (other) => other.state === "open" && other.action === rung.action && other.target === target,
  );
  if (open) return [];
  const data = {
    id: `P${state.lastApproval + 1}`,
    incident: incident.id,
    action: rung.action,
    target,
    effect: `${rung.action} ${target}: ${verdict.why.text}`,
    undo: rung.undo?.text ?? "cannot be undone",
    askedAtMs: nowMs,
    expiresAtMs: nowMs + policy.healing.approvalMs,
    state: "open" as const,
  };
  return [{ type: "approval.asked", subject: target, incident: incident.id, data }];
}

/** Approvals that nobody answered in time. */
export function expire(state: State, nowMs: number): readonly DecisionDraft[] {
  return openIncidents(state).flatMap((incident) =>
    incident.approvals
      .filter((approval) => approval.state === "open" && nowMs >= approval.expiresAtMs)
      .map((approval) => ({
        type: "approval.expired" as const,
        subject: approval.target,
        incident: incident.id,
        data: { id: approval.id },
      })),
  );
}
