// Cockatiel's circuit breaker over ours: theirs decides when it opens, all else is decided by ours.
import { type Breaker, breaker } from "../../../src/policies/breaker/breaker.ts";
import type { SavedBreaker } from "../../../src/policies/breaker/breaker-state.ts";
import { compose, type Pipeline } from "../../../src/policies/compose.ts";
import { Rejection } from "../../../src/policies/rejection.ts";
import { type Exited, type HookStrategy, Replaced } from "../../../src/policies/strategy.ts";
import { adapterClock } from "../clock.ts";
import { ConstantBackoff, type IBackoff, type IBackoffFactory } from "./backoff.ts";
import { CircuitState, type IBreaker } from "./breakers.ts";
import { BrokenCircuitError, HydratingCircuitError, IsolatedCircuitError } from "./errors.ts";
import { type Event, EventEmitter, type IDisposable } from "./events.ts";
import {
  Executor,
  type FailureReason,
  Handled,
  type IDefaultPolicyContext,
  type IFailureEvent,
  type IPolicy,
  type ISuccessEvent,
  neverAborted,
  type Policy,
  unwrap,
} from "./policy.ts";

export interface IHalfOpenAfterBackoffContext extends IDefaultPolicyContext {
  attempt: number;
  result: FailureReason<unknown>;
}

export interface IHalfOpenSamplingOptions {
  calls: number;
  /** Opens again above this share of failures. */
  threshold: number;
}

export interface ICircuitBreakerOptions {
  breaker: IBreaker;
  halfOpenAfter: number | IBackoffFactory<IHalfOpenAfterBackoffContext>;
  halfOpenSampling?: IHalfOpenSamplingOptions;
  initialState?: unknown;
}

interface Saved {
  readonly ownState: SavedBreaker;
  readonly breakerState: unknown;
}

const clock = adapterClock();
const stateOf = {
  closed: CircuitState.Closed,
  open: CircuitState.Open,
  "half-open": CircuitState.HalfOpen,
} as const;

/** Theirs opens above a share, ours from it on. */
const above = 1e-9;

function checkSampling({ calls, threshold }: IHalfOpenSamplingOptions): void {
  if (!Number.isSafeInteger(calls) || calls < 1)
    throw new RangeError(`halfOpenSampling.calls should be a positive integer, got ${calls}`);
  if (!(threshold >= 0 && threshold < 1))
    throw new RangeError(`halfOpenSampling.threshold should be between [0, 1), got ${threshold}`);
}

export class CircuitBreakerPolicy implements IPolicy {
  readonly #breaker: IBreaker;
  readonly #circuit: Breaker;
  readonly #pipeline: Pipeline;
  readonly #executor: Executor;
  readonly #backoffs: IBackoffFactory<IHalfOpenAfterBackoffContext>;
  #backoff: IBackoff<IHalfOpenAfterBackoffContext> | undefined;
  #backedOff = 0;
  #state: CircuitState = CircuitState.Closed;
  #holds = 0;
  #hold: Disposable | undefined;
  readonly #broke = new EventEmitter<FailureReason<unknown> | { isolated: true }>();
  readonly #reset = new EventEmitter<void>();
  readonly #halfOpened = new EventEmitter<void>();
  readonly #changed = new EventEmitter<CircuitState>();
  readonly onBreak: Event<FailureReason<unknown> | { isolated: true }> = this.#broke.addListener;
  readonly onReset: Event<void> = this.#reset.addListener;
  readonly onHalfOpen: Event<void> = this.#halfOpened.addListener;
  readonly onStateChange: Event<CircuitState> = this.#changed.addListener;
  readonly onSuccess: Event<ISuccessEvent>;
  readonly onFailure: Event<IFailureEvent>;
  lastFailure: FailureReason<unknown> | undefined;

  constructor(options: ICircuitBreakerOptions, policy: Policy) {
    const { halfOpenAfter, halfOpenSampling = { calls: 1, threshold: 0 }, initialState } = options;
    checkSampling(halfOpenSampling);
    this.#breaker = options.breaker;
    this.#backoffs =
      typeof halfOpenAfter === "number" ? new ConstantBackoff(halfOpenAfter) : halfOpenAfter;
    this.#executor = new Executor(policy);
    this.onSuccess = this.#executor.onSuccess;
    this.onFailure = this.#executor.onFailure;
    this.#circuit = breaker({
      clock,
      // What counts as a failure of ours is that theirs says so: then the first one opens it.
      window: { kind: "consecutive", calls: 1 },
      when: (error) => this.#failed(error),
      whenResult: () => this.#succeeded(),
      openMs: (openings) => this.#openMs(openings),
      probes: halfOpenSampling.calls,
      probeFailureRate: halfOpenSampling.threshold + above,
    });
    this.#pipeline = compose({ name: "circuit-breaker" }, this.#transitions(), this.#circuit);
    if (initialState) this.#restore(initialState as Saved);
  }

  get state(): CircuitState {
    return this.#state;
  }

  isolate(): IDisposable {
    this.#holds += 1;
    if (this.#holds === 1) {
      this.#hold = this.#circuit.isolate();
      this.#state = CircuitState.Isolated;
      this.#broke.emit({ isolated: true });
      this.#changed.emit(this.#state);
    }
    let disposed = false;
    return {
      dispose: () => {
        if (!disposed) this.#release();
        disposed = true;
      },
    };
  }

  async execute<T>(
    fn: (context: IDefaultPolicyContext) => PromiseLike<T> | T,
    signal: AbortSignal = neverAborted,
  ): Promise<T> {
    const run = this.#pipeline.run(() => {
      this.#follow();
      return this.#executor.attempt(() => fn({ signal }));
    });
    return await unwrap(run);
  }

  toJSON(): unknown {
    const saved = this.#circuit.save();
    // Theirs counts the opening that follows a failed probe from when the probe begins.
    const openings = saved.openings + (saved.state === "half-open" ? 1 : 0);
    return { ownState: { ...saved, openings }, breakerState: this.#breaker.state };
  }

  #restore({ ownState, breakerState }: Saved): void {
    this.#breaker.state = breakerState;
    if (ownState.state !== "closed") this.lastFailure = { error: new HydratingCircuitError() };
    this.#circuit.restore(ownState);
    this.#state = stateOf[this.#circuit.state];
  }

  #release(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    this.#hold?.[Symbol.dispose]();
    // Theirs is closed after it was isolated, ours as it was before.
    this.#circuit.reset();
    this.#state = CircuitState.Closed;
    this.#reset.emit();
    this.#changed.emit(this.#state);
  }

  /** Asked by ours for results that still count. */
  #failed(error: unknown): boolean {
    if (!(error instanceof Handled)) return false;
    this.lastFailure = error.reason;
    return this.#circuit.state === "half-open" || this.#breaker.failure(CircuitState.Closed);
  }

  #succeeded(): boolean {
    if (this.#circuit.state === "closed") this.#breaker.success(CircuitState.Closed);
    return false;
  }

  #openMs(openings: number): number {
    if (openings === 1) this.#backedOff = 0;
    let next: IBackoffFactory<IHalfOpenAfterBackoffContext> =
      this.#backedOff === 0 ? this.#backoffs : (this.#backoff ?? this.#backoffs);
    const result = this.lastFailure ?? { value: undefined };
    while (this.#backedOff < openings) {
      this.#backedOff += 1;
      this.#backoff = next.next({ attempt: this.#backedOff, result, signal: neverAborted });
      next = this.#backoff;
    }
    return this.#backoff?.duration ?? 0;
  }

  /** Outside of ours: hears of what it did in the same turn, and gives its refusals their names. */
  #transitions(): HookStrategy {
    return {
      name: "transitions",
      aborts: false,
      callsUser: true,
      exit: (_call, _level, _ok, value): Exited => {
        this.#follow();
        if (!(value instanceof Rejection)) return undefined;
        const error = this.#holds > 0 ? new IsolatedCircuitError() : new BrokenCircuitError();
        return new Replaced(false, error);
      },
    };
  }

  #follow(): void {
    const before = this.#state;
    const state = stateOf[this.#circuit.state];
    if (this.#holds > 0 || state === before) return;
    this.#state = state;
    if (state === CircuitState.HalfOpen) this.#halfOpened.emit();
    else if (state === CircuitState.Open) {
      if (before === CircuitState.HalfOpen) this.#breaker.failure(CircuitState.HalfOpen);
      this.#broke.emit(this.lastFailure ?? { value: undefined });
    } else {
      this.#breaker.success(CircuitState.HalfOpen);
      this.#reset.emit();
    }
    this.#changed.emit(state);
  }
}

export function circuitBreaker(
  policy: Policy,
  options: ICircuitBreakerOptions,
): CircuitBreakerPolicy {
  return new CircuitBreakerPolicy(options, policy);
}
