// Why an action may not run now: never, or not before a moment.
import type { ActionKind } from "./action.ts";
import type { Reason } from "./reason.ts";
import type { Target } from "./target.ts";

/** What the guards say of one intent. */
export type Verdict =
  | { readonly kind: "allowed"; readonly why: Reason }
  | { readonly kind: "wait"; readonly why: Reason; readonly untilMs?: number }
  | { readonly kind: "ask"; readonly why: Reason }
  | { readonly kind: "refused"; readonly why: Reason; readonly final: boolean };

export interface Refusal {
  readonly action: ActionKind;
  readonly target: Target;
  readonly why: Reason;
  /** A wait ends by itself at this loop time; a refusal has none. */
  readonly untilMs?: number;
}

export interface Approval {
  /** "P3": unique in the journal. */
  readonly id: string;
  readonly incident: string;
  readonly action: ActionKind;
  readonly target: Target;
  readonly effect: string;
  readonly undo: string;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: "open" | "given" | "denied" | "expired";
  readonly by?: string;
  /** The action that ran because of it: a yes is for one, not for all of its kind. */
  readonly usedBy?: string;
}
