// A strategy's refusal, whose error is built only when somebody looks at it.
import { HomeostatError } from "../kernel/errors.ts";

/** Why a strategy turned a call down; `budget` is a retry that was not made. */
export type Reason =
  | "open"
  | "timeout"
  | "bulkhead"
  | "rate"
  | "concurrency"
  | "throttled"
  | "ejected"
  | "budget"
  | "other";

/** What our errors carry in `details`. */
export interface RejectionDetails {
  readonly reason: Reason;
  readonly pipeline?: string;
  readonly strategy?: string;
  /** Time ran out because this process itself stood still. */
  readonly stalled?: boolean;
  /** Milliseconds until it is worth trying again. */
  readonly retryAfterMs?: number;
}

/** On errors of other makes, which have no place for details of ours. */
const refusal: unique symbol = Symbol("homeostat.refusal");

/** Stands for an error on its way outward; two looks give the same error. */
export class Rejection {
  readonly reason: Reason;
  readonly pipeline: string;
  readonly retryAfterMs: number | undefined;
  /** Who refused; filled in on the way outward. */
  strategy: string | undefined = undefined;
  stalled = false;
  cause: unknown = undefined;
  readonly #build: (rejection: Rejection) => Error;
  #error: Error | undefined;

  /** `build` is one function of the strategy, not made for each call. */
  constructor(
    reason: Reason,
    pipeline: string,
    build: (rejection: Rejection) => Error,
    retryAfterMs?: number,
  ) {
    this.reason = reason;
    this.pipeline = pipeline;
    this.retryAfterMs = retryAfterMs;
    this.#build = build;
  }

  get error(): Error {
    if (this.#error === undefined) {
      this.#error = this.#build(this);
      const error = this.#error;
      // One that a strategy made once and gives each time is marked once, a frozen one never.
      if (!(error instanceof HomeostatError || refusal in error) && Object.isExtensible(error)) {
        Object.defineProperty(error, refusal, { value: this.details });
      }
    }
    return this.#error;
  }

  /** What the work made of it in the end, unless that is this refusal itself. */
  because(failure: unknown): void {
    if (failure === this || failure === this.#error) return;
    this.cause = errorOf(failure);
    if (this.#error && this.#error.cause === undefined) this.#error.cause = this.cause;
  }

  get details(): RejectionDetails {
    const { reason, pipeline, strategy, stalled, retryAfterMs } = this;
    const base = strategy === undefined ? { reason, pipeline } : { reason, pipeline, strategy };
    if (retryAfterMs !== undefined) return { ...base, retryAfterMs };
    return stalled ? { ...base, stalled } : base;
  }
}

/** What the caller sees of a failure's value. */
export function errorOf(value: unknown): unknown {
  return value instanceof Rejection ? value.error : value;
}

/** What is known of a refusal, also when its error is built already. */
export function refusalOf(value: unknown): RejectionDetails | undefined {
  if (value instanceof Rejection) return value.details;
  if (value instanceof HomeostatError) {
    const details = value.details as Partial<RejectionDetails> | null | undefined;
    return details?.reason === undefined ? undefined : { ...details, reason: details.reason };
  }
  if (!(value instanceof Error)) return undefined;
  return (value as { [refusal]?: RejectionDetails })[refusal];
}

/** The reason of a failure that a strategy made, of this pipeline or of one further in. */
export function reasonOf(value: unknown): Reason | undefined {
  if (value instanceof Rejection) return value.reason;
  if (value instanceof HomeostatError) {
    return (value.details as Partial<RejectionDetails> | null | undefined)?.reason;
  }
  if (!(value instanceof Error)) return undefined;
  return (value as { [refusal]?: RejectionDetails })[refusal]?.reason;
}
