// An action from intent to receipt.
import type { Reason } from "./reason.ts";
import type { Target } from "./target.ts";

/**
 * start: start a process that is not running · restart: stop and start one that is · rollback:
 * put the last known good config back · degrade: let the gateway answer for a sick service at
 * once · restore: end a degrade · page: tell a person.
 */
export type ActionKind = "start" | "restart" | "rollback" | "degrade" | "restore" | "page";

/** observe: say what would be done · suggest: ask first · auto: do it. */
export type Mode = "observe" | "suggest" | "auto";

/** none: nothing is lost · low: reversible · medium: work in flight may be lost. */
export type Risk = "none" | "low" | "medium";

/** Facts of an action kind that planning and guarding need without running it. */
export interface ActionTraits {
  readonly risk: Risk;
  readonly reversible: boolean;
  /** Whether it takes a running process away: guarded by max-unhealthy and one at a time. */
  readonly destructive: boolean;
}

/** Everything an action needs to run; written down before it runs. */
export interface Intent {
  /** "A7": unique in the journal; also the idempotency key. */
  readonly id: string;
  readonly incident: string;
  readonly kind: ActionKind;
  readonly target: Target;
  /** Which plan of the incident it belongs to, from 1. */
  readonly ladder: number;
  /** Which rung of the ladder, from 0. */
  readonly rung: number;
  readonly why: Reason;
  /** How it would be undone, recorded before it is done; absent when it cannot be. */
  readonly undo?: Undo;
  /** Milliseconds between TERM and KILL, when the diagnosis asks for another than the config's. */
  readonly stopWaitMs?: number;
  /** rollback only: the file and the version to put back. */
  readonly restoreFile?: { readonly file: string; readonly version: string };
  /** The action that this one undoes. */
  readonly undoes?: string;
  /** It was given up before: the ladder does not hang on it. */
  readonly retry?: true;
}

/** How to take an action back. */
export interface Undo {
  readonly kind: ActionKind;
  readonly text: string;
  readonly restoreFile?: { readonly file: string; readonly version: string };
}

/** What an action really did. */
export interface Receipt {
  readonly action: string;
  /** Each step with its own time, for people and for the incident. */
  readonly steps: readonly { readonly text: string; readonly tookMs: number }[];
}

/** interrupted: the daemon died while it ran; it is verified, never repeated. */
export type ActionState = "intended" | "started" | "done" | "failed" | "abandoned" | "interrupted";

export interface ActionRecord extends Intent {
  readonly state: ActionState;
  /** `seq` of the `daemon.started` in whose time it was intended. */
  readonly session: number;
  readonly intendedAtMs: number;
  /** `seq` of its `action.intended`. */
  readonly intendedSeq?: number;
  readonly startedAtMs?: number;
  /** `seq` of its `action.started`. */
  readonly startedSeq?: number;
  readonly endedAtMs?: number;
  readonly receipt?: Receipt;
  readonly error?: string;
  readonly outcome?: Outcome;
}

/** Whether an action helped: measured, never assumed. */
export interface Outcome {
  readonly action: string;
  readonly result: "verified" | "not-helped" | "undone" | "interrupted";
  readonly why: Reason;
}
