// Begins the capture of a hang while the probe has not spoken its verdict yet: one more bad answer to go.
import type { Clock } from "../kernel/clock.ts";
import type { Evidence } from "../model/evidence.ts";
import { metrics, type Reading } from "../model/reading.ts";
import { isInstance, serviceOf, type Target } from "../model/target.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import { captureEarly, captureEvidence, type EarlyCapture, turnMsOf } from "./capture.ts";
import type { PerformOptions } from "./perform.ts";
import type { Resolved } from "./resolve.ts";

export interface Suspects {
  /** Takes readings of probes in. */
  readonly note: (readings: readonly Reading[]) => void;
  /** What was begun early for a target is used up by this. */
  readonly capture: PerformOptions["capture"];
}

export interface SuspectsOptions {
  readonly resolved: Resolved;
  readonly clock: Clock;
  readonly running: Supervisor["running"];
  readonly logFile: (target: Target) => string;
  /** The life of the daemon. */
  readonly background: AbortSignal;
  /** For tests. */
  readonly begin?: typeof captureEarly;
}

/** When many fall ill at once the first few tell enough. */
const suspectsMax = 4;

interface Suspect {
  readonly pid: number;
  readonly early: EarlyCapture;
}

/**
 * Nothing is decided here, and nothing is done to a process that a capture would not do: the loop may
 * never want what was begun, and then the process is left.
 */
export function createSuspects(options: SuspectsOptions): Suspects {
  const { resolved, clock, running, logFile, background, begin = captureEarly } = options;
  const rows = new Map<Target, number>();
  const all = new Map<Target, Suspect>();

  const pidOf = (target: Target): number | undefined =>
    running().find((it) => it.target === target)?.identity.pid;
  const drop = (target: Target): void => {
    all.get(target)?.early.drop();
    all.delete(target);
  };
  const suspect = (target: Target): void => {
    drop(target);
    const pid = pidOf(target);
    if (pid === undefined || all.size >= suspectsMax) return;
    const turnMs = turnMsOf(resolved, target);
    const early = begin({ pid, clock, background, ...(turnMs === undefined ? {} : { turnMs }) });
    all.set(target, { pid, early });
    void early.over.then(() => {
      if (all.get(target)?.early === early) all.delete(target);
    });
  };
  const note = ({ target, value }: Reading): void => {
    if (value > 0) {
      if (rows.delete(target)) drop(target);
      return;
    }
    const row = (rows.get(target) ?? 0) + 1;
    rows.set(target, row);
    const failures = resolved.policy.services[serviceOf(target)]?.probe?.failures ?? 1;
    if (row === failures - 1) suspect(target);
  };

  return {
    note: (readings) => {
      for (const it of readings) {
        if (it.metric === metrics.probe.name && isInstance(it.target)) note(it);
      }
    },
    capture: async (wanted, signal): Promise<Evidence> => {
      const { target, kind } = wanted;
      const pid = pidOf(target);
      if (kind === "blocked-stack") {
        const known = all.get(target);
        all.delete(target);
        if (known && known.pid !== pid) known.early.drop();
        const early = known?.pid === pid ? await known?.early.now(signal) : undefined;
        if (early) return { ...early, target };
      }
      const turnMs = turnMsOf(resolved, target);
      const how = { clock, signal, background, turnMs };
      return captureEvidence({ wanted, pid, logFile: logFile(target), ...how });
    },
  };
}
