// What is shown of a check: the last value, as long as it says something about now.
import type { Checked, Status } from "../parts/health.ts";
import type { Known } from "./judge.ts";
import type { Settings } from "./settings.ts";

/** {@link Checked} with what the thresholds have counted. */
export interface CheckState extends Checked {
  /** Runs that failed one after another until now. */
  readonly failures: number;
  /** Why a run failed last, until the check is well again; below the threshold it is no alarm. */
  readonly failure?: string;
  readonly dependsOn: readonly string[];
}

/** Whether a status counts as good: degraded works, and is only shown. */
export function isWell(status: Status): boolean {
  return status === "healthy" || status === "degraded";
}

/** A value that nobody has looked at for so long says nothing about now. */
export function shown(known: Known, settings: Settings, nowMs: number, looking: boolean): Known {
  if (looking || known.checkedAtMs === undefined) return known;
  const ageMs = nowMs - known.checkedAtMs;
  if (ageMs <= 2 * settings.intervalMs + settings.timeoutMs) return known;
  const reason = `not looked at for ${Math.round(ageMs / 1000)} s; it was ${known.status} then`;
  return { ...known, status: "unknown", reason };
}

export function stateOf(name: string, settings: Settings, known: Known): CheckState {
  const { status, reason, failure, checkedWallMs, latencyMs } = known;
  return {
    name,
    status,
    ...(reason === undefined ? {} : { reason }),
    critical: settings.critical,
    since: iso(known.sinceWallMs),
    ...(checkedWallMs === undefined ? {} : { checkedAt: iso(checkedWallMs) }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    failures: known.failures,
    ...(failure === undefined ? {} : { failure }),
    dependsOn: settings.dependsOn,
  };
}

function iso(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
