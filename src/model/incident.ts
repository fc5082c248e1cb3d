// One trouble from its first symptom to its report: what people see.
import { invariant } from "../kernel/errors.ts";
import type { ActionRecord } from "./action.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Evidence } from "./evidence.ts";
import type { Plan } from "./plan.ts";
import type { Reason } from "./reason.ts";
import type { Approval, Refusal } from "./refusal.ts";
import type { Symptom } from "./symptom.ts";

export type IncidentState = "open" | "healing" | "verifying" | "resolved" | "escalated" | "closed";

/** Which state may follow which; anything else is a broken rule of the code. */
export const transitions: Readonly<Record<IncidentState, readonly IncidentState[]>> = {
  open: ["healing", "escalated", "resolved"],
  healing: ["verifying", "open", "escalated", "resolved"],
  verifying: ["resolved", "open", "healing", "escalated"],
  escalated: ["healing", "resolved", "closed"],
  resolved: ["closed"],
  closed: [],
};

export interface Incident {
  /** "1", "2", …: its number in this journal. */
  readonly id: string;
  /** The service that is believed to be the cause. */
  readonly service: string;
  readonly state: IncidentState;
  readonly openedAtMs: number;
  /** When the first symptom began. */
  readonly sinceMs: number;
  readonly endedAtMs?: number;
  /** The drill that was on for its service when it was opened. */
  readonly drill?: string;
  /** Every symptom that belongs to it, those of dependents too. */
  readonly symptoms: readonly (Symptom & { readonly clearedAtMs?: number })[];
  readonly evidence: readonly (Evidence & { readonly atMs: number })[];
  /** Evidence that was asked for and has not come, as `kind target`. */
  readonly awaiting: readonly string[];
  readonly diagnosis?: Diagnosis;
  readonly plan?: Plan;
  /** How many plans were made; the last one counts. */
  readonly ladder: number;
  /** The rung that is next. */
  readonly rung: number;
  readonly actions: readonly ActionRecord[];
  readonly refusals: readonly Refusal[];
  /** The answer that holds now and keeps the next action from running. */
  readonly standing?: Refusal & { readonly sinceMs: number };
  readonly approvals: readonly Approval[];
  /** Quick starts have ended; what its ladder has begun with is tried slowly from now on. */
  readonly givenUp?: true;
  /** The degrade that stands until its cause has passed. */
  readonly mitigatedBy?: string;
  readonly verifyDeadlineMs?: number;
  /** The last word: why it was resolved, escalated or closed. */
  readonly ending?: Reason;
}

export const isOpen = (incident: Incident): boolean =>
  incident.state !== "resolved" && incident.state !== "closed";

/** The incident in its next state. @throws INVARIANT when that may not follow. */
export function enter(incident: Incident, next: IncidentState): Incident {
  if (incident.state === next) return incident;
  const legal = transitions[incident.state].includes(next);
  invariant(legal, `incident ${incident.id} cannot go from ${incident.state} to ${next}`);
  return { ...incident, state: next };
}

/** The incident without the answer that held its next action back. */
export function withoutStanding(incident: Incident): Incident {
  const { standing: _, ...rest } = incident;
  return rest;
}
