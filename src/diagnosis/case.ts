// The case that diagnosis rules look at, and what a rule may answer.
import type { Change } from "../model/change.ts";
import type { Diagnosis, EvidenceWanted } from "../model/diagnosis.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Exit, InstanceState } from "../model/instance.ts";
import type { Reason } from "../model/reason.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Target } from "../model/target.ts";

export interface CaseInstance {
  readonly target: Target;
  readonly state: InstanceState;
  readonly exit?: Exit;
  /** Short runs in a row that it has just had, and when the first of them ended. */
  readonly shortRuns: number;
  readonly shortSinceMs?: number;
  /** Share of one core, when it is known. */
  readonly cpu?: number;
}

export interface CaseDependency {
  readonly service: string;
  /** Instances that are ready. */
  readonly ready: number;
  /** Since when one of them has been; absent when none is. */
  readonly sinceMs?: number;
}

/** Everything a rule may use; nothing else exists for it. */
export interface Case {
  readonly service: string;
  readonly nowMs: number;
  readonly openedAtMs: number;
  readonly settleMs: number;
  /** How long something must be well to count as well. */
  readonly healthyMs: number;
  /** It ends when its work is done, and is not kept running. */
  readonly isJob?: boolean;
  /** It runs elsewhere and is only watched. */
  readonly isExternal?: boolean;
  /** Short runs in a row that are called a crash loop. */
  readonly loopExits: number;
  /** Active symptoms of the service itself, oldest first. */
  readonly own: readonly Symptom[];
  readonly instances: readonly CaseInstance[];
  /** Config changes of the service that have not been proven by a healthy run, newest last. */
  readonly changes: readonly Change[];
  /** The last version of each file that made the service healthy. */
  readonly proven: Readonly<Record<string, { readonly version: string }>>;
  /** What it depends on directly. */
  readonly dependencies: readonly CaseDependency[];
  readonly evidence: readonly (Evidence & { readonly atMs: number })[];
}

export type Answer =
  | { readonly kind: "diagnosis"; readonly diagnosis: Diagnosis }
  /** Cannot tell without this evidence. */
  | { readonly kind: "want"; readonly wanted: readonly EvidenceWanted[] }
  /** Cannot tell yet; without a moment: not before something happens. */
  | { readonly kind: "wait"; readonly untilMs?: number };

/** Undefined: this rule has nothing to say of this case. */
export type Rule = (of: Case) => Answer | undefined;

export function diagnosis(
  of: Case,
  kind: Diagnosis["kind"],
  target: Target,
  text: string,
  because: readonly Reason[],
): Answer {
  return {
    kind: "diagnosis",
    diagnosis: { kind, target, text, because, signature: `${kind}:${of.service}` },
  };
}

/** The evidence of a kind about a target that is no older than the symptom. */
export function fresh(
  of: Case,
  wanted: EvidenceWanted,
  symptom: Symptom,
): (Evidence & { readonly atMs: number }) | undefined {
  return of.evidence.findLast(
    (other) =>
      other.kind === wanted.kind &&
      other.target === wanted.target &&
      other.atMs >= symptom.raisedAtMs,
  );
}
