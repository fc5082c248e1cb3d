// The part of the fold about incidents: everything that happened to one trouble, in one place.
import type { Event } from "../model/event.ts";
import { enter, type Incident, isOpen, withoutStanding } from "../model/incident.ts";
import { changeAction } from "./fold-action.ts";
import { put, type State, without } from "./state.ts";

const endedKept = 100;
/** Of each list of an incident: one that lasts for weeks must stay as short as it can be read. */
const entriesKept = 100;
const evidenceKept = 20;

export function foldIncident(state: State, event: Event): State {
  if (event.type === "incident.opened") return opened(state, event);
  if (event.type === "daemon.started") return forgetAwaiting(state);
  if (event.type === "symptom.cleared") return cleared(state, event.data.key, event.atMs);
  if (event.type === "incident.joined") return foldOne(leave(state, event.data.symptom), event);
  if (event.type === "approval.asked") {
    const number = Number(event.data.id.slice(1));
    return foldOne({ ...state, lastApproval: number }, event);
  }
  return foldOne(state, event);
}

function foldOne(state: State, event: Event): State {
  const incident = event.incident === undefined ? undefined : state.incidents[event.incident];
  if (!incident) return state;
  const changed = change(state, incident, event);
  if (changed === incident) return state;
  const next = bounded(changed);
  const incidents = put(state.incidents, incident.id, next);
  return { ...state, incidents: isOpen(next) ? incidents : forgetOldest(incidents) };
}

function opened(state: State, event: Extract<Event, { type: "incident.opened" }>): State {
  const { id, service } = event.data;
  const { drill } = state;
  const incident: Incident = {
    id,
    service,
    state: "open",
    openedAtMs: event.atMs,
    sinceMs: event.atMs,
    ...(drill?.services.includes(service) ? { drill: drill.id } : {}),
    symptoms: [],
    evidence: [],
    awaiting: [],
    ladder: 0,
    rung: 0,
    actions: [],
    refusals: [],
    approvals: [],
  };
  return { ...state, lastIncident: Number(id), incidents: put(state.incidents, id, incident) };
}

function change(state: State, incident: Incident, event: Event): Incident {
  switch (event.type) {
    case "incident.joined": {
      const symptom = state.symptoms[event.data.symptom];
      if (!symptom) return incident;
      const others = incident.symptoms.filter(
        (other) => other.key !== symptom.key || other.clearedAtMs !== undefined,
      );
      const sinceMs = Math.min(incident.sinceMs, symptom.sinceMs);
      return { ...incident, sinceMs, symptoms: [...others, symptom] };
    }
    case "incident.moved":
      return { ...withoutPlan(incident), service: event.data.service };
    case "evidence.requested":
      return {
        ...incident,
        awaiting: [...incident.awaiting, `${event.data.kind} ${event.data.target}`],
      };
    case "evidence.captured": {
      const key = `${event.data.kind} ${event.data.target}`;
      const awaiting = incident.awaiting.filter((other) => other !== key);
      return {
        ...incident,
        awaiting,
        evidence: [...incident.evidence, { ...event.data, atMs: event.atMs }],
      };
    }
    case "diagnosis.made":
      return { ...withoutPlan(incident), diagnosis: event.data };
    case "plan.made":
      return { ...incident, plan: event.data, ladder: incident.ladder + 1, rung: 0 };
    case "guard.refused":
    case "guard.waits":
      return {
        ...incident,
        refusals: [...incident.refusals, event.data],
        standing: { ...event.data, sinceMs: event.atMs },
        ...(event.data.why.rule === "give-up" ? { givenUp: true as const } : {}),
      };
    case "rung.next":
      return enter({ ...withoutStanding(incident), rung: event.data.rung }, "open");
    case "incident.mitigated":
      return enter({ ...incident, mitigatedBy: event.data.action }, "open");
    case "incident.escalated":
      return { ...enter(incident, "escalated"), ending: event.data.why };
    case "incident.resolved":
      return { ...enter(incident, "resolved"), ending: event.data.why, endedAtMs: event.atMs };
    case "incident.closed":
      return { ...enter(incident, "closed"), ending: event.data.why };
    default:
      return changeAction(state, changeApproval(incident, event), event);
  }
}

function changeApproval(incident: Incident, event: Event): Incident {
  const settle = (id: string, next: Partial<Incident["approvals"][number]>): Incident => ({
    ...incident,
    approvals: incident.approvals.map((other) => (other.id === id ? { ...other, ...next } : other)),
  });
  switch (event.type) {
    case "approval.asked":
      return { ...incident, approvals: [...incident.approvals, event.data] };
    case "approval.expired":
      return settle(event.data.id, { state: "expired" });
    case "operator.approved":
      return settle(event.data.approval, { state: "given", by: event.data.by });
    case "operator.denied":
      return settle(event.data.approval, { state: "denied", by: event.data.by });
    default:
      return incident;
  }
}

function bounded(incident: Incident): Incident {
  const { symptoms, actions, approvals, refusals, evidence } = incident;
  return {
    ...incident,
    symptoms: latest(symptoms, entriesKept, (it) => it.clearedAtMs !== undefined),
    actions: latest(actions, entriesKept, (it) => it.outcome !== undefined),
    approvals: latest(approvals, entriesKept, (it) => it.state !== "open"),
    refusals: latest(refusals, entriesKept),
    evidence: latest(evidence, evidenceKept),
  };
}

/** Without its oldest entry that is over, when there are too many. */
function latest<T>(
  list: readonly T[],
  most: number,
  isOver: (entry: T) => boolean = () => true,
): readonly T[] {
  const oldest = list.length > most ? list.findIndex(isOver) : -1;
  return oldest < 0 ? list : list.toSpliced(oldest, 1);
}

/** A new diagnosis starts a new ladder. */
function withoutPlan(incident: Incident): Incident {
  const { plan: _, ...rest } = withoutStanding(incident);
  return { ...rest, rung: 0 };
}

function cleared(state: State, key: string, atMs: number): State {
  return everywhere(state, key, (symptom) => [{ ...symptom, clearedAtMs: atMs }]);
}

/** A symptom belongs to one incident: with the next one it leaves the one before. */
function leave(state: State, key: string): State {
  return everywhere(state, key, () => []);
}

/** Changes an active symptom in every incident that holds it. */
function everywhere(
  state: State,
  key: string,
  to: (symptom: Incident["symptoms"][number]) => Incident["symptoms"],
): State {
  const isIt = (it: Incident["symptoms"][number]): boolean =>
    it.key === key && it.clearedAtMs === undefined;
  const holders = Object.values(state.incidents).filter(({ symptoms }) => symptoms.some(isIt));
  if (holders.length === 0) return state;
  const changed = holders.map((incident) => {
    const symptoms = incident.symptoms.flatMap((it) => (isIt(it) ? to(it) : [it]));
    return [incident.id, { ...incident, symptoms }] as const;
  });
  return { ...state, incidents: { ...state.incidents, ...Object.fromEntries(changed) } };
}

/** What a dead daemon had asked for will not come: it is asked for again. */
function forgetAwaiting(state: State): State {
  const incidents = Object.fromEntries(
    Object.entries(state.incidents).map(([id, incident]) => [id, { ...incident, awaiting: [] }]),
  );
  return { ...state, incidents };
}

function forgetOldest(incidents: State["incidents"]): State["incidents"] {
  const ended = Object.values(incidents).filter((incident) => !isOpen(incident));
  if (ended.length <= endedKept) return incidents;
  const oldest = ended.toSorted((a, b) => Number(a.id) - Number(b.id))[0];
  return without(incidents, (id) => id === oldest?.id);
}
