// What is believed to be wrong, and why: the answer that decides which ladder is climbed.
import type { EvidenceKind } from "./evidence.ts";
import type { Reason } from "./reason.ts";
import type { Target } from "./target.ts";

export type DiagnosisKind =
  | "crash"
  | "crash-loop"
  | "bad-change"
  | "hang"
  | "stuck"
  | "overload"
  | "slow-dependency"
  | "dependency-down"
  | "external-down"
  | "common-cause"
  | "exhaustion"
  | "unknown";

export interface Diagnosis {
  readonly kind: DiagnosisKind;
  /** What has to be healed: one instance, or a whole service. */
  readonly target: Target;
  /** One sentence for a person. */
  readonly text: string;
  /** What speaks for it, strongest first. */
  readonly because: readonly Reason[];
  /** The same trouble has the same signature: the key that experience is counted under. */
  readonly signature: string;
}

/** What a rule asks for when it cannot decide yet. */
export interface EvidenceWanted {
  /** What an app says of itself is there already, or not at all: nobody has to ask for it. */
  readonly kind: Exclude<EvidenceKind, "app-report">;
  readonly target: Target;
}
