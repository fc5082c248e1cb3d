// Guards that speak for people: the stop button, modes and approvals.
import { because } from "../model/reason.ts";
import { serviceOf } from "../model/target.ts";
import type { Guard } from "./guard-ask.ts";

export const killSwitch: Guard = ({ state }) => {
  if (!state.paused) return undefined;
  const text = `all healing is stopped by ${state.paused.by}`;
  return { kind: "refused", why: because("kill-switch", text, 1, 0), final: false };
};

/** Somebody wants it down: that outlives what it was ill with before. */
export const heldDown: Guard = ({ state, target }) => {
  const held = state.held[serviceOf(target)];
  if (!held) return undefined;
  const text = `${serviceOf(target)} was stopped by ${held.by}: only people start it`;
  return { kind: "refused", why: because("held", text, 1, 0), final: false };
};

export const mode: Guard = ({ policy, incident, rung, target, nowMs }) => {
  const chosen = policy.healing.modes[rung.action];
  if (chosen === "auto") return undefined;
  if (chosen === "observe") {
    const text = `${rung.action} of ${policy.name} is in mode observe: only people do it`;
    return { kind: "refused", why: because("mode", text, 0, 2), final: true };
  }
  const approval = incident.approvals.findLast(
    (it) => it.action === rung.action && it.target === target && it.usedBy === undefined,
  );
  // Nobody else ends a degrade: while people have it in hand they are asked until they say yes.
  const isEnd = rung.action === "restore" && incident.state === "escalated";
  const again = isEnd && approval?.state !== "given" && nowMs >= (approval?.expiresAtMs ?? 0);
  if (!approval || approval.state === "open" || again) {
    const text = `${rung.action} of ${target} is in mode suggest: a person decides`;
    return { kind: "ask", why: because("mode", text, 1, 2) };
  }
  if (approval.state === "given") return undefined;
  const said = approval.state === "denied" ? `denied by ${approval.by}` : "not answered in time";
  return {
    kind: "refused",
    why: because("approval", `${approval.id} was ${said}`, 0, 1),
    final: true,
  };
};
