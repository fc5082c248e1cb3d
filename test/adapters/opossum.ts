// A face in the shape of opossum 10 over our policies, for suites that were written for it.
import { EventEmitter } from "node:events";
import { type Bulkhead, bulkhead } from "../../src/policies/limit/bulkhead.ts";
import { timeout } from "../../src/policies/strategies/timeout.ts";
import type { HookStrategy } from "../../src/policies/strategy.ts";
import { adapterClock } from "./clock.ts";
import { Caches } from "./opossum/caches.ts";
import { OpossumCircuit } from "./opossum/circuit.ts";
import { checkHealth } from "./opossum/health.ts";
import { type BreakerStateGiven, type Options, type Rules, rulesOf } from "./opossum/options.ts";
import { type Ended, isOurError, ourError, run } from "./opossum/run.ts";
import { type Counted, type Stats, Status, type StatusOptions } from "./opossum/status.ts";

export { MemoryCache } from "./opossum/store.ts";
export { type Options, Status };

type Action = (this: unknown, ...args: unknown[]) => unknown;
type HealthCheck = (this: CircuitBreaker) => PromiseLike<unknown>;

const clock = adapterClock();
const unrefClock = adapterClock({ unref: true });
let unnamed = 0;

export default class CircuitBreaker extends EventEmitter {
  static isOurError(error: unknown): boolean {
    return isOurError(error);
  }
  static newStatus(options?: StatusOptions): Status {
    return new Status(options);
  }

  readonly options: Rules;
  readonly action: Action;
  readonly name: string;
  readonly group: string;
  readonly status: Status;
  enabled = true;
  warmUp = false;
  readonly #circuit: OpossumCircuit;
  readonly #caches: Caches;
  readonly #guards: readonly HookStrategy[];
  readonly #semaphore: Bulkhead;
  #fallback: ((...args: unknown[]) => unknown) | undefined;
  readonly #warming = new AbortController();

  constructor(action: unknown, options: Options = {}) {
    super();
    this.options = rulesOf(action, options);
    this.action = typeof action === "function" ? (action as Action) : async () => action;
    this.name = options.name || this.action.name || `opossum-${++unnamed}`;
    this.group = options.group || this.name;
    const { status } = options;
    this.status =
      status instanceof Status ? status : new Status(status ? { stats: status } : this.options);
    this.#circuit = new OpossumCircuit(
      this.options,
      unrefClock,
      () => this.warmUp,
      (state) => {
        if (state !== "open") this.#renewAbortController();
        if (state !== "halfOpen") this.status.mark(state === "open");
        if (state === "halfOpen") this.emit("halfOpen", this.options.resetTimeout);
        else this.emit(state === "closed" ? "close" : "open");
      },
    );
    this.#caches = new Caches(this.options, (counted, event) => this.#told(counted, event));
    const { capacity, timeout: ms } = this.options;
    this.#semaphore = bulkhead({ concurrent: Math.max(1, capacity) });
    const timeouts = ms ? [timeout({ ms, clock })] : [];
    this.#guards = [this.#circuit.strategy, this.#semaphore, ...timeouts];
    this.#begin(options.state ?? {}, options);
  }

  get closed(): boolean {
    return this.#circuit.state === "closed";
  }
  get opened(): boolean {
    return this.#circuit.state === "open";
  }
  get halfOpen(): boolean {
    return this.#circuit.state === "halfOpen";
  }
  get pendingClose(): boolean {
    return this.#circuit.pendingClose;
  }
  get isShutdown(): boolean {
    return this.#circuit.state === "shutdown";
  }
  get volumeThreshold(): number {
    return this.options.volumeThreshold;
  }
  get stats(): Stats {
    return this.status.stats;
  }
  get semaphore(): { readonly count: number } {
    return { count: this.options.capacity - this.#semaphore.running };
  }

  toJSON(): { readonly state: BreakerStateGiven & { open: boolean; name: string }; status: Stats } {
    const { name, enabled, closed, opened: open, halfOpen, warmUp, isShutdown: shutdown } = this;
    const { lastTimerAt } = this.#circuit;
    const state = { name, enabled, closed, open, halfOpen, warmUp, shutdown, lastTimerAt };
    return { state, status: this.stats };
  }

  open(): void {
    this.#circuit.open();
  }

  close(): void {
    this.#circuit.close();
  }

  enable(): void {
    this.enabled = true;
    this.status.startListening();
  }

  /** Calls then run without any protection. */
  disable(): void {
    this.enabled = false;
    this.status.stopListening();
  }

  shutdown(): void {
    this.emit("shutdown");
    this.disable();
    this.removeAllListeners();
    this.#warming.abort();
    this.status.shutdown();
    this.#circuit.shutdown();
    this.clearCache();
  }

  fallback(given: ((...args: unknown[]) => unknown) | CircuitBreaker): this {
    this.#fallback = given instanceof CircuitBreaker ? (...args) => given.fire(...args) : given;
    return this;
  }

  clearCache(): void {
    this.#caches.clear();
  }

  /** The circuit opens when `check` is rejected; `interval` is in milliseconds. */
  healthCheck(check: HealthCheck, interval = 5_000): void {
    const bound = typeof check === "function" ? check.bind(this) : check;
    checkHealth(bound, interval, (error) => {
      this.emit("healthCheckFailed", error);
      this.open();
    });
  }

  getSignal(): AbortSignal | undefined {
    return this.options.abortController?.signal;
  }

  getAbortController(): AbortController | undefined {
    return this.options.abortController;
  }

  fire(...args: unknown[]): Promise<unknown> {
    return this.call(this.action, ...args);
  }

  call(context: unknown, ...args: unknown[]): Promise<unknown> {
    if (this.isShutdown)
      return Promise.reject(ourError("The circuit has been shutdown.", "ESHUTDOWN"));
    this.#told("fires", "fire", args);
    if (!this.enabled) return (async () => await this.action.apply(context, args))();
    const key = this.#caches.keyOf(this, args);
    const kept = this.#caches.kept(key);
    if (kept) return Promise.resolve(kept);
    const refused = !this.closed && !this.pendingClose;
    return this.#caches.coalesced(key, refused, () => this.#run(context, args, key));
  }

  #run(context: unknown, args: unknown[], key: string): Promise<unknown> {
    const give = this.#fallback;
    return run({
      work: () => {
        this.#circuit.began();
        return this.action.apply(context, args);
      },
      guards: this.#guards,
      timeoutMs: this.options.timeout,
      forgives: (error) => Boolean(this.options.errorFilter(error, ...args)),
      tell: (ended) => this.#ended(ended, args, key),
      fallback: give && ((error) => this.#fallBack(give, args, error)),
    });
  }

  /** In opossum's order: what happened, what it did to the circuit, who else is concerned. */
  #ended(ended: Ended, args: unknown[], key: string): void {
    const { kind, value, latency } = ended;
    if (kind === "open") {
      this.#told("rejects", "reject", value);
      return;
    }
    if (kind === "timeout") this.#timed("timeouts", "timeout", ended, args);
    if (kind === "locked") this.#told("semaphoreRejections", "semaphoreLocked", value, latency);
    const succeeded = kind === "success" || kind === "forgiven";
    if (succeeded) this.#timed("successes", "success", ended);
    else this.#timed("failures", "failure", ended, args);
    this.#circuit.follow();
    this.#caches.ended(ended, key);
    if (kind === "timeout") this.options.abortController?.abort();
  }

  #fallBack(give: (...args: unknown[]) => unknown, args: unknown[], error: unknown): unknown {
    const result = give(...args, error);
    this.#told("fallbacks", "fallback", result, error);
    return result;
  }

  #told(counted: Counted, event: string, ...given: unknown[]): void {
    this.status.increment(counted);
    this.emit(event, ...given);
  }

  #timed(counted: Counted, event: string, { value, latency }: Ended, ...args: unknown[]): void {
    this.status.increment(counted, latency);
    this.emit(event, value, latency, ...args);
  }

  #renewAbortController(): void {
    const { options } = this;
    if (options.autoRenewAbortController && options.abortController?.signal.aborted)
      options.abortController = new AbortController();
  }

  /** As new, or as the breaker whose state was given. */
  #begin(state: BreakerStateGiven, { enabled, allowWarmUp }: Options): void {
    const { resetTimeout, rollingCountTimeout } = this.options;
    this.enabled = state.enabled ?? enabled !== false;
    this.warmUp = state.warmUp || allowWarmUp === true;
    const warmed = (): void => {
      this.warmUp = false;
    };
    if (this.warmUp)
      unrefClock.sleep(rollingCountTimeout, this.#warming.signal).then(warmed, () => {});
    const openedMs = Date.now() - (state.lastTimerAt ?? Date.now());
    if (state.shutdown) this.shutdown();
    else if (state.halfOpen || (state.closed === false && openedMs > resetTimeout))
      this.#circuit.halfOpen();
    else if (state.closed === false) this.open();
  }
}

/** What `require` gives, for suites that are CommonJS. */
export { CircuitBreaker as "module.exports" };
