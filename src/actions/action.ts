// The contract of an action: what it risks, how it is undone, and doing it.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { ActionKind, ActionTraits, Intent } from "../model/action.ts";

export interface ActionContext {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Adds a line to the receipt as soon as a step is over. */
  readonly step: (text: string, tookMs: number) => void;
}

/**
 * `apply` runs once per intent and reports each step as soon as it is over: the steps are the
 * receipt, whether it resolves or rejects. It never decides whether it may run.
 */
export interface Action {
  readonly name: ActionKind;
  readonly traits: ActionTraits;
  apply(intent: Intent, ctx: ActionContext): Promise<void>;
}
