// Guards of time and number: back-off and give-up, strikes, cooldown, budget.
import { formatDuration } from "../kernel/duration.ts";
import type { ActionRecord } from "../model/action.ts";
import type { Incident } from "../model/incident.ts";
import { because, type Reason } from "../model/reason.ts";
import type { Guard } from "./guard-ask.ts";
import { recentExits, retryMsOf, turnOf } from "./retry.ts";

/** Starting what is not running takes nothing away: only its back-off and its end bound it. */
export const backOff: Guard = ({ state, policy, rung, target, nowMs }) => {
  if (rung.action !== "start") return undefined;
  const { restart } = policy;
  const { giveUp } = restart;
  const turn = turnOf(state, target, restart, nowMs, rung.retry === true);
  const exits = recentExits(state, target, restart, nowMs);
  if (turn.kind === "back-off" && exits >= giveUp.exits) {
    // Another instance keeps the ladder from going on: the slow tries do not wait for that.
    if (nowMs >= turn.lastMs + retryMsOf(restart)) return undefined;
    const within = `${Math.round(giveUp.withinMs / 1_000)} s`;
    const again = formatDuration(retryMsOf(restart));
    const text = `${target} ended ${exits} times within ${within}: given up, but for a try every ${again}`;
    return { kind: "refused", why: because("give-up", text, exits, giveUp.exits), final: true };
  }
  const { kind, waitMs, untilMs, runs } = turn;
  if (nowMs >= untilMs) return undefined;
  const text =
    kind === "retry"
      ? `${target} was given up: it is tried again ${formatDuration(waitMs)} after its end`
      : `back-off: start number ${runs + 1} in a row waits ${waitMs} ms`;
  const limit = kind === "retry" ? waitMs : restart.maxMs;
  return { kind: "wait", why: { rule: kind, text, value: waitMs, limit, unit: "ms" }, untilMs };
};

export const strikes: Guard = ({ incident, policy, rung }) => {
  if (rung.action === "start") return undefined;
  const failed = notHelped(incident);
  const limit = policy.healing.strikes;
  if (failed < limit) return undefined;
  const text = `${failed} actions in this incident did not help`;
  return { kind: "refused", why: because("strikes", text, failed, limit), final: true };
};

export const cooldown: Guard = ({ state, incident, policy, rung, target, nowMs }) => {
  if (rung.action === "start") return undefined;
  const last = Object.values(state.incidents)
    .flatMap((other) => other.actions)
    .filter((other) => other.target === target && other.kind === rung.action)
    // What a daemon's death cut off before it did anything gives nothing time to calm down.
    .filter((other) => other.state !== "abandoned" && other.outcome?.result !== "interrupted")
    .toSorted((a, b) => endOf(a) - endOf(b))
    .at(-1);
  if (!last) return undefined;
  const { firstMs, maxMs } = policy.healing.cooldown;
  const waitMs = Math.min(maxMs, firstMs * 2 ** notHelped(incident));
  const untilMs = endOf(last) + waitMs;
  if (nowMs >= untilMs) return undefined;
  const text = `cooldown: ${target} had a ${last.kind} ${Math.round(nowMs - last.intendedAtMs)} ms ago`;
  const why: Reason = { rule: "cooldown", text, value: waitMs, limit: maxMs, unit: "ms" };
  return { kind: "wait", why, untilMs };
};

export const endOf = (action: ActionRecord): number => action.endedAtMs ?? action.intendedAtMs;

export const budget: Guard = ({ state, incident, policy, rung, nowMs }) => {
  if (rung.action === "start") return undefined;
  const kind = incident.diagnosis?.kind;
  const used = state.recent.filter(
    (mark) =>
      mark.service === incident.service &&
      mark.diagnosis === kind &&
      mark.kind === rung.action &&
      nowMs - mark.atMs < 3_600_000,
  ).length;
  const limit = policy.healing.perHour;
  if (used < limit) return undefined;
  const text = `${used} actions for ${kind} of ${incident.service} in the last hour`;
  return { kind: "refused", why: because("budget", text, used, limit), final: true };
};

/** Pages that reached nobody say nothing about the ladder. */
function notHelped(incident: Incident): number {
  return incident.actions.filter(
    (action) => action.outcome?.result === "not-helped" && action.kind !== "page",
  ).length;
}
