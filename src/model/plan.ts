// The ladder for one diagnosis: what to try, in which order, or why nothing is tried.
import type { ActionKind, Undo } from "./action.ts";
import type { DiagnosisKind } from "./diagnosis.ts";
import type { Reason } from "./reason.ts";
import type { Target } from "./target.ts";

export interface Rung {
  readonly action: ActionKind;
  /** One intent each; a destructive one waits until the one before it is verified. */
  readonly targets: readonly Target[];
  readonly why: Reason;
  /** Tried again while the guards allow it, instead of going on to the next rung. */
  readonly repeat?: boolean;
  readonly stopWaitMs?: number;
  readonly restoreFile?: { readonly file: string; readonly version: string };
  readonly undo?: Undo;
}

export interface Plan {
  readonly diagnosis: DiagnosisKind;
  readonly rungs: readonly Rung[];
  /** Answers that were considered and are wrong here, each with its reason. */
  readonly rejected: readonly { readonly action: ActionKind; readonly why: Reason }[];
}
