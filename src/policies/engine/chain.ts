// Puts strategies into one chain: hooks run in one driver, a strategy written as a function splits it.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { type Counters, newCounters } from "../counters.ts";
import { type CallEvent, calls, events } from "../events.ts";
import { errorOf, type RejectionDetails, reasonOf, refusalOf } from "../rejection.ts";
import type {
  AroundStrategy,
  HookStrategy,
  RunContext,
  RunOptions,
  Strategy,
  Work,
} from "../strategy.ts";
import { Flight } from "./call.ts";
import { type Route, type Settle, watched } from "./route.ts";

/** What a failed call of `tryRun` came to; its error is built when it is read. */
export class Failure {
  readonly ok = false;
  readonly #value: unknown;
  constructor(value: unknown) {
    this.#value = value;
  }
  get error(): unknown {
    return errorOf(this.#value);
  }
  get rejected(): ReturnType<typeof reasonOf> {
    return reasonOf(this.#value);
  }
}

interface Around {
  readonly strategy: AroundStrategy;
  readonly inner: Chain;
}

/**
 * Hooks before the first `around` strategy, that strategy, and the chain inside it. A class, as
 * functions made for each pipeline would each have to be compiled and warmed on their own.
 */
export class Chain implements Route<Flight> {
  readonly pipeline: string;
  readonly strategies: readonly Strategy<unknown>[];
  readonly hooks: readonly HookStrategy[];
  readonly enters: Route<Flight>["enters"];
  readonly exits: Route<Flight>["exits"];
  readonly successExits: Route<Flight>["successExits"];
  readonly counters: Counters;
  readonly aborts: boolean;
  readonly keepsContext: boolean;
  readonly hearLate: readonly number[];
  readonly clock: Clock;
  /** Only the outermost chain counts calls. */
  readonly #counts: boolean;
  readonly around: Around | undefined;
  #forks: Map<number, Chain> | undefined;

  /** Strategies outermost first. */
  constructor(
    pipeline: string,
    strategies: readonly Strategy<unknown>[],
    clock: Clock = systemClock,
    counters: Counters = newCounters(),
    counts = true,
  ) {
    const at = strategies.findIndex(isAround);
    const hooks = (at < 0 ? strategies : strategies.slice(0, at)) as readonly HookStrategy[];
    this.pipeline = pipeline;
    this.strategies = strategies;
    this.hooks = hooks;
    const strategy = strategies.find(isAround);
    this.around = strategy && {
      strategy,
      inner: new Chain(pipeline, strategies.slice(at + 1), clock, counters, false),
    };
    this.enters = hooks.map(({ enter }) => enter);
    this.exits = hooks.map(({ exit }) => exit);
    this.successExits = hooks.map(({ exit, onlyFailures }) => (onlyFailures ? undefined : exit));
    this.counters = counters;
    this.clock = clock;
    this.#counts = counts;
    this.aborts = hooks.some((hook) => hook.aborts !== false);
    this.keepsContext = this.aborts && hooks.some((hook) => hook.callsUser === true);
    this.hearLate = hooks.flatMap((hook, level) => (hook.late ? [level] : [])).toReversed();
  }

  /** Rejects with the error of a failure. */
  run(work: Work, given: RunOptions | undefined): Promise<unknown> {
    this.counters.calls += 1;
    return this.#launch(work, given, 0, false);
  }

  /** Fulfils with `{ ok: true, value }` or a Failure, never rejects. */
  tryRun(work: Work, given: RunOptions | undefined): Promise<unknown> {
    this.counters.calls += 1;
    return this.#launch(work, given, 0, true);
  }

  #launch(
    work: Work,
    given: RunOptions | undefined,
    attempt: number,
    outcome: boolean,
  ): Promise<unknown> {
    const promise = new Promise(stash);
    const startedAt = this.#counts && calls.hasSubscribers ? this.clock.now() : -1;
    const reject = outcome ? undefined : stashedReject;
    new Flight(this, work, given, attempt, stashedResolve, reject, startedAt).start();
    return promise;
  }

  fork(
    call: Flight,
    level: number,
    work: Work,
    given: RunOptions,
    attempt: number,
  ): Promise<unknown> {
    return this.#inside(level).#launchBeside(this.#told(call, work), given, attempt);
  }

  /** A run that others may beat: it is nobody's then, and who awaits it is told all the same. */
  #launchBeside(work: Work, given: RunOptions, attempt: number): Promise<unknown> {
    const promise = this.#launch(work, given, attempt, false);
    promise.catch(() => {});
    return promise;
  }

  /** The work, which tells of its end those who want to know. */
  #told(call: Flight, work: Work): Work {
    return this.hearLate.length > 0 ? watched(call, work) : work;
  }

  #inside(level: number): Chain {
    let chain = this.#forks?.get(level);
    if (chain) return chain;
    const { pipeline, strategies, clock, counters } = this;
    chain = new Chain(pipeline, strategies.slice(level + 1), clock, counters, false);
    this.#forks ??= new Map();
    this.#forks.set(level, chain);
    return chain;
  }

  /** The function strategy around everything further in, as the work of the hooks. */
  startAround(call: Flight, context: RunContext, work: Work): unknown {
    // Only reached when there is one.
    const { strategy, inner } = this.around as Around;
    const { key, priority, attempt } = context;
    const told = this.#told(call, work);
    const next = (signal = context.signal): Promise<unknown> =>
      inner.#launchBeside(told, { signal, key, priority }, attempt);
    return strategy.around(next, context, this.counters);
  }

  ended(call: Flight, ok: boolean, value: unknown): void {
    if (this.#counts) {
      const { counters } = this;
      if (ok) counters.successes += 1;
      else if (call.cancelled) counters.cancelled += 1;
      else counters.failures += 1;
      if (call.startedAt >= 0) this.#tell(call, ok, value);
    }
    const { reject } = call;
    if (!reject) call.resolve(ok ? { ok, value } : new Failure(value));
    else if (ok) call.resolve(value);
    else if (call.nested) rejectSoon(reject, value);
    else reject(errorOf(value));
    if (ok || !this.#counts || !events.hasSubscribers) return;
    const refused = refusalOf(value);
    if (refused?.pipeline === this.pipeline) this.#tellRejected(call.key, value, refused);
  }

  #tell(call: Flight, ok: boolean, value: unknown): void {
    const event: CallEvent = {
      pipeline: this.pipeline,
      key: call.key,
      ok,
      cancelled: call.cancelled,
      repeats: call.repeats,
      rejected: ok ? undefined : reasonOf(value),
      error: ok ? undefined : errorOf(value),
      durationMs: this.clock.now() - call.startedAt,
    };
    calls.publish(event);
  }

  #tellRejected(key: string | undefined, value: unknown, refused: RejectionDetails): void {
    const { reason, strategy = "pipeline" } = refused;
    const event = reason === "timeout" ? "timeout" : "rejected";
    const error = errorOf(value);
    events.publish({ event, pipeline: this.pipeline, strategy, key, reason, error });
  }
}

const settled = Promise.resolve();

let stashedResolve: Settle = () => {};
let stashedReject: Settle = () => {};

/** One executor for all promises: a closure for each would be a sixth of what a call allocates. */
function stash(resolve: Settle, reject: Settle): void {
  stashedResolve = resolve;
  stashedReject = reject;
}

/** A promise that is rejected before anybody holds it passes through the host's tracker twice. */
function rejectSoon(reject: Settle, value: unknown): void {
  settled.then(() => reject(errorOf(value)));
}

function isAround(strategy: Strategy<unknown>): strategy is AroundStrategy {
  return "around" in strategy;
}
