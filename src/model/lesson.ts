// What was learned: how often an action helped against a signature.

export interface Lesson {
  readonly signature: string;
  readonly action: string;
  readonly tried: number;
  readonly verified: number;
  readonly notHelped: number;
  /** How many of them were tried in a drill. */
  readonly inDrills?: number;
  /** Mean milliseconds from the action's start to the verified end, over the verified ones. */
  readonly meanRecoveryMs: number;
}
