// The contract of a source: something that yields readings about running instances when asked.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Reading } from "../model/reading.ts";

export interface SourceContext {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes readings into the loop. */
  readonly emit: (readings: readonly Reading[]) => void;
}

export interface Source {
  readonly name: string;
  /** Emits readings until the signal aborts, then resolves. */
  start(ctx: SourceContext): Promise<void>;
}
