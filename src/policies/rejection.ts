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
  /** Milliseconds until it is worth trying again. */
  readonly retryAfterMs?: number;
}

/** Stands for an error on its way outward; two looks give the same error. */
export class Rejection {
  readonly reason: Reason;
  readonly pipeline: string;
  readonly retryAfterMs: number | undefined;
  #build: (rejection: Rejection) => Error;
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
    this.#error ??= this.#build(this);
    return this.#error;
  }

  get details(): RejectionDetails {
    const { reason, pipeline, retryAfterMs } = this;
    return retryAfterMs === undefined ? { reason, pipeline } : { reason, pipeline, retryAfterMs };
  }
}

/** What the caller sees of a failure's value. */
export function errorOf(value: unknown): unknown {
  return value instanceof Rejection ? value.error : value;
}

/** The reason of a failure that a strategy made, of this pipeline or of one further in. */
export function reasonOf(value: unknown): Reason | undefined {
  if (value instanceof Rejection) return value.reason;
  if (!(value instanceof HomeostatError)) return undefined;
  return (value.details as Partial<RejectionDetails> | null | undefined)?.reason;
}
