// Cockatiel's bulkhead over ours.
import { compose, type Pipeline } from "../../../src/policies/compose.ts";
import { type Bulkhead, bulkhead as ours } from "../../../src/policies/limit/bulkhead.ts";
import { reasonOf } from "../../../src/policies/rejection.ts";
import { BulkheadRejectedError, TaskCancelledError } from "./errors.ts";
import { type Event, EventEmitter } from "./events.ts";
import {
  Executor,
  type IDefaultPolicyContext,
  type IFailureEvent,
  type IPolicy,
  type ISuccessEvent,
  neverAborted,
  Waiting,
} from "./policy.ts";

export class BulkheadPolicy implements IPolicy {
  readonly #capacity: number;
  readonly #queueCapacity: number;
  readonly #bulkhead: Bulkhead;
  readonly #pipeline: Pipeline;
  readonly #executor = new Executor();
  readonly #rejected = new EventEmitter<void>();
  readonly onSuccess: Event<ISuccessEvent> = this.#executor.onSuccess;
  readonly onFailure: Event<IFailureEvent> = this.#executor.onFailure;
  readonly onReject: Event<void> = this.#rejected.addListener;

  constructor(capacity: number, queueCapacity: number) {
    this.#capacity = capacity;
    this.#queueCapacity = queueCapacity;
    // Ours has no queue without an end, and lets nobody wait for ever unless told so.
    const queue = Math.min(queueCapacity, Number.MAX_SAFE_INTEGER);
    const waits = queue > 0 ? { queue, waitMs: Number.POSITIVE_INFINITY } : {};
    this.#bulkhead = ours({ concurrent: capacity, ...waits });
    this.#pipeline = compose({ name: "bulkhead" }, this.#bulkhead);
  }

  get executionSlots(): number {
    return this.#capacity - this.#bulkhead.running;
  }

  get queueSlots(): number {
    return this.#queueCapacity - this.#bulkhead.queued;
  }

  async execute<T>(
    fn: (context: IDefaultPolicyContext) => PromiseLike<T> | T,
    signal: AbortSignal = neverAborted,
  ): Promise<T> {
    if (signal.aborted) throw new TaskCancelledError();
    using waiting = new Waiting(signal, () => new TaskCancelledError());
    const work = (): Promise<T> => waiting.run(() => this.#executor.attempt(() => fn({ signal })));
    try {
      return await this.#pipeline.run(work, { signal: waiting.signal });
    } catch (error) {
      if (reasonOf(error) !== "bulkhead") throw error;
      this.#rejected.emit();
      throw new BulkheadRejectedError(this.#capacity, this.#queueCapacity);
    }
  }
}

export function bulkhead(limit: number, queue = 0): BulkheadPolicy {
  return new BulkheadPolicy(limit, queue);
}
