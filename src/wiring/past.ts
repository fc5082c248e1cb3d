// What the journal tells a new daemon about the instances that the ones before it ran.
import type { State } from "../controller/state.ts";
import type { Target } from "../model/target.ts";
import type { Store } from "../stores/store.ts";
import type { Past } from "../supervisor/spec.ts";

/** Until when each scheduled job has been answered; to be asked when the new config is applied. */
export function doneAtOf(state: State): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(state.jobs).flatMap(([name, { doneAt }]) =>
      doneAt === undefined ? [] : [[name, doneAt] as const],
    ),
  );
}

/** `state` is the fold of the whole journal in `store`, before the new daemon adds to it. */
export function pastOf(state: State, store: Pick<Store, "read">, bootId: string): Past {
  const [last] = store.read(state.seq - 1);
  const [session] = store.read(state.session - 1);
  const sameBoot = session?.type === "daemon.started" && session.data.bootId === bootId;
  const anew = last === undefined || last.type === "daemon.stopped" || !sameBoot;
  const instances = Object.values(state.instances);
  return {
    anew,
    runs: new Map(
      instances
        .filter((it) => it.state !== "down")
        .map(({ target, identity, startedAtMs, readyAtMs, state }) => [
          target,
          {
            ...(identity ? { identity } : {}),
            sinceMs: startedAtMs,
            stopping: state === "stopping",
            // A daemon that died over its own start has left it unsure whether it still is.
            ready: state === "ready" || (state === "starting" && readyAtMs !== undefined),
          },
        ]),
    ),
    held: new Map(Object.entries(state.held).map(([name, { by }]) => [name, by])),
    completed: new Set(
      Object.entries(state.jobs)
        .filter(([, { last }]) => !anew && last?.result === "completed")
        .map(([name]) => name),
    ),
    resting: new Set(
      anew
        ? []
        : instances
            .filter((it) => it.state === "down" && it.exit?.stopped !== true)
            .map((it) => it.target)
            .filter((target) => !wasStarting(state, target)),
    ),
  };
}

/** The daemon died over its start: when no process came of it, nothing is done twice by one. */
function wasStarting(state: State, target: Target): boolean {
  return Object.values(state.incidents)
    .flatMap((incident) => incident.actions)
    .some((it) => it.kind === "start" && it.target === target && it.state === "started");
}
