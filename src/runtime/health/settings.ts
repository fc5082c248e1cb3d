// What a registered check is told: defaults, limits, and errors that name the option.
import { HomeostatError } from "../../kernel/errors.ts";
import { atLeast, checkOptions, count, flag, oneOf } from "../../policies/options.ts";
import type { Thresholds } from "./judge.ts";

/** What a check speaks for. */
export type Kind = "live" | "ready" | "startup";

export interface RegisterOptions {
  /** Milliseconds from one run to the next, 10 to 86,400,000. Default 10,000. */
  readonly intervalMs?: number;
  /** Milliseconds until a run is given up, at most 3,600,000. Default 5,000. */
  readonly timeoutMs?: number;
  /** Whether the whole app is unhealthy when this check is. Default true. */
  readonly critical?: boolean;
  /** Names of checks registered before: while one of them is unhealthy, or waits for another itself, this one is not run. */
  readonly dependsOn?: readonly string[];
  /** Failed runs in a row that make a check unhealthy. Default 1. */
  readonly failureThreshold?: number;
  /** Good runs in a row that make an unhealthy check healthy again. Default 1. */
  readonly successThreshold?: number;
  /** A good run that took longer is degraded. Default: no limit. */
  readonly slowMs?: number;
  /**
   * What the check speaks for. Default `["ready", "startup"]`. Take `"live"` only for what a restart
   * of this very process mends: never for a dependency.
   */
  readonly kinds?: readonly Kind[];
}

export interface Settings extends Thresholds {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly critical: boolean;
  readonly dependsOn: readonly string[];
  readonly kinds: readonly Kind[];
}

/** More checks in one process are a mistake in a loop. */
export const mostChecks = 256;
const longestIntervalMs = 86_400_000;
const longestTimeoutMs = 3_600_000;

/** @throws OPTION_INVALID naming the check and the option. */
export function settle(name: string, given: RegisterOptions): Settings {
  const who = `health check "${name}"`;
  checkOptions(who, given, {
    intervalMs: within(10, longestIntervalMs),
    timeoutMs: within(1, longestTimeoutMs),
    critical: flag,
    dependsOn: listOf((each) => (typeof each === "string" ? undefined : "names of checks")),
    failureThreshold: count(1),
    successThreshold: count(1),
    slowMs: atLeast(0),
    kinds: listOf(oneOf("live", "ready", "startup")),
  });
  return {
    intervalMs: given.intervalMs ?? 10_000,
    timeoutMs: given.timeoutMs ?? 5_000,
    critical: given.critical ?? true,
    dependsOn: [...new Set(given.dependsOn)],
    failureThreshold: given.failureThreshold ?? 1,
    successThreshold: given.successThreshold ?? 1,
    slowMs: given.slowMs ?? Number.POSITIVE_INFINITY,
    kinds: given.kinds ?? ["ready", "startup"],
  };
}

/** @throws OPTION_INVALID unless the name can stand in a label, a path and a line of a log. */
export function checkName(name: string): void {
  if (typeof name === "string" && /^[a-z][\w.:-]{0,63}$/i.test(name)) return;
  throw new HomeostatError(
    "OPTION_INVALID",
    `a health check's name begins with a letter and has at most 64 letters, digits, ".", "_", ":" or "-", got ${JSON.stringify(name)}`,
  );
}

function within(least: number, most: number): (value: unknown) => string | undefined {
  return (value) =>
    typeof value === "number" && value >= least && value <= most
      ? undefined
      : `from ${least} to ${most}`;
}

function listOf(
  expects: (value: unknown) => string | undefined,
): (value: unknown) => string | undefined {
  return (value) => {
    if (!Array.isArray(value)) return "a list";
    const wrong = value.map(expects).find((expected) => expected !== undefined);
    return wrong === undefined ? undefined : `a list of ${wrong}`;
  };
}
