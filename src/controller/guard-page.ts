// Guards of calling people: not while somebody else does, and not again before it helps.
import { because, type Reason } from "../model/reason.ts";
import { isSpared } from "./drill.ts";
import type { Guard } from "./guard-ask.ts";
import { endOf } from "./guard-limits.ts";
import { openIncidents } from "./state.ts";

/** Who tells of a dependency tells of what suffers from it; one that nobody tells of may return. */
export const dependencyFirst: Guard = ({ state, incident, policy, nowMs }) => {
  const { diagnosis, openedAtMs } = incident;
  if (diagnosis?.kind !== "dependency-down") return undefined;
  const other = openIncidents(state).find((it) => it.service === diagnosis.target);
  if (other) {
    const text = `incident ${other.id} of ${diagnosis.target} comes first`;
    return { kind: "wait", why: because("dependency-first", text, 1, 0) };
  }
  const limit = policy.healing.verify.timeoutMs;
  const untilMs = openedAtMs + limit;
  if (nowMs >= untilMs) return undefined;
  const text = `${diagnosis.target} is down and may be on its way back`;
  const value = nowMs - openedAtMs;
  const why: Reason = { rule: "dependency-first", text, value, limit, unit: "ms" };
  return { kind: "wait", why, untilMs };
};

/** Nobody is called for a fault that people cause on purpose, unless its healing has failed. */
export const inDrill: Guard = ({ state, incident, nowMs }) => {
  const { drill } = state;
  if (!drill || !isSpared(state, incident, nowMs)) return undefined;
  const text = `drill ${drill.id} (${drill.kind} of ${drill.target}) is on: nobody is called for it`;
  const [value, limit] = [nowMs - drill.atMs, drill.limitMs];
  const why: Reason = { rule: "drill", text, value, limit, unit: "ms" };
  return { kind: "wait", why, untilMs: drill.atMs + drill.limitMs };
};

/** A person is told once; when nobody could be reached, again and again, ever more seldom. */
export const pageAgain: Guard = ({ incident, policy, nowMs }) => {
  const pages = incident.actions.filter((it) => it.kind === "page" && it.state !== "abandoned");
  const last = pages.at(-1);
  if (!last) return undefined;
  const { firstMs, maxMs } = policy.healing.cooldown;
  const waitMs = Math.min(maxMs, firstMs * 2 ** (pages.length - 1));
  const untilMs = endOf(last) + waitMs;
  if (nowMs >= untilMs) return undefined;
  const text = `page number ${pages.length + 1} of this incident waits ${waitMs} ms`;
  const why: Reason = { rule: "page-again", text, value: waitMs, limit: maxMs, unit: "ms" };
  return { kind: "wait", why, untilMs };
};
