// What a group of calls tells of the target's load.

/** What the calls since the last sample came to. */
export interface Sample {
  /** Mean milliseconds to a result; undefined when no call gave one that tells the time. */
  readonly rttMs: number | undefined;
  /** How many calls that is the mean of. */
  readonly timed: number;
  /** The most calls that ran when one of them began, itself included. */
  readonly inFlight: number;
  /** Share of the calls that timed out or that the target refused for its load, 0 to 1. */
  readonly dropped: number;
  /** Share of the calls that the limit turned away or made wait, 0 to 1. */
  readonly held: number;
}

/** A smaller share of drops is the ordinary tail of a service, not its overload. */
export const toleratedDrops = 0.05;

/** More calls held than this: it is the limit that keeps the load where it is. */
export const boundFrom = 0.05;
