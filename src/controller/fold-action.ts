// The part of the fold about actions: from intent to receipt and outcome, within their incident.
import type { ActionRecord, ActionState } from "../model/action.ts";
import type { Event } from "../model/event.ts";
import { enter, type Incident, withoutStanding } from "../model/incident.ts";
import type { State } from "./state.ts";

export function changeAction(state: State, incident: Incident, event: Event): Incident {
  const atMs = event.atMs;
  switch (event.type) {
    case "action.intended": {
      const record: ActionRecord = {
        ...event.data,
        state: "intended",
        session: state.session,
        intendedAtMs: atMs,
        intendedSeq: event.seq,
      };
      const next = { ...intended(incident, record), actions: [...incident.actions, record] };
      const taken = useLeave(next, record);
      // People have it in hand: that it is tried again meanwhile takes nothing from them.
      return record.retry ? taken : enter(taken, "healing");
    }
    case "action.started":
      return withAction(incident, event.data.action, {
        state: "started",
        startedAtMs: atMs,
        startedSeq: event.seq,
      });
    case "action.done":
      return ended(state, incident, event.data.action, "done", atMs, {
        receipt: event.data.receipt,
      });
    case "action.failed":
      return ended(state, incident, event.data.action, "failed", atMs, {
        receipt: event.data.receipt,
        error: event.data.error,
      });
    case "action.interrupted":
      return ended(state, incident, event.data.action, "interrupted", atMs, {});
    case "action.abandoned": {
      const next = giveBackLeave(incident, event.data.action);
      return ended(state, next, event.data.action, "abandoned", atMs, {});
    }
    case "action.judged":
      return withAction(incident, event.data.action, { outcome: event.data });
    default:
      return incident;
  }
}

/** An action is over; when it was the last of those under way, verifying begins. */
function ended(
  state: State,
  incident: Incident,
  id: string,
  as: ActionState,
  atMs: number,
  more: Partial<ActionRecord>,
): Incident {
  const next = withAction(incident, id, { state: as, endedAtMs: atMs, ...more });
  const running = next.actions.some(
    (other) => other.state === "intended" || other.state === "started",
  );
  if (running || next.state !== "healing") return next;
  const judged = next.actions.every((other) => other.outcome || other.state === "abandoned");
  if (judged) return enter(next, "open");
  const timeoutMs = state.policy.services[incident.service]?.healing.verify.timeoutMs ?? 0;
  return { ...enter(next, "verifying"), verifyDeadlineMs: atMs + timeoutMs };
}

function withAction(incident: Incident, id: string, next: Partial<ActionRecord>): Incident {
  const actions = incident.actions.map((other) =>
    other.id === id ? { ...other, ...next } : other,
  );
  return { ...incident, actions };
}

/** What a person has allowed is allowed once. */
function useLeave(incident: Incident, { id, kind, target, undoes }: ActionRecord): Incident {
  const leave = incident.approvals.findLast(
    (it) => it.action === kind && it.target === target && it.state === "given" && !it.usedBy,
  );
  if (!leave || undoes !== undefined) return incident;
  const used = { ...leave, usedBy: id };
  return { ...incident, approvals: incident.approvals.map((it) => (it === leave ? used : it)) };
}

/** What never ran has used up nothing. */
function giveBackLeave(incident: Incident, action: string): Incident {
  const approvals = incident.approvals.map((it) => {
    const { usedBy, ...rest } = it;
    return usedBy === action ? rest : it;
  });
  return { ...incident, approvals };
}

/** Traffic that comes back ends the mitigation; whether that holds is verified. */
function intended(incident: Incident, record: ActionRecord): Incident {
  const next = withoutStanding(incident);
  if (record.kind !== "restore") return next;
  const { mitigatedBy: _, ...rest } = next;
  return rest;
}
