// The context of one attempt, with a signal that is made when it is first read.
import { errorOf } from "./rejection.ts";
import type { RunContext } from "./strategy.ts";

/** What the work is given; late work keeps the signal of its own attempt. */
export class Attempt implements RunContext {
  readonly attempt: number;
  readonly key: string | undefined;
  /** The caller's own signal when nothing else can end the attempt. */
  protected readonly passed: AbortSignal | undefined;
  #control: AbortController | undefined;
  #ended = false;
  #reason: unknown;

  constructor(attempt: number, key: string | undefined, passed: AbortSignal | undefined) {
    this.attempt = attempt;
    this.key = key;
    this.passed = passed;
  }

  get signal(): AbortSignal {
    if (this.passed) return this.passed;
    if (this.#control) return this.#control.signal;
    this.#control = new AbortController();
    if (this.#ended) this.#control.abort(errorOf(this.#reason));
    return this.#control.signal;
  }

  end(reason: unknown): void {
    this.#ended = true;
    this.#reason = reason;
    this.#control?.abort(errorOf(reason));
  }
}
