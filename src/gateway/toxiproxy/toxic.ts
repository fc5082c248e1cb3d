// What a toxic is: settings on a proxy, and for each connection a stage that bytes pass through.
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";

/** client to upstream, and upstream to client. */
export type Direction = "upstream" | "downstream";

/**
 * end: the source has said all, the other way may go on · close: the whole connection ends ·
 * reset: it ends with TCP RST, and what was not sent is lost.
 */
export type Ending = "end" | "close" | "reset";

export type Attributes = Readonly<Record<string, number>>;

export interface Outlet {
  take(piece: Buffer, cameAtMs: number): void;
  /** Nothing more comes. */
  finish(how: Ending): void;
}

export interface Held {
  readonly piece: Buffer;
  readonly cameAtMs: number;
}

/** What a stage had not passed on yet. */
export interface Left {
  readonly pieces: readonly Held[];
  readonly ending?: Ending;
}

export interface Stage extends Outlet {
  readonly heldBytes: number;
  /** Its settings changed, or its toxic was removed: it does nothing more, and leaves this. */
  leave(isRemoved: boolean): Left;
}

/** The place of a stage in one connection. */
export interface Line {
  readonly clock: Clock;
  readonly random: Random;
  readonly next: Outlet;
  /** Outlives a change of settings, not the toxic. */
  readonly memory: { passedBytes: number };
}

/** One kind of toxic: one file each, listed in kinds.ts. */
export interface ToxicKind {
  readonly type: string;
  /** The Go type whose name stands in messages about its attributes. */
  readonly goName: string;
  /** Whole numbers, in the order in which answers list them. */
  readonly attributes: readonly string[];
  /** A stage that holds more than this stops the source until it holds less. */
  readonly roomBytes: number;
  stage(attributes: Attributes, line: Line): Stage;
}

/** A toxic of a proxy; a change of its settings makes a new one with the same name. */
export interface Toxic {
  readonly kind: ToxicKind;
  readonly name: string;
  /** As it was written: "Upstream" stays "Upstream". */
  readonly stream: string;
  readonly direction: Direction;
  /** Share of the connections that it is put on. */
  readonly toxicity: number;
  readonly attributes: Attributes;
}

export const nothingLeft: Left = { pieces: [] };

/** Enough to keep a line busy, for stages that only hold what they are about to pass on. */
export const smallRoomBytes: number = 64 * 1024;

/** Calls `work` once, after `ms`; the way out cancels it. */
export function after(clock: Clock, ms: number, work: () => void): () => void {
  const timer = new AbortController();
  clock.sleep(ms, timer.signal).then(work, () => {});
  return () => timer.abort();
}
