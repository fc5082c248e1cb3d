// Act: what the guards allow becomes an intent; what they do not is written down once.
import type { ActionKind, ActionTraits, Intent } from "../model/action.ts";
import type { DecisionDraft } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import type { ServicePolicy } from "../model/policy.ts";
import type { Verdict } from "../model/refusal.ts";
import type { Target } from "../model/target.ts";
import { attemptOf } from "./attempt.ts";
import { type Attempt, guard } from "./guard.ts";
import { openIncidents, type State } from "./state.ts";

export type Traits = Readonly<Record<ActionKind, ActionTraits>>;

export function act(state: State, nowMs: number, traits: Traits): readonly DecisionDraft[] {
  for (const incident of openIncidents(state)) {
    const policy = state.policy.services[incident.service];
    const rung = policy ? attemptOf(state, incident, nowMs) : undefined;
    if (!policy || !rung) continue;
    const tries = rung.targets.map((target): Try => {
      const ask = { state, incident, policy, rung, target, traits: traits[rung.action], nowMs };
      return { state, incident, policy, rung, target, nowMs, verdict: guard(ask) };
    });
    const drafts = answer(tries);
    if (drafts.length > 0) return drafts;
  }
  return [];
}

interface Try {
  readonly state: State;
  readonly incident: Incident;
  readonly policy: ServicePolicy;
  readonly rung: Attempt;
  readonly target: Target;
  readonly nowMs: number;
  readonly verdict: Verdict;
}

/** One target that must wait keeps no other from its turn; one that may not go on ends nothing. */
function answer(tries: readonly Try[]): readonly DecisionDraft[] {
  const allowed = tries.find((it) => it.verdict.kind === "allowed");
  if (allowed) return intend(allowed);
  const asked = tries.filter((it) => it.verdict.kind === "ask").flatMap(ask);
  if (asked.length > 0) return asked.slice(0, 1);
  const waits = tries.filter((it) => it.verdict.kind !== "refused" || !it.verdict.final);
  const held = waits.toSorted((a, b) => endOfWait(a) - endOfWait(b))[0] ?? tries[0];
  return held && held.verdict.kind !== "ask" ? hold(held) : [];
}

/** What may go on first is what is told. */
function endOfWait({ verdict }: Try): number {
  return verdict.kind === "wait" ? (verdict.untilMs ?? Number.MAX_VALUE) : Number.MAX_VALUE;
}

/** Says once why nothing happens; what is refused for good makes way for the next rung. */
function hold(held: Try): readonly DecisionDraft[] {
  const { incident, rung, target, verdict } = held;
  if (verdict.kind === "allowed" || verdict.kind === "ask") return [];
  const { standing } = incident;
  const untilMs = verdict.kind === "wait" ? verdict.untilMs : undefined;
  const isNew =
    standing?.why.rule !== verdict.why.rule ||
    standing.target !== target ||
    standing.action !== rung.action ||
    standing.untilMs !== untilMs;
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
  const isOver = verdict.kind === "refused" && (verdict.final || hasStoodLong(held));
  if (!isOver || incident.state !== "open") return said;
  const next = { rung: incident.rung + 1, why: verdict.why };
  return [...said, { type: "rung.next", ...place, data: next }];
}

/** A group that does not recover by itself is for people; a stop that they chose is not. */
function hasStoodLong({ incident, policy, verdict, nowMs }: Try): boolean {
  const { standing } = incident;
  if (verdict.why.rule !== "max-unhealthy" || standing?.why.rule !== "max-unhealthy") return false;
  return nowMs - standing.sinceMs >= policy.healing.verify.timeoutMs;
}

function intend({ state, incident, rung, target, verdict }: Try): readonly DecisionDraft[] {
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
    ...(rung.undoes === undefined ? {} : { undoes: rung.undoes }),
    ...(rung.retry ? { retry: true as const } : {}),
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

function ask({ state, incident, policy, rung, target, verdict, nowMs }: Try): DecisionDraft[] {
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
