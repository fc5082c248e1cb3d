// The part of the fold about what people hold down, and about what waits for its dependencies.
import type { Event, EventOf } from "../model/event.ts";
import { serviceOf } from "../model/target.ts";
import { put, type State, without } from "./state.ts";

export function foldPeople(state: State, event: Event): State {
  const service = serviceOf(event.subject);
  switch (event.type) {
    case "daemon.stopped":
      return { ...state, waiting: {}, scaled: {} };
    case "daemon.started":
      return Object.keys(state.waiting).length === 0 ? state : { ...state, waiting: {} };
    case "operator.stopped": {
      const held = put(state.held, service, { by: event.data.by, atMs: event.atMs });
      return goesOn({ ...state, held }, service);
    }
    case "operator.started":
      return { ...state, held: without(state.held, (name) => name === service) };
    case "service.waiting": {
      return { ...state, waiting: put(state.waiting, service, event.data) };
    }
    case "job.due":
    case "instance.started":
      return goesOn(state, service);
    default:
      return state;
  }
}

export function foldScaled(state: State, event: EventOf<"operator.scaled">): State {
  const { subject, atMs, data } = event;
  const service = state.policy.services[subject];
  if (!service) return state;
  const { by, replicas } = data;
  const services = put(state.policy.services, subject, { ...service, replicas });
  const scaled = put(state.scaled, subject, { by, replicas, atMs });
  return { ...state, policy: { ...state.policy, services }, scaled };
}

function goesOn(state: State, service: string): State {
  if (!(service in state.waiting)) return state;
  return { ...state, waiting: without(state.waiting, (name) => name === service) };
}
