// Guards for what runs elsewhere: its sickness is no reason to restart what depends on it.
import { because, type Reason } from "../model/reason.ts";
import { serviceOf } from "../model/target.ts";
import { isExternalSick } from "./external.ts";
import type { Guard } from "./guard-ask.ts";
import { dependenciesOf } from "./state.ts";

/** A restart of ours mends nothing of theirs, but for a loop that was seen to be blocked by itself. */
export const externalSick: Guard = ({ state, incident, rung, target }) => {
  if (rung.action !== "restart") return undefined;
  const isBlocked = incident.evidence.some((it) => it.target === target && it.blocked === true);
  if (isBlocked) return undefined;
  const sick = [...dependenciesOf(state.policy, serviceOf(target))].find((name) =>
    isExternalSick(state, name),
  );
  if (sick === undefined) return undefined;
  const text = `${sick}, which ${serviceOf(target)} depends on, is sick and runs elsewhere: a restart here mends nothing there`;
  return { kind: "wait", why: because("external-sick", text, 1, 0) };
};

/** It may come back by itself, as most do: people are told when it does not. */
export const externalReturns: Guard = ({ incident, policy, nowMs }) => {
  if (incident.diagnosis?.kind !== "external-down") return undefined;
  const limit = policy.healing.verify.timeoutMs;
  const untilMs = incident.openedAtMs + limit;
  if (nowMs >= untilMs) return undefined;
  const text = `${incident.service} runs elsewhere and may be on its way back`;
  const value = nowMs - incident.openedAtMs;
  const why: Reason = { rule: "external-returns", text, value, limit, unit: "ms" };
  return { kind: "wait", why, untilMs };
};
