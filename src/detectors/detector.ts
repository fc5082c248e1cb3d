// The contract of a detector: a pure fold over the readings of one target that says sick or well.
import type { Reading } from "../model/reading.ts";
import type { Reason } from "../model/reason.ts";
import type { SymptomKind } from "../model/symptom.ts";

/** What a detector thinks after a reading or after time has passed. */
export type Finding =
  | {
      readonly sick: true;
      readonly kind: SymptomKind;
      readonly why: Reason;
      readonly sinceMs: number;
    }
  | { readonly sick: false; readonly text: string }
  /** No opinion: the symptom stays as it is. */
  | undefined;

/**
 * `S` is plain data of bounded size. Both functions are pure: the same state and reading give the
 * same answer, and the state that was passed in is not changed.
 */
export interface Detector<S = unknown> {
  readonly name: string;
  readonly initial: S;
  /** Where it goes on when its symptom stands and a new daemon has no memory of the readings. */
  readonly raised: S;
  observe(state: S, reading: Reading): readonly [S, Finding];
  /** Called on each tick with the loop time; only a detector of absence has it. */
  tick?(state: S, nowMs: number): readonly [S, Finding];
}
