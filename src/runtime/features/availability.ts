// Why a feature is available or not: by hand, by level, by flag, by what it needs.
import { formatDuration } from "../../kernel/duration.ts";
import { messageOf } from "../../kernel/errors.ts";
import { because, type Reason } from "../../model/reason.ts";
import { answered } from "../../policies/options.ts";
import type { HealthView } from "../parts/health.ts";
import type { BreakerView, Flag } from "./feature-options.ts";

export interface Answer {
  readonly available: boolean;
  readonly why: Reason;
}

export const yes = (rule: string, text: string): Answer => ({
  available: true,
  why: because(rule, text),
});

export const no = (rule: string, text: string, value?: number, limit?: number): Answer => ({
  available: false,
  why: because(rule, text, value, limit),
});

/** What a flag says; one that throws says no, with its reason. */
export function flagSays(name: string, flag: Flag | undefined): Answer {
  if (flag === undefined) return no("flag", `there is no flag called "${name}"`);
  try {
    const on = typeof flag === "function" ? answered(`flag ${name}`, flag()) : flag;
    return on ? yes("flag", `flag ${name} is on`) : no("flag", `flag ${name} is off`);
  } catch (error) {
    return no("flag", `flag ${name} failed: ${messageOf(error)}`);
  }
}

/**
 * What is known now of the checks a feature needs. A check that was never looked at speaks against
 * nothing; one that was, and of which nothing is known, does: what it needs itself is not well, or it
 * is not looked at any more.
 */
export function checksSay(dependsOn: readonly string[], health: HealthView | undefined): Answer {
  if (dependsOn.length === 0) return yes("available", "nothing speaks against it");
  try {
    for (const name of dependsOn) {
      const status = health?.statusOf(name);
      if (status === "healthy" || status === "degraded") continue;
      const check = health?.list().find((each) => each.name === name);
      if (!check) return no(unknownCheck, `there is no health check called "${name}"`);
      if (check.status === "unknown" && check.checkedAt === undefined) continue;
      const reason = check.reason === undefined ? "" : ` (${check.reason})`;
      return no("check", `check ${name} is ${check.status}${reason}`);
    }
  } catch (error) {
    return no("check", `the checks it needs could not be asked: ${messageOf(error)}`);
  }
  return yes("available", "all it needs is well");
}

/** The rule of an answer that only a change of the code can make another. */
export const unknownCheck = "unknown-check";

export function breakerSays(breaker: BreakerView | undefined): Answer | undefined {
  try {
    if (breaker?.isolated) return no("breaker-isolated", "its breaker is held open by hand");
    if (breaker?.state === "open") return no(breakerOpen, "its breaker is open");
  } catch (error) {
    return no("breaker-isolated", `its breaker could not be asked: ${messageOf(error)}`);
  }
  return undefined;
}

/** The rule of an answer that a trial may change. */
export const breakerOpen = "breaker";

export interface Override {
  readonly state: "on" | "off";
  readonly by: string;
  /** On the clock, and for people. */
  readonly untilMs: number;
  readonly until: string;
}

export function overrideSays({ state, by, untilMs }: Override, now: number): Answer {
  const left = formatDuration(untilMs - now);
  const text = `switched ${state} by ${by} for another ${left}`;
  return state === "on" ? yes("override", text) : no("override", text);
}

export function levelSays(own: number, level: number): Answer | undefined {
  if (level === 0 || own > level) return undefined;
  const text = `the app is degraded to level ${level}, the feature's is ${own}`;
  return no("degraded", text, level, own);
}
