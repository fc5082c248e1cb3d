// The contract of a roll reporter: who is told at intervals whether all that is watched lives.

/** What a dead man's switch outside, such as cronitor, is told. */
export interface Roll {
  readonly state: "ok" | "fail";
  /** How many live. */
  readonly count: number;
  /** Ids of those that should and do not. */
  readonly missing: readonly string[];
}

export interface RollReporter {
  readonly name: string;
  /** Milliseconds from one call to the next. Default 60,000. */
  readonly everyMs?: number;
  /** May throw and may hang: the signal aborts after 5,000 ms, and it is not called twice at once. */
  report(roll: Roll, signal: AbortSignal): unknown;
}
