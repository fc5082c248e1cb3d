// How each event changes what the loop knows: the state is this function over the whole journal.
import type { Change } from "../model/change.ts";
import type { Event } from "../model/event.ts";
import type { Target } from "../model/target.ts";
import { foldDrill } from "./fold-drill.ts";
import { foldIncident } from "./fold-incident.ts";
import { foldInstance } from "./fold-instance.ts";
import { foldJob } from "./fold-job.ts";
import { foldPeople, foldScaled } from "./fold-people.ts";
import { isConfigured, put, type State, without } from "./state.ts";

const hourMs = 3_600_000;
const changesKept = 50;

/** Pure: the same state and event give the same state. Events that a part does not know pass by. */
export function fold(before: State, event: Event): State {
  const state = { ...before, seq: event.seq, atMs: Math.max(before.atMs, event.atMs) };
  const next = foldInstance(foldGeneral(state, event), event);
  return foldIncident(foldPeople(foldDrill(foldJob(before, next, event), event), event), event);
}

function foldGeneral(state: State, event: Event): State {
  switch (event.type) {
    case "daemon.started":
      return { ...state, session: event.seq, offsetMs: event.data.offsetMs };
    case "clock.stepped":
      return { ...state, offsetMs: event.data.offsetMs };
    case "config.applied":
      return forgetRemoved({ ...state, policy: event.data.policy });
    case "operator.scaled":
      return forgetRemoved(foldScaled(state, event));
    case "operator.paused": {
      const { by, reason } = event.data;
      return { ...state, paused: { by, reason, atMs: event.atMs } };
    }
    case "operator.resumed": {
      const { paused: _, ...rest } = state;
      return rest;
    }
    case "change.seen":
      return foldChange(state, event.data, event.atMs);
    case "config.proven": {
      const { file, version, service } = event.data;
      return { ...state, proven: put(state.proven, file, { version, service }) };
    }
    case "symptom.raised":
      return { ...state, symptoms: put(state.symptoms, event.data.key, event.data) };
    case "symptom.cleared": {
      const { key } = event.data;
      return { ...state, symptoms: without(state.symptoms, (other) => other === key) };
    }
    case "lesson.learned": {
      const { signature, action } = event.data;
      return { ...state, lessons: put(state.lessons, `${signature} ${action}`, event.data) };
    }
    case "action.intended":
      return foldIntent(state, event);
    case "action.started":
      return foldDegrade(state, event.data.action);
    default:
      return state;
  }
}

/** What the config no longer asks for is no longer known; its symptoms end as decisions do. */
function forgetRemoved(state: State): State {
  const gone = (target: Target): boolean => !isConfigured(state.policy, target);
  const fileGone = (_: string, file: { readonly service: string }): boolean => gone(file.service);
  return {
    ...state,
    instances: without(state.instances, gone),
    exits: without(state.exits, gone),
    degraded: without(state.degraded, gone),
    held: without(state.held, gone),
    scaled: without(state.scaled, gone),
    costs: without(state.costs, gone),
    waiting: without(state.waiting, gone),
    files: without(state.files, fileGone),
    proven: without(state.proven, fileGone),
  };
}

function foldChange(state: State, change: Change, atMs: number): State {
  const next = { ...state, changes: [...state.changes, change].slice(-changesKept) };
  if (change.file === undefined || change.version === undefined) return next;
  const entry = { version: change.version, service: change.target, atMs };
  return { ...next, files: put(state.files, change.file, entry) };
}

function foldIntent(state: State, event: Extract<Event, { type: "action.intended" }>): State {
  const intent = event.data;
  const incident = state.incidents[intent.incident];
  const mark = {
    service: incident?.service ?? intent.target,
    kind: intent.kind,
    diagnosis: incident?.diagnosis?.kind ?? "unknown",
    atMs: event.atMs,
  };
  const recent = state.recent.filter((other) => event.atMs - other.atMs < hourMs);
  return {
    ...state,
    lastAction: Math.max(state.lastAction, Number(intent.id.slice(1))),
    recent: [...recent, mark],
  };
}

/** From the start of the action, not its end: a daemon that died in between keeps it standing. */
function foldDegrade(state: State, id: string): State {
  const action = Object.values(state.incidents)
    .flatMap((incident) => incident.actions)
    .find((other) => other.id === id);
  if (action?.kind === "degrade") {
    const entry = { action: id, why: action.why.text };
    return { ...state, degraded: put(state.degraded, action.target, entry) };
  }
  if (action?.kind === "restore") {
    return { ...state, degraded: without(state.degraded, (key) => key === action.target) };
  }
  return state;
}
