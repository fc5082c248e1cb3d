// What was captured about a sick target before anything was done to it.
import type { Target } from "./target.ts";

/**
 * blocked-stack: the JavaScript stack of a Node process whose event loop may be blocked.
 * app-report: what the app last said of itself over its link.
 */
export type EvidenceKind = "blocked-stack" | "process" | "last-lines" | "app-report";

export interface Evidence {
  readonly kind: EvidenceKind;
  readonly target: Target;
  /** One line for people: "event loop blocked in resizeImage (web.ts:41)". */
  readonly summary: string;
  /** The lines themselves: frames, log lines, figures. Bounded; secrets redacted. */
  readonly lines: readonly string[];
  /** blocked-stack only: whether the event loop was blocked; absent when it could not be told. */
  readonly blocked?: boolean;
  /** How long the capture took, milliseconds. */
  readonly tookMs: number;
}
