// What is known of one check, moved on by each outcome: a pure function, thresholds included.
import type { Status } from "../parts/health.ts";
import type { Outcome } from "./run.ts";

export interface Known {
  readonly status: Status;
  readonly reason?: string;
  /** Runs that failed, or went well, one after another until now. */
  readonly failures: number;
  readonly successes: number;
  /** Why a run failed last; kept until the check is well again. */
  readonly failure?: string;
  /** The dependency for which the check was not run. */
  readonly blockedBy?: string;
  readonly sinceWallMs: number;
  readonly checkedAtMs?: number;
  readonly checkedWallMs?: number;
  readonly latencyMs?: number;
}

export interface Thresholds {
  readonly failureThreshold: number;
  readonly successThreshold: number;
  readonly slowMs: number;
}

export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}

export function unseen(wallMs: number): Known {
  const reason = "not looked at so far";
  return { status: "unknown", reason, failures: 0, successes: 0, sinceWallMs: wallMs };
}

/** After a run with this outcome. Degraded counts as well: it works, and should be looked after. */
export function judged(known: Known, outcome: Outcome, rules: Thresholds, at: Moment): Known {
  const seen = { checkedAtMs: at.nowMs, checkedWallMs: at.wallMs, latencyMs: outcome.latencyMs };
  if (outcome.status === "unhealthy") {
    const failures = known.failures + 1;
    const failure = outcome.reason ?? "the check failed";
    const counted = { ...seen, failures, successes: 0, failure };
    if (known.status === "unhealthy" || failures >= rules.failureThreshold) {
      return moved(known, "unhealthy", failure, counted, at);
    }
    if (known.status !== "unknown") return moved(known, known.status, known.reason, counted, at);
    const reason = `failed ${failures} of ${rules.failureThreshold} times: ${failure}`;
    return moved(known, "unknown", reason, counted, at);
  }
  const successes = known.successes + 1;
  const counted = { ...seen, failures: 0, successes };
  if (known.status === "unhealthy" && successes < rules.successThreshold) {
    const failure = known.failure ?? "the check failed";
    const reason = `well ${successes} of ${rules.successThreshold} times since: ${failure}`;
    return moved(known, "unhealthy", reason, { ...counted, failure }, at);
  }
  if (outcome.status === "healthy" && outcome.latencyMs > rules.slowMs) {
    const reason = `took ${Math.round(outcome.latencyMs)} ms, more than ${rules.slowMs} ms`;
    return moved(known, "degraded", reason, counted, at);
  }
  return moved(known, outcome.status, outcome.reason, counted, at);
}

/** What it needs is not well: its own health cannot be told, so it is no alarm. */
export function blocked(known: Known, dependency: string, reason: string, at: Moment): Known {
  const seen = { checkedAtMs: at.nowMs, checkedWallMs: at.wallMs };
  const counted = { ...seen, failures: 0, successes: 0, blockedBy: dependency };
  return moved(known, "unknown", reason, counted, at);
}

type Counted = Omit<Known, "status" | "reason" | "sinceWallMs">;

function moved(
  known: Known,
  status: Status,
  reason: string | undefined,
  counted: Counted,
  at: Moment,
): Known {
  const sinceWallMs = status === known.status ? known.sinceWallMs : at.wallMs;
  const next = { ...counted, status, sinceWallMs };
  return reason === undefined ? next : { ...next, reason };
}
