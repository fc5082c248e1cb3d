// What a recovery register can be told, and what it tells.
import { HomeostatError } from "../../kernel/errors.ts";
import type { BackoffOptions } from "../../policies/retry/backoff.ts";
import type { AppEvent, Bus } from "../parts/bus.ts";
import type { CheckContext, HealthView } from "../parts/health.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { Kept } from "./state-file.ts";
import type { Recipe, StepContext, StepTaken } from "./step.ts";

/** The types that the recipes are made for; any other type can be registered as well. */
export const failures = {
  database: "system.database.failure",
  cache: "system.cache.failure",
  api: "system.api.failure",
} as const;

export interface RecoveryOptions extends Partial<Surroundings> {
  readonly bus: Bus;
  /** Answers for checks named in `verify`. */
  readonly health?: HealthView;
  /** Runs under way are awaited when the app stops. */
  readonly stopping?: Pick<Stopping, "onStop">;
  /** Where tries and waits outlive this process: `createStateFile(path).section("recovery")`. */
  readonly kept?: Kept;
  /** Runs at the same time; more wait for their turn. Default 4. */
  readonly atOnceMax?: number;
  /** Milliseconds that runs are awaited when the app stops, before they are ended; default 10,000. */
  readonly stopMs?: number;
}

/** Finds out whether it helped: the name of a health check, or a question. */
export type Verify = string | ((context: CheckContext) => boolean | Promise<boolean>);

export interface RegisterOptions {
  /** Default the check that has the name of the event's source; false takes a run's end for success. */
  readonly verify?: Verify | false;
  /** Milliseconds within which it must be healthy after the last step; default 30,000. */
  readonly verifyMs?: number;
  /** Milliseconds between two looks; default 1,000. */
  readonly verifyEveryMs?: number;
  /** Milliseconds for all steps together; default 120,000. */
  readonly limitMs?: number;
  /** Milliseconds for taking back one step; default 10,000. */
  readonly undoLimitMs?: number;
  /** Milliseconds after a run before the next of the same type and source; default 30,000. */
  readonly cooldownMs?: number;
  /** A failure that is back within so many ms of a recovery counts as a failed one; default 5 min. */
  readonly settleMs?: number;
  /** Runs in a row that did not help before it is left to people; default 8. */
  readonly triesMax?: number;
  /** Waits after failed runs; default 30 s, doubled each time up to 30 min, half of it by chance. */
  readonly backoff?: BackoffOptions;
  /**
   * The last step ends this process, to be started again by who supervises it: a run is then not
   * awaited when the app stops, and the process that follows does the verification. Needs `kept`.
   */
  readonly endsProcess?: boolean;
}

/** A recovery in one piece; what it does is one step. */
export type Recover = (context: StepContext) => unknown;

/** The data of `TYPE.recovery_started`, `.recovery_step`, `.recovered` and `.recovery_failed`. */
export interface RecoveryTold {
  /** The event that began it. */
  readonly event: AppEvent;
  readonly recipe: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly steps: readonly StepTaken[];
  readonly tookMs: number;
  /** What proves it: "check NAME", "question" or "nothing". */
  readonly verifiedBy?: string;
  readonly error?: string;
  /** Milliseconds before it is tried again; absent when it is left to people. */
  readonly nextInMs?: number;
  /** It became well without a run. */
  readonly byItself?: true;
  /** The process ended during the run; only the verification was done after its restart. */
  readonly afterRestart?: true;
}

/** The data of `TYPE.recovery_step`. */
export interface StepTold {
  readonly event: AppEvent;
  readonly recipe: string;
  readonly step: StepTaken;
}

export const suffixes = {
  started: ".recovery_started",
  step: ".recovery_step",
  recovered: ".recovered",
  failed: ".recovery_failed",
} as const;

/** What a recovery says is no failure: a pattern such as `**` must not recover from it. */
export function isOurs(type: string): boolean {
  return Object.values(suffixes).some((suffix) => type.endsWith(suffix));
}

export interface ActiveRun {
  readonly type: string;
  readonly source: string;
  readonly recipe: string;
  readonly attempt: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly steps: readonly StepTaken[];
}

/** One failure: the same type from the same source. */
export interface Recovering {
  readonly type: string;
  readonly source: string;
  readonly state: "running" | "queued" | "waiting" | "given-up" | "quiet";
  /** Runs in a row that did not help. */
  readonly failures: number;
  /** Milliseconds before the next run may begin; 0 when it may. */
  readonly waitMs: number;
  readonly lastOk?: boolean;
}

export interface Recovery extends AsyncDisposable {
  /**
   * The pattern that says most wins when several mean a type.
   * @throws OPTION_INVALID for a pattern that is taken or options that cannot be.
   */
  register(pattern: string, recipe: Recipe | Recover, options?: RegisterOptions): Disposable;
  active(): readonly ActiveRun[];
  list(): readonly Recovering[];
  /** Types of failures that were told and have no recovery. */
  readonly missing: readonly string[];
  /** What is wrong with the registrations as they are now; ask when everything is registered. */
  problems(): readonly string[];
  /** A person mended it or asks for another try: waits and counts are forgotten. */
  reset(type: string, source: string): void;
  /** Begins nothing more; resolves when all runs are over, those that take too long being ended. */
  stop(): Promise<void>;
}

export type Settings = Required<Omit<RegisterOptions, "verify" | "backoff">> & {
  /** A failed run is forgotten after so long without word of the failure. */
  readonly forgetMs: number;
  readonly verify: Verify | false | undefined;
  readonly backoff: BackoffOptions;
};

const numbers = {
  verifyMs: 30_000,
  verifyEveryMs: 1_000,
  limitMs: 120_000,
  undoLimitMs: 10_000,
  cooldownMs: 30_000,
  settleMs: 300_000,
  triesMax: 8,
};

const known = new Set([...Object.keys(numbers), "verify", "backoff", "endsProcess"]);

/** @throws OPTION_INVALID with all that is wrong. */
export function settingsOf(pattern: string, given: RegisterOptions): Settings {
  const wrong = Object.keys(given)
    .filter((name) => !known.has(name))
    .map((name) => `there is no option "${name}"`);
  const merged = { ...numbers, ...given };
  for (const name of Object.keys(numbers) as (keyof typeof numbers)[]) {
    const least = name === "cooldownMs" ? 0 : 1;
    const value: unknown = merged[name];
    if (typeof value === "number" && value >= least) continue;
    wrong.push(`${name} must be ${least} or more, got ${JSON.stringify(value)}`);
  }
  if (merged.settleMs < merged.cooldownMs) wrong.push("settleMs must not be below cooldownMs");
  if (wrong.length > 0) {
    throw new HomeostatError("OPTION_INVALID", `recovery of ${pattern}: ${wrong.join("; ")}`);
  }
  const { verify, endsProcess = false } = given;
  const waits = { baseMs: 30_000, maxMs: 1_800_000, jitter: "equal" as const, ...given.backoff };
  const forgetMs = Math.max(merged.settleMs, 2 * waits.maxMs);
  return { ...merged, verify, endsProcess, backoff: waits, forgetMs };
}
