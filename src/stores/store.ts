// The contract of a store: an append-only journal of events, and a ring of samples beside it.
import { HomeostatError } from "../kernel/errors.ts";
import type { Event } from "../model/event.ts";
import type { Reading } from "../model/reading.ts";

/** Whether a write was refused because the disk is full: it may be tried again, as it was. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof HomeostatError) || error.code !== "JOURNAL_UNUSABLE") return false;
  const { details } = error;
  return typeof details === "object" && details !== null && "full" in details;
}

/** The readings of one tick, and where in the journal the tick stood. */
export interface Tick {
  /** Unbroken from 1 within one journal. */
  readonly n: number;
  readonly atMs: number;
  /** The `seq` of the last event before this tick; 0 when there was none. */
  readonly afterSeq: number;
  readonly readings: readonly Reading[];
}

/** What was made of all events up to one of them. */
export interface Snapshot {
  /** Who made it: another program may make something else of the same events. */
  readonly program: string;
  /** The last event that is in it. */
  readonly seq: number;
  /** Plain data. */
  readonly made: unknown;
}

export interface Store {
  readonly name: string;
  /**
   * Makes the events durable, all or none, before it returns.
   * @throws INVARIANT when `seq` does not follow the last one without a gap; JOURNAL_UNUSABLE, and
   * then nothing was kept: {@link isDiskFull} tells whether it can be tried again.
   */
  append(events: readonly Event[]): void;
  /** Events with `seq` over `afterSeq`, oldest first. @throws JOURNAL_CORRUPT on a damaged file. */
  read(afterSeq?: number): Iterable<Event>;
  /** Keeps the readings of a tick; old ticks may be dropped to stay within the store's bound. */
  appendTick(tick: Tick): void;
  /** Ticks with `n` over `afterN`, oldest first. */
  readTicks(afterN?: number): Iterable<Tick>;
  /** The latest tick; undefined when there is none. */
  lastTick(): Tick | undefined;
  /** Keeps the content of a config file under its version (a hash); the same version is kept once. */
  putFile(version: string, content: string): void;
  getFile(version: string): string | undefined;
  /**
   * The snapshot that was kept last, for the first who asks; undefined when there is none that is
   * whole and of this journal. Events before it are not looked at when the store is opened.
   */
  takeSnapshot?(): Snapshot | undefined;
  /** Keeps one in place of the last. When that fails the next start takes longer, no more. */
  keepSnapshot?(snapshot: Snapshot): void;
  /** Releases the store; a second call does nothing. */
  close(): void;
}
