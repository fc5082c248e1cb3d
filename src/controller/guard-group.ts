// Guards of the group: one action at a time, and never too many instances down by our hand.
import { because } from "../model/reason.ts";
import { serviceOf } from "../model/target.ts";
import type { Guard } from "./guard-ask.ts";
import { instancesOf, isHealthy, openIncidents, pendingActions } from "./state.ts";

export const onePerTarget: Guard = ({ state, target, rung }) => {
  const busy = openIncidents(state)
    .flatMap(pendingActions)
    .find((other) => other.target === target && other.kind !== "page");
  if (!busy) return undefined;
  const text = `${busy.id} ${busy.kind} of ${target} is not over: ${rung.action} waits`;
  return { kind: "wait", why: because("one-per-target", text, 1, 1) };
};

export const onePerGroup: Guard = ({ state, traits, target }) => {
  if (!traits.destructive) return undefined;
  const busy = openIncidents(state)
    .flatMap(pendingActions)
    .find((other) => serviceOf(other.target) === serviceOf(target) && other.kind !== "page");
  if (!busy) return undefined;
  const text = `${busy.id} ${busy.kind} of ${busy.target} is not verified yet`;
  return { kind: "wait", why: because("one-per-group", text, 1, 1) };
};

/** Somebody stops it already: it must not be stopped once more when it has come back. */
export const beingStopped: Guard = ({ state, traits, target }) => {
  if (!traits.destructive || state.instances[target]?.state !== "stopping") return undefined;
  const text = `${target} is being stopped: ${target} is looked at anew after that`;
  return { kind: "wait", why: because("being-stopped", text, 1, 0) };
};

export const maxUnhealthy: Guard = ({ state, policy, traits, target }) => {
  if (!traits.destructive) return undefined;
  const group = instancesOf(policy);
  const others = group.filter((other) => other !== target && !isHealthy(state, other)).length;
  const allowed = Math.max(1, Math.floor(policy.healing.maxUnhealthy * group.length));
  if (others + 1 <= allowed) return undefined;
  const text = `${others + 1} of ${group.length} instances of ${policy.name} would be down; at most ${allowed} may`;
  return {
    kind: "refused",
    why: because("max-unhealthy", text, others + 1, allowed),
    final: false,
  };
};
