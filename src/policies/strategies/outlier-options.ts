// What outlier ejection can be told, and its rules with all defaults in place.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { above, anything, atLeast, called, checkOptions, named, share, whole } from "../options.ts";
import type { Call } from "../strategy.ts";

export interface OutlierOptions<Bound = unknown> {
  /** Failures in a row that eject a host; default 5. */
  readonly consecutiveFailures?: number;
  /** Compares the hosts' success rates with each other; `false` does not. */
  readonly successRate?: SuccessRateOptions | false;
  /** Milliseconds of the first ejection; each further one lasts that much longer. Default 30,000. */
  readonly baseEjectionMs?: number;
  /** The longest ejection in milliseconds; default 300,000. */
  readonly maxEjectionMs?: number;
  /** The share of the known hosts that may be ejected at once; default 0.5. */
  readonly maxEjectedShare?: number;
  /**
   * Milliseconds between two comparisons; for each that a host stays in, one of its ejections is
   * forgiven. Default 10,000.
   */
  readonly intervalMs?: number;
  /** The host of a call, undefined for one that has none; default: the call's key. */
  readonly hostOf?: (call: Pick<Call, "key" | "priority" | "pipeline">) => string | undefined;
  /** Which errors are the host's failures; default: all but refusals and the caller's abort. */
  readonly when?: (error: unknown) => boolean;
  /** Which results are as bad as an error; default none. */
  readonly whenResult?: (value: Bound) => boolean;
  /** Hosts remembered; the one used longest ago is forgotten first. Default 1,000. */
  readonly maxHosts?: number;
  /** A host that nobody asked for in so many milliseconds is forgotten; default 600,000. */
  readonly forgetMs?: number;
  readonly name?: string;
  readonly clock?: Clock;
}

export interface SuccessRateOptions {
  /** Standard deviations below the mean at which a host is ejected; default 1.9. */
  readonly factor?: number;
  /** Hosts that must have had `minimumCalls`; default 5. */
  readonly minimumHosts?: number;
  /** Calls that a host must have had since the last comparison; default 100. */
  readonly minimumCalls?: number;
  /** How far below the mean it must be in any case, as a share of 1; default 0.05. */
  readonly minimumGap?: number;
}

export interface OutlierRules
  extends Omit<Required<OutlierOptions>, "hostOf" | "when" | "whenResult" | "name" | "clock"> {
  readonly successRate: Required<SuccessRateOptions> | false;
  readonly hostOf: OutlierOptions["hostOf"];
  readonly when: OutlierOptions["when"];
  readonly whenResult: OutlierOptions["whenResult"];
}

const checks = {
  consecutiveFailures: whole(1),
  successRate: anything,
  baseEjectionMs: above(0),
  maxEjectionMs: above(0),
  maxEjectedShare: (value: unknown) => (value === 0 ? undefined : share(value) && "from 0 to 1"),
  intervalMs: above(0),
  hostOf: called,
  when: called,
  whenResult: called,
  maxHosts: whole(1),
  forgetMs: above(0),
  name: named,
  clock: anything,
};

const rateChecks = {
  factor: atLeast(0),
  // One alone has no fellows to be compared with.
  minimumHosts: whole(2),
  minimumCalls: whole(1),
  minimumGap: atLeast(0),
};

/** Throws a Misconfigured error for options that cannot be. */
export function rulesOf(options: OutlierOptions): OutlierRules {
  checkOptions<OutlierOptions>("outlier", options, checks);
  const { successRate = {}, hostOf, when, whenResult } = options;
  if (successRate) checkOptions("outlier: successRate", successRate, rateChecks);
  const { consecutiveFailures = 5, maxEjectedShare = 0.5, maxHosts = 1_000 } = options;
  const { baseEjectionMs = 30_000, maxEjectionMs = 300_000 } = options;
  const { intervalMs = 10_000, forgetMs = 600_000 } = options;
  const rates = successRate && {
    factor: successRate.factor ?? 1.9,
    minimumHosts: successRate.minimumHosts ?? 5,
    minimumCalls: successRate.minimumCalls ?? 100,
    minimumGap: successRate.minimumGap ?? 0.05,
  };
  if (maxEjectionMs < baseEjectionMs) {
    const text = `maxEjectionMs must not be below baseEjectionMs, got ${maxEjectionMs}`;
    throw new HomeostatError("OPTION_INVALID", `outlier: ${text}`);
  }
  return {
    consecutiveFailures,
    successRate: rates,
    baseEjectionMs,
    maxEjectionMs,
    maxEjectedShare,
    intervalMs,
    hostOf,
    when,
    whenResult,
    maxHosts,
    forgetMs,
  };
}
