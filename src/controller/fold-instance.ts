// The part of the fold about processes: which run, since when, and how they ended.
import type { Event } from "../model/event.ts";
import type { Instance, ProcessIdentity } from "../model/instance.ts";
import { put, type State } from "./state.ts";

const exitsKept = 50;

export function foldInstance(state: State, event: Event): State {
  const target = event.subject;
  const known = state.instances[target];
  switch (event.type) {
    case "daemon.started":
      return unsure(state, event.atMs);
    case "instance.started":
      return started(state, event, "starting");
    case "instance.adopted": {
      const same = known?.identity && sameProcess(known.identity, event.data.identity);
      if (!same || known.state === "down") return started(state, event, "starting");
      const isReady = event.data.ready && known.state === "starting";
      return isReady ? update(state, { ...known, state: "ready" }) : state;
    }
    case "instance.live":
      return known ? update(state, { ...known, liveAtMs: event.atMs }) : state;
    case "instance.ready":
      if (!known) return state;
      return update(state, {
        ...known,
        state: "ready",
        readyAtMs: known.readyAtMs ?? event.atMs,
        sinceMs: event.atMs,
      });
    case "instance.stopping":
      return known ? update(state, { ...known, state: "stopping", sinceMs: event.atMs }) : state;
    case "instance.exited": {
      const base = known ?? { target, startedAtMs: event.atMs };
      const { target: name, startedAtMs } = base;
      const next = update(state, {
        target: name,
        startedAtMs,
        state: "down",
        sinceMs: event.atMs,
        exit: event.data,
      });
      if (event.data.expected) return { ...next, exits: put(next.exits, target, []) };
      const mark = { seq: event.seq, atMs: event.atMs, uptimeMs: event.data.uptimeMs };
      const exits = [...(state.exits[target] ?? []), mark].slice(-exitsKept);
      return { ...next, exits: put(next.exits, target, exits) };
    }
    default:
      return state;
  }
}

/**
 * What ran when the last daemon died is looked at anew; that it was ready once is kept, and that it
 * is being stopped: a daemon that dies before it could go on stopping must not lose that.
 */
function unsure(state: State, atMs: number): State {
  const instances = Object.fromEntries(
    Object.entries(state.instances).map(([target, instance]) => [
      target,
      instance.state === "down" || instance.state === "stopping"
        ? instance
        : { ...withoutLife(instance), state: "starting" as const, sinceMs: atMs },
    ]),
  );
  return { ...state, instances };
}

function withoutLife({ liveAtMs: _, ...rest }: Instance): Instance {
  return rest;
}

function started(
  state: State,
  event: Extract<Event, { type: "instance.started" | "instance.adopted" }>,
  as: Instance["state"],
): State {
  const { identity, port } = event.data;
  return update(state, {
    target: event.subject,
    state: as,
    identity,
    ...(port === undefined ? {} : { port }),
    startedAtMs: event.atMs,
    sinceMs: event.atMs,
  });
}

function update(state: State, instance: Instance): State {
  return { ...state, instances: put(state.instances, instance.target, instance) };
}

function sameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId;
}
