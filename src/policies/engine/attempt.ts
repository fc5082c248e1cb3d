// The context of one attempt, with a signal that is made when it is first read.
import { errorOf } from "../rejection.ts";
import type { RunContext, RunOptions } from "../strategy.ts";

/** What a context's signal is made from. */
export interface Signalled {
  /** The caller's own signal when nothing else can end the attempt. */
  readonly passed: AbortSignal | undefined;
  control: AbortController | undefined;
  /** Why the attempt was ended from outside. */
  endedBy: { readonly reason: unknown } | undefined;
}

export function signalOf(context: Signalled): AbortSignal {
  if (context.passed) return context.passed;
  if (context.control) return context.control.signal;
  const control = new AbortController();
  context.control = control;
  if (context.endedBy) control.abort(errorOf(context.endedBy.reason));
  return control.signal;
}

export function endAttempt(context: Signalled, reason: unknown): void {
  context.endedBy = { reason };
  context.control?.abort(errorOf(reason));
}

/** The context of a repeat; late work keeps the signal of its own attempt. */
export class Attempt implements RunContext, Signalled {
  readonly attempt: number;
  readonly passed: AbortSignal | undefined;
  control: AbortController | undefined = undefined;
  endedBy: { readonly reason: unknown } | undefined = undefined;

  readonly #given: RunOptions | undefined;

  constructor(attempt: number, given: RunOptions | undefined, passed: AbortSignal | undefined) {
    this.attempt = attempt;
    this.#given = given;
    this.passed = passed;
  }

  get signal(): AbortSignal {
    return signalOf(this);
  }
  get key(): string | undefined {
    return this.#given?.key;
  }
  get priority(): number | undefined {
    return this.#given?.priority;
  }
}
