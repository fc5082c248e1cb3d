// The part of the fold about drills and about what restarts cost.
import type { Event } from "../model/event.ts";
import { serviceOf } from "../model/target.ts";
import { put, type State } from "./state.ts";

const costsKept = 10;

export function foldDrill(state: State, event: Event): State {
  switch (event.type) {
    case "restart.cost": {
      const service = serviceOf(event.subject);
      const costs = [...(state.costs[service] ?? []), event.data].slice(-costsKept);
      return { ...state, costs: put(state.costs, service, costs) };
    }
    case "drill.began": {
      const lastDrill = Number(event.data.id.slice(1));
      return { ...state, lastDrill, drill: { ...event.data, seq: event.seq, atMs: event.atMs } };
    }
    case "drill.ended": {
      const { drill: _, ...rest } = state;
      return rest;
    }
    default:
      return state;
  }
}
