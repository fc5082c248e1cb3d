// Retry: what was given up is started again, slowly and for ever, beside the people who were called.
import type { Incident } from "../model/incident.ts";
import type { RestartPolicy } from "../model/policy.ts";
import { because } from "../model/reason.ts";
import type { Target } from "../model/target.ts";
import type { Attempt } from "./guard-ask.ts";
import { downInstances, openIncidents, type State, shortRuns } from "./state.ts";

const usualMs = 300_000;

/** From the last end of an instance that was given up to its next start. */
export function retryMsOf({ retryMs, maxMs }: RestartPolicy): number {
  return retryMs ?? Math.max(usualMs, maxMs);
}

/** Unexpected ends that still count for giving up: old ones decay. */
export function recentExits(
  state: State,
  target: Target,
  { giveUp }: RestartPolicy,
  nowMs: number,
): number {
  const exits = state.exits[target] ?? [];
  return exits.filter((exit) => nowMs - exit.atMs < giveUp.withinMs).length;
}

/** When an instance may be started again, and how long it has to wait for that. */
export interface Turn {
  readonly kind: "back-off" | "retry";
  /** Loop time of its last end. */
  readonly lastMs: number;
  readonly waitMs: number;
  readonly untilMs: number;
  /** Short runs in a row that it has just had. */
  readonly runs: number;
}

/**
 * Given up are too many ends within the window; once that was so, also short runs that began before
 * it, so that what does not live is not tried faster again because its ends have grown old.
 */
export function turnOf(
  state: State,
  target: Target,
  restart: RestartPolicy,
  nowMs: number,
  retry: boolean,
): Turn {
  const { firstMs, factor, maxMs, stableMs, giveUp } = restart;
  const endMs = state.exits[target]?.at(-1)?.atMs ?? nowMs;
  const failed = failedSince(state, target, endMs);
  const lastMs = Math.max(endMs, ...failed);
  const runs = shortRuns(state, target, stableMs) + failed.length;
  const most = Math.max(runs, recentExits(state, target, restart, nowMs));
  if (retry && most >= giveUp.exits) {
    const waitMs = retryMsOf(restart);
    return { kind: "retry", lastMs, waitMs, untilMs: lastMs + waitMs, runs };
  }
  // Whole, as moments of the journal are: a tick at the very end of a wait must find it over.
  const waitMs = runs === 0 ? 0 : Math.ceil(Math.min(maxMs, firstMs * factor ** (runs - 1)));
  return { kind: "back-off", lastMs, waitMs, untilMs: lastMs + waitMs, runs };
}

/** When starts failed that had nothing to do with a process, as while everything is being stopped. */
function failedSince(state: State, target: Target, endMs: number): readonly number[] {
  return openIncidents(state)
    .flatMap(({ actions }) => actions)
    .filter((it) => it.kind === "start" && it.target === target && it.state === "failed")
    .filter((it) => it.intendedAtMs > endMs)
    .map((it) => it.endedAtMs ?? it.intendedAtMs);
}

/**
 * The start of what has ended while people have it in hand: nobody else would start it. Who waits for
 * people to be reached waits for nothing here; it is tried in the moment in which it may be, and
 * keeps no page from its turn.
 */
export function retryOf(state: State, incident: Incident, nowMs: number): Attempt | undefined {
  const policy = state.policy.services[incident.service];
  if (!policy || policy.job || policy.restart.when === "never" || !isLeft(incident)) {
    return undefined;
  }
  let targets = downInstances(state, incident.service).filter(
    (it) => holds(incident, it) && !isUnderWay(incident, it),
  );
  if (incident.state !== "escalated") {
    const isStopped = state.paused !== undefined || incident.service in state.held;
    if (isStopped || policy.healing.modes.start !== "auto") return undefined;
    const dueMs = (it: Target): number => turnOf(state, it, policy.restart, nowMs, true).untilMs;
    targets = targets.filter((it) => nowMs >= dueMs(it));
  }
  if (targets.length === 0) return undefined;
  const text = "what was given up is tried again now and then: its cause may have passed";
  return { action: "start", targets, why: because("retry", text), retry: true };
}

/** Whether another incident looks after the start of this instance. */
export function isLeftTo(other: Incident, target: Target): boolean {
  return isLeft(other) && holds(other, target);
}

/** Its ladder starts nothing any more. */
function isLeft({ state, givenUp, plan, rung }: Incident): boolean {
  if (state === "escalated") return true;
  const at = plan?.rungs.findIndex(({ action }) => action === "start") ?? -1;
  return state === "open" && givenUp === true && at >= 0 && rung > at;
}

function holds({ symptoms }: Incident, target: Target): boolean {
  return symptoms.some((it) => it.target === target && it.clearedAtMs === undefined);
}

function isUnderWay({ actions }: Incident, target: Target): boolean {
  const isOver = (it: Incident["actions"][number]): boolean =>
    it.outcome !== undefined || it.state === "abandoned";
  return actions.some((it) => it.target === target && it.kind === "start" && !isOver(it));
}
