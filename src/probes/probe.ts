// The contract of a probe: ask one instance how it is, and answer with readings.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Reading } from "../model/reading.ts";
import type { Target } from "../model/target.ts";

export interface ProbeContext {
  /** Aborts when the probe's time is over; the probe then answers that it had no answer. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
}

/** The instance to ask. */
export interface ProbeTarget {
  readonly target: Target;
  readonly port?: number;
  readonly pid?: number;
  /** Loop time of the start of its process. */
  readonly startedAtMs?: number;
}

/**
 * Sick is a value: `check` answers `probe` = 0 with a note. Without a reading of `probe` it does not
 * know, which is no sign of anything. It throws only when the probe itself
 * is broken (a command that does not exist). Notes of a probe that had no answer begin with
 * "no answer", so that a hang can be told from a bad answer.
 */
export interface Probe {
  readonly name: string;
  check(of: ProbeTarget, ctx: ProbeContext): Promise<readonly Reading[]>;
  /** Calls back when a check would tell something new, for a kind that hears of it by itself. */
  watch?(target: Target, onNews: () => void): () => void;
}
