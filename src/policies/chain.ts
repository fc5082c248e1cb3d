// Puts strategies into one chain: hooks run in one driver, a strategy written as a function splits it.
import { type Clock, systemClock } from "../kernel/clock.ts";
import { Flight } from "./call.ts";
import { type Counters, newCounters } from "./counters.ts";
import { type CallEvent, calls, events } from "./events.ts";
import { errorOf, Rejection, reasonOf } from "./rejection.ts";
import type { Route, Settle } from "./route.ts";
import type { AroundStrategy, HookStrategy, RunContext, Strategy, Work } from "./strategy.ts";

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

export interface Chain {
  readonly counters: Counters;
  run(work: Work, signal: AbortSignal | undefined, key: string | undefined): Promise<unknown>;
  /** Fulfils with `{ ok: true, value }` or a Failure, never rejects. */
  tryRun(work: Work, signal: AbortSignal | undefined, key: string | undefined): Promise<unknown>;
}

/** Hooks before the first `around` strategy and what runs inside them. */
class Segment implements Route<Flight> {
  readonly pipeline: string;
  readonly hooks: readonly HookStrategy[];
  readonly entering: readonly (HookStrategy | undefined)[];
  readonly succeeding: readonly (HookStrategy | undefined)[];
  readonly counters: Counters;
  readonly aborts: boolean;
  readonly keepsContext: boolean;
  readonly hearLate: readonly number[];
  readonly clock: Clock;
  /** Only the outermost segment counts calls. */
  readonly #counts: boolean;

  constructor(
    pipeline: string,
    hooks: readonly HookStrategy[],
    counters: Counters,
    clock: Clock,
    counts: boolean,
  ) {
    this.pipeline = pipeline;
    this.hooks = hooks;
    this.entering = hooks.map((hook) => (hook.enter ? hook : undefined));
    this.succeeding = hooks.map((hook) => (hook.onlyFailures ? undefined : hook));
    this.counters = counters;
    this.clock = clock;
    this.#counts = counts;
    this.aborts = hooks.some((hook) => hook.aborts !== false);
    this.keepsContext = this.aborts && hooks.some((hook) => hook.callsUser === true);
    this.hearLate = hooks.flatMap((hook, level) => (hook.late ? [level] : [])).toReversed();
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
    if (ok || !events.hasSubscribers) return;
    if (value instanceof Rejection && this.#counts) this.#tellRejected(call, value);
  }

  #tell(call: Flight, ok: boolean, value: unknown): void {
    const event: CallEvent = {
      pipeline: this.pipeline,
      key: call.key,
      ok,
      cancelled: call.cancelled,
      repeats: call.repeats,
      rejected: ok ? undefined : reasonOf(value),
      durationMs: this.clock.now() - call.startedAt,
    };
    calls.publish(event);
  }

  #tellRejected(call: Flight, { reason, error }: Rejection): void {
    const { pipeline } = this;
    const event = reason === "timeout" ? "timeout" : "rejected";
    events.publish({ event, pipeline, strategy: "pipeline", key: call.key, reason, error });
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

/** The work of the outer segment: the function strategy around everything further in. */
function aroundWork(strategy: AroundStrategy, inner: Segment, work: Work, rest: Rest): Work {
  const { counters } = inner;
  return (context) => {
    const next = (signal = context.signal): Promise<unknown> => {
      const promise = rest(work, signal, context);
      // One that lost a race is nobody's any more; who awaits it is told all the same.
      promise.catch(() => {});
      return promise;
    };
    return strategy.around(next, context, counters);
  };
}

type Rest = (work: Work, signal: AbortSignal | undefined, context: RunContext) => Promise<unknown>;

function isAround(strategy: Strategy<unknown>): strategy is AroundStrategy {
  return "around" in strategy;
}

/** Compiles strategies, outermost first. */
export function chain(
  pipeline: string,
  strategies: readonly Strategy<unknown>[],
  clock: Clock = systemClock,
  counters: Counters = newCounters(),
  outermost = true,
): Chain & { readonly inner: Rest } {
  const at = strategies.findIndex(isAround);
  const around = at < 0 ? undefined : strategies[at];
  const hooks = (at < 0 ? strategies : strategies.slice(0, at)) as readonly HookStrategy[];
  const segment = new Segment(pipeline, hooks, counters, clock, outermost);
  const rest = around && chain(pipeline, strategies.slice(at + 1), clock, counters, false).inner;
  const within = (work: Work): Work =>
    around && rest && isAround(around) ? aroundWork(around, segment, work, rest) : work;
  const launch = (
    work: Work,
    signal: AbortSignal | undefined,
    key: string | undefined,
    attempt: number,
    outcome: boolean,
  ): Promise<unknown> => {
    const promise = new Promise(stash);
    const startedAt = outermost && calls.hasSubscribers ? clock.now() : -1;
    const full = around === undefined ? work : within(work);
    const reject = outcome ? undefined : stashedReject;
    new Flight(segment, full, signal, key, attempt, stashedResolve, reject, startedAt).start();
    return promise;
  };
  return {
    counters,
    run: (work, signal, key) => {
      counters.calls += 1;
      return launch(work, signal, key, 0, false);
    },
    tryRun: (work, signal, key) => {
      counters.calls += 1;
      return launch(work, signal, key, 0, true);
    },
    inner: (work, signal, { key, attempt }) => launch(work, signal, key, attempt, false),
  };
}
