// The ladder for one diagnosis: what to try, in which order, or why nothing is tried.
import type { ActionKind } from "./action.ts";
import type { DiagnosisKind } from "./diagnosis.ts";
import type { Reason } from "./reason.ts";
import type { Target } from "./target.ts";

export interface Rung {
  readonly action: ActionKind;
  readonly target: Target;
  readonly why: Reason;
  readonly stopWaitMs?: number;
  readonly restoreFile?: { readonly file: string; readonly version: string };
  readonly undoFile?: { readonly file: string; readonly version: string };
}

export interface Plan {
  readonly diagnosis: DiagnosisKind;
  readonly rungs: readonly Rung[];
  /** Answers that were considered and are wrong here, each with its reason. */
  readonly rejected: readonly { readonly action: ActionKind; readonly why: Reason }[];
}
