// Begins the capture of a hang while the probe has not spoken its verdict yet: one more bad answer to go.
import type { Clock } from "../kernel/clock.ts";
import type { Evidence } from "../model/evidence.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import { metrics, type Reading } from "../model/reading.ts";
import { isInstance, serviceOf, type Target } from "../model/target.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import {
  type Asked,
  captureEarly,
  captureEvidence,
  closeLeft,
  type EarlyCapture,
  turnMsOf,
} from "./capture.ts";
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
  /** Who was asked, now and by an earlier daemon. */
  readonly asked: Asked;
  /** For tests. */
  readonly begin?: typeof captureEarly;
}

/** When many fall ill at once the first few tell enough. */
const suspectsMax = 4;
/** One run is asked so early once in this time: who answers now well, now badly, is not blocked. */
const againMs = 60_000;

interface Suspect {
  readonly pid: number;
  readonly early: EarlyCapture;
}

/**
 * Nothing is decided here, and nothing is done to a process that a capture would not do: the loop may
 * never want what was begun, and then the process is left.
 */
export function createSuspects(options: SuspectsOptions): Suspects {
  const { resolved, clock, running, logFile, background, asked, begin = captureEarly } = options;
  const rows = new Map<Target, number>();
  const all = new Map<Target, Suspect>();
  const isSoon = sameRunWithin(againMs, clock);
  closeLeft(asked, { clock, signal: background });

  const identityOf = (target: Target): ProcessIdentity | undefined =>
    running().find((it) => it.target === target)?.identity;
  const isOff = (target: Target): boolean =>
    resolved.services[serviceOf(target)]?.capture === false;
  const drop = (target: Target): void => {
    all.get(target)?.early.drop();
    all.delete(target);
  };
  const suspect = (target: Target): void => {
    drop(target);
    const identity = identityOf(target);
    if (!identity || isOff(target) || all.size >= suspectsMax) return;
    if (isSoon(target, identity)) return;
    const { pid } = identity;
    const turnMs = turnMsOf(resolved, target);
    const how = { clock, background, asked, ...(turnMs === undefined ? {} : { turnMs }) };
    const early = begin({ pid, ...how });
    all.set(target, { pid, early });
    void early.over.then(() => {
      if (all.get(target)?.early === early) all.delete(target);
    });
  };
  const note = ({ target, value }: Reading): void => {
    if (value > 0) {
      if (rows.delete(target)) drop(target);
      if (!asked.isWaiting()) return;
      const pid = identityOf(target)?.pid;
      if (pid !== undefined) asked.turned(pid);
      return;
    }
    const row = (rows.get(target) ?? 0) + 1;
    rows.set(target, row);
    const failures = resolved.policy.services[serviceOf(target)]?.probe?.failures ?? 1;
    // Of two and more that is at least half of them: one slow answer among good ones is no sign.
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
      const pid = identityOf(target)?.pid;
      const logged = { clock, signal, logFile: logFile(target) };
      if (kind === "blocked-stack" && isOff(target)) {
        const seen = { target, kind: "process" } as const;
        return { ...(await captureEvidence({ wanted: seen, pid, ...logged })), kind };
      }
      if (kind === "blocked-stack") {
        const known = all.get(target);
        all.delete(target);
        if (known && known.pid !== pid) known.early.drop();
        const early = known?.pid === pid ? await known?.early.now(signal) : undefined;
        if (early) return { ...early, target };
      }
      const turnMs = turnMsOf(resolved, target);
      return captureEvidence({ wanted, pid, ...logged, background, turnMs, asked });
    },
  };
}

/** Whether this run was asked about less than `ms` ago; if not, it is from now on. */
function sameRunWithin(
  ms: number,
  clock: Clock,
): (target: Target, identity: ProcessIdentity) => boolean {
  const past = new Map<Target, ProcessIdentity & { readonly atMs: number }>();
  return (target, identity) => {
    const last = past.get(target);
    const isSame = last?.pid === identity.pid && last.startTicks === identity.startTicks;
    if (isSame && clock.now() - last.atMs < ms) return true;
    past.set(target, { ...identity, atMs: clock.now() });
    return false;
  };
}
