// Guards of time and number: back-off and give-up, strikes, cooldown, budget.
import type { ActionRecord } from "../model/action.ts";
import type { Incident } from "../model/incident.ts";
import { because, type Reason } from "../model/reason.ts";
import type { Guard } from "./guard-ask.ts";
import { shortRuns } from "./state.ts";

/** Starting what is not running takes nothing away: only its back-off and its end bound it. */
export const backOff: Guard = ({ state, policy, rung, target, nowMs }) => {
  if (rung.action !== "start") return undefined;
  const { firstMs, factor, maxMs, stableMs, giveUp } = policy.restart;
  const exits = (state.exits[target] ?? []).filter((exit) => nowMs - exit.atMs < giveUp.withinMs);
  if (exits.length >= giveUp.exits) {
    const within = `${Math.round(giveUp.withinMs / 1_000)} s`;
    const text = `${target} ended ${exits.length} times within ${within}: given up`;
    return {
      kind: "refused",
      why: because("give-up", text, exits.length, giveUp.exits),
      final: true,
    };
  }
  const runs = shortRuns(state, target, stableMs);
  const waitMs = runs === 0 ? 0 : Math.min(maxMs, firstMs * factor ** (runs - 1));
  const untilMs = (state.exits[target]?.at(-1)?.atMs ?? nowMs) + waitMs;
  if (nowMs >= untilMs) return undefined;
  const text = `back-off: start number ${runs + 1} in a row waits ${waitMs} ms`;
  const why: Reason = { rule: "back-off", text, value: waitMs, limit: maxMs, unit: "ms" };
  return { kind: "wait", why, untilMs };
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
