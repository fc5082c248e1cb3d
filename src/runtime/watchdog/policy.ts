// What is done about a loss: the policies, and a restart budget that can be reached.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Random } from "../../kernel/random.ts";
import { above, anything, checkOptions, count, oneOf } from "../../policies/options.ts";
import {
  type Backoff,
  type BackoffOptions,
  type BackoffState,
  backoff,
} from "../../policies/retry/backoff.ts";
import type { Loss } from "./entry.ts";

/**
 * - "die": the app ends with an exit code that is not 0, and whoever supervises it starts it anew.
 * - "restart": it is started anew in place, until its budget is spent.
 * - "ignore": the loss is logged and counted, no more.
 */
export type Verdict = "die" | "restart" | "ignore";

type Nothing = ReturnType<() => void>;

/** A function that answers nothing has taken care of it; one that throws means "die". */
export type Policy = Verdict | ((loss: Loss) => Verdict | Nothing | Promise<Verdict | Nothing>);

export interface RestartOptions {
  /** Restarts within `windowMs`; the first start is none. Default 5. */
  readonly max?: number;
  /** Default 3,600,000 (an hour). */
  readonly windowMs?: number;
  /** Default: from 500 ms to 30 s, half of it by chance so that replicas do not restart as one. */
  readonly backoff?: BackoffOptions;
  /** What is done when the budget is spent. Default "die". */
  readonly whenSpent?: "die" | "ignore";
}

export interface WatchOptions {
  /** Default: that of the watchdog. */
  readonly policy?: Policy;
  readonly restart?: RestartOptions;
  /**
   * What an end without an error means: exit code 0, a promise that resolves. Default "fine" for a
   * child process, "lost" for everything else, as that was meant to go on.
   */
  readonly cleanEnd?: "fine" | "lost";
  /** Milliseconds from being made to being started. Default 10,000. */
  readonly startMs?: number;
}

export interface RestartPlan {
  readonly max: number;
  readonly windowMs: number;
  readonly whenSpent: "die" | "ignore";
  readonly delay: Backoff;
}

const defaultBackoff: BackoffOptions = { baseMs: 500, maxMs: 30_000, jitter: "equal" };

/** No restart waits longer; a timer of Node fires at once when told to wait over 24.8 days. */
const longestMs = 86_400_000;

/** @throws OPTION_INVALID, also for a budget that the back-off makes impossible to spend. */
export function restartPlan(who: string, options: RestartOptions = {}): RestartPlan {
  checkOptions<RestartOptions>(who, options, {
    max: count(0, 10_000),
    windowMs: above(0),
    backoff: anything,
    whenSpent: oneOf("die", "ignore"),
  });
  const { max = 5, windowMs = 3_600_000 } = options;
  const shape = { ...defaultBackoff, ...options.backoff };
  const plan = { max, windowMs, whenSpent: options.whenSpent ?? "die", delay: backoff(shape) };
  const slowestMs = longestSum(shape, max);
  if ((shape.maxMs ?? 0) > longestMs) {
    throw new HomeostatError(
      "OPTION_INVALID",
      `${who}: backoff.maxMs must be at most ${longestMs}`,
    );
  }
  if (slowestMs >= windowMs) {
    const problem = `${max} restarts with this back-off may take ${slowestMs} ms, so that they never fall within windowMs (${windowMs})`;
    throw new HomeostatError("OPTION_INVALID", `${who}: ${problem}`);
  }
  return plan;
}

/** Milliseconds that `max` restarts of a thing that dies at once may take. */
function longestSum(shape: BackoffOptions, max: number): number {
  const free = shape.jitter === "decorrelated" || shape.jitter === "polly-v2";
  if (free) return max * (shape.maxMs ?? 30_000);
  const grown = backoff({ ...shape, jitter: "none" });
  let sum = 0;
  for (let n = 0; n < max; n++) sum += grown(n, { last: 0 }, () => 1);
  return sum;
}

/** The restarts of one thing: when they were, and what the jitter remembers. */
export interface Restarts {
  readonly at: readonly number[];
  readonly jitter: BackoffState;
}

export const noRestarts = (): Restarts => ({ at: [], jitter: { last: 0 } });

/** When to restart, or undefined when the budget is spent. Those older than the window are forgotten. */
export function nextRestart(
  { max, windowMs, delay }: RestartPlan,
  past: Restarts,
  nowMs: number,
  random: Random,
): { readonly afterMs: number; readonly past: Restarts } | undefined {
  const recent = past.at.filter((at) => at > nowMs - windowMs);
  if (recent.length >= max) return undefined;
  const jitter = recent.length === 0 ? { last: 0 } : { ...past.jitter };
  const afterMs = delay(recent.length, jitter, random);
  return { afterMs, past: { at: [...recent, nowMs + afterMs], jitter } };
}
