// An incident's events as lines that can be read at 3 a.m., each with its reason and number.
import { formatDuration } from "../kernel/duration.ts";
import type { Event } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import type { Reason } from "../model/reason.ts";
import type { TimelineEntry } from "../protocol/api.ts";

type Line = Pick<TimelineEntry, "lane" | "text"> & {
  readonly why?: Reason;
  readonly lines?: readonly string[];
};

/** `events` are those of the incident, and the clearing of its symptoms; in order. */
export function timeline(incident: Incident, events: readonly Event[]): readonly TimelineEntry[] {
  return events.flatMap((event) => {
    const line = lineOf(incident, event);
    if (!line) return [];
    const sinceMs = Math.max(0, event.atMs - incident.sinceMs);
    return [{ seq: event.seq, time: event.time, sinceMs, ...line }];
  });
}

/** Whether an event belongs on the timeline of the incident. */
export function concerns(incident: Incident, event: Event): boolean {
  if (event.incident === incident.id) return true;
  if (isOfDrill(event)) return event.data.id === incident.drill;
  if (event.type !== "symptom.cleared" || event.atMs < incident.openedAtMs) return false;
  const endMs = incident.endedAtMs ?? Number.POSITIVE_INFINITY;
  return event.atMs <= endMs && incident.symptoms.some((other) => other.key === event.data.key);
}

function lineOf(incident: Incident, event: Event): Line | undefined {
  return (
    drillLine(event) ??
    symptomLine(incident, event) ??
    decisionLine(event) ??
    actionLine(incident, event)
  );
}

type OfDrill = Extract<Event, { type: "drill.began" | "drill.injected" | "drill.ended" }>;

function isOfDrill(event: Event): event is OfDrill {
  return event.type.startsWith("drill.");
}

function drillLine(event: Event): Line | undefined {
  if (!isOfDrill(event)) return undefined;
  const lane = "evidence";
  const { id } = event.data;
  if (event.type === "drill.injected") return { lane, text: `drill ${id}: the fault is done` };
  if (event.type === "drill.ended") {
    const { verdict, text } = event.data;
    return { lane, text: `drill ${id} is over: ${verdict}: ${text}` };
  }
  const { kind, target, by } = event.data;
  return { lane, text: `drill ${id}: ${kind} of ${target}, by ${by}` };
}

function symptomLine(incident: Incident, event: Event): Line | undefined {
  switch (event.type) {
    case "incident.joined": {
      const symptom = incident.symptoms.find((other) => other.key === event.data.symptom);
      const { rule } = event.data.why;
      const where =
        rule === "dependency-down" || rule === "cause" ? ` (${event.data.why.text})` : "";
      const text = `${symptom?.target ?? event.subject}: ${symptom?.why.text ?? "sick"}${where}`;
      return { lane: "symptom", text, ...(symptom ? { why: symptom.why } : {}) };
    }
    case "symptom.cleared":
      return { lane: "symptom", text: `${event.subject} no longer: ${event.data.text}` };
    case "incident.moved":
      return {
        lane: "diagnosis",
        text: `the cause is looked for in ${event.data.service}`,
        why: event.data.why,
      };
    case "evidence.requested":
      return { lane: "evidence", text: `capturing ${event.data.kind} of ${event.data.target}` };
    case "evidence.captured": {
      const { summary, lines, tookMs } = event.data;
      return {
        lane: "evidence",
        text: `${summary} (captured in ${formatDuration(tookMs)})`,
        lines,
      };
    }
    default:
      return undefined;
  }
}

function decisionLine(event: Event): Line | undefined {
  switch (event.type) {
    case "diagnosis.made": {
      const [first, ...others] = event.data.because;
      const lines = others.map((reason) => reason.text);
      return { lane: "diagnosis", text: event.data.text, ...(first ? { why: first } : {}), lines };
    }
    case "plan.made": {
      const ladder = event.data.rungs.map((rung) => rung.action).join(", then ");
      const lines = event.data.rejected.map(({ action, why }) => `not ${action}: ${why.text}`);
      const why = event.data.rungs[0]?.why;
      return { lane: "plan", text: ladder || "wait", ...(why ? { why } : {}), lines };
    }
    case "guard.refused":
      return {
        lane: "guard",
        text: `refused: ${event.data.action} of ${event.data.target}`,
        why: event.data.why,
      };
    case "guard.waits":
      return {
        lane: "guard",
        text: `waits: ${event.data.action} of ${event.data.target}`,
        why: event.data.why,
      };
    case "approval.asked": {
      const { id, action, target, effect } = event.data;
      return { lane: "guard", text: `${id} asks: ${action} of ${target}?`, lines: [effect] };
    }
    case "approval.expired":
      return { lane: "guard", text: `${event.data.id} was not answered in time` };
    case "operator.approved":
      return { lane: "guard", text: `${event.data.approval} approved by ${event.data.by}` };
    case "operator.denied":
      return { lane: "guard", text: `${event.data.approval} denied by ${event.data.by}` };
    case "rung.next":
      return { lane: "plan", text: `next: rung ${event.data.rung + 1}`, why: event.data.why };
    default:
      return endLine(event);
  }
}

function endLine(event: Event): Line | undefined {
  switch (event.type) {
    case "incident.mitigated":
      return { lane: "verify", text: "mitigated until the cause has passed", why: event.data.why };
    case "incident.resolved":
      return { lane: "end", text: "resolved", why: event.data.why };
    case "incident.escalated":
      return { lane: "end", text: "handed to a person", why: event.data.why };
    case "incident.closed":
      return { lane: "end", text: "closed", why: event.data.why };
    default:
      return undefined;
  }
}

function actionLine(incident: Incident, event: Event): Line | undefined {
  const name = (id: string): string => {
    const action = incident.actions.find((other) => other.id === id);
    return action ? `${id} ${action.kind} of ${action.target}` : id;
  };
  const steps = (list: readonly { readonly text: string; readonly tookMs: number }[]) =>
    list.map(({ text, tookMs }) => `${text} (${formatDuration(tookMs)})`);
  switch (event.type) {
    case "action.intended": {
      const { undo, why } = event.data;
      const lines = undo ? [`undo: ${undo.text}`] : [];
      return { lane: "action", text: `${name(event.data.id)}: intended`, why, lines };
    }
    case "action.done": {
      const { action, receipt } = event.data;
      return { lane: "action", text: `${name(action)}: done`, lines: steps(receipt.steps) };
    }
    case "action.failed": {
      const { action, error, receipt } = event.data;
      return {
        lane: "action",
        text: `${name(action)}: failed: ${error}`,
        lines: steps(receipt.steps),
      };
    }
    case "action.abandoned":
      return { lane: "action", text: `${name(event.data.action)}: never ran`, why: event.data.why };
    case "action.interrupted":
      return {
        lane: "action",
        text: `${name(event.data.action)}: is verified, not repeated`,
        why: event.data.why,
      };
    case "action.judged": {
      const { action, result, why } = event.data;
      return { lane: "verify", text: `${name(action)}: ${result}`, why };
    }
    default:
      return undefined;
  }
}
