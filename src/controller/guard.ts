// Guard: may this action run now? The first objection decides; every answer has its number.
import { because } from "../model/reason.ts";
import type { Verdict } from "../model/refusal.ts";
import { serviceOf, type Target } from "../model/target.ts";
import type { Ask, Attempt, Guard } from "./guard-ask.ts";
import { externalReturns, externalSick } from "./guard-external.ts";
import { beingStopped, maxUnhealthy, onePerGroup, onePerTarget } from "./guard-group.ts";
import { backOff, budget, cooldown, strikes } from "./guard-limits.ts";
import { dependencyFirst, inDrill, pageAgain } from "./guard-page.ts";
import { heldDown, killSwitch, mode } from "./guard-people.ts";
import { standingDegrade } from "./state.ts";

export type { Ask, Attempt } from "./guard-ask.ts";

/** The first guard that has an objection decides. */
export function guard(ask: Ask): Verdict {
  const guards = guardsOf(ask.rung);
  for (const one of guards) {
    const verdict = one(ask);
    if (verdict) return verdict;
  }
  const text = "no guard objects";
  return { kind: "allowed", why: because("guards", text, guards.length, guards.length) };
}

/** What has passed by itself needs no action, and least of all one that interrupts it. */
const passed: Guard = ({ state, incident, rung, target }) => {
  const concerns = (other: Target): boolean => other === target || serviceOf(other) === target;
  const left = incident.symptoms.filter(
    (it) => it.clearedAtMs === undefined && concerns(it.target),
  ).length;
  const gone = rung.action === "start" && state.instances[target]?.state === "down";
  const degraded = rung.action === "page" && standingDegrade(state, incident) !== undefined;
  if (left > 0 || gone || degraded) return undefined;
  const text = `no symptom of ${target} is left: it may have passed by itself`;
  return { kind: "wait", why: because("passed", text, 0, 1) };
};

/** Somebody has changed the file once more: what they wrote is not put away. */
const overtaken: Guard = ({ state, rung }) => {
  const file = rung.restoreFile?.file;
  const accused = rung.undo?.restoreFile?.version;
  if (file === undefined || state.files[file]?.version === accused) return undefined;
  const text = `${file} has been changed again since it was found to be the cause`;
  return { kind: "refused", why: because("overtaken", text, 1, 0), final: true };
};

const allGuards: readonly Guard[] = [
  killSwitch,
  heldDown,
  passed,
  onePerTarget,
  onePerGroup,
  beingStopped,
  maxUnhealthy,
  externalSick,
  backOff,
  overtaken,
  strikes,
  cooldown,
  budget,
  mode,
];
const pageGuards: readonly Guard[] = [passed, inDrill, dependencyFirst, externalReturns, pageAgain];
/** Taking back what we did ourselves: counted nowhere, and allowed together with the deed. */
const undoGuards: readonly Guard[] = [killSwitch, onePerTarget];
/** Ending a degrade: its reason has passed, so that it costs no budget and no strike. */
const restoreGuards: readonly Guard[] = [killSwitch, onePerTarget, cooldown, mode];

function guardsOf(rung: Attempt): readonly Guard[] {
  if (rung.action === "page") return pageGuards;
  if (rung.undoes !== undefined) return undoGuards;
  return rung.action === "restore" ? restoreGuards : allGuards;
}
