// One run through a pipeline: the context of the user's function, and the driver of the hooks.
import { AsyncResource } from "node:async_hooks";
import { Attempt } from "./attempt.ts";
import type { Counters } from "./counters.ts";
import { type Hub, hubOf, type Member } from "./hub.ts";
import { Rejection } from "./rejection.ts";
import { isThenable, type Route, type Settle } from "./route.ts";
import { type Call, type Entered, type HookStrategy, held, repeat, type Work } from "./strategy.ts";

/**
 * Context of the first attempt, driver and member of the caller's hub at once: a call allocates
 * nothing else but its promise and what strategies keep in their slots.
 */
export class Flight extends Attempt implements Call, Member {
  readonly slots: unknown[];
  readonly route: Route<Flight>;
  readonly resolve: Settle;
  readonly reject: Settle;
  /** `tryRun`: the result is an outcome, nothing is thrown. */
  readonly asOutcome: boolean;
  readonly startedAt: number;
  repeats = 0;
  running = 0;
  unwinding = false;
  cancelled = false;
  hub: Hub | undefined = undefined;
  hubPrev: Member | undefined = undefined;
  hubNext: Member | undefined = undefined;
  /** How many strategies were entered and not left. */
  #depth = 0;
  /** Changes whenever the call takes another way: what was begun before is late then. */
  #turn = 0;
  #over = false;
  /** A result is being handled on the stack of the work that gave it. */
  #nested = false;
  readonly #work: Work;
  readonly #outer: AbortSignal | undefined;
  #current: Attempt = this;
  #resource: AsyncResource | undefined;
  #stopLevel = -1;
  #stopValue: unknown;

  constructor(
    route: Route<Flight>,
    work: Work,
    outer: AbortSignal | undefined,
    key: string | undefined,
    attempt: number,
    resolve: Settle,
    reject: Settle,
    asOutcome: boolean,
    startedAt: number,
  ) {
    super(attempt, key, route.aborts ? undefined : outer);
    this.route = route;
    this.#work = work;
    this.#outer = outer;
    this.resolve = resolve;
    this.reject = reject;
    this.asOutcome = asOutcome;
    this.startedAt = startedAt;
    this.slots = new Array(route.hooks.length);
  }

  get pipeline(): string {
    return this.route.pipeline;
  }

  get counters(): Counters {
    return this.route.counters;
  }

  start(): void {
    const outer = this.#outer;
    if (outer !== undefined) {
      if (outer.aborted) return this.callerAborted(outer.reason);
      hubOf(outer).join(this);
    }
    if (this.route.keepsContext) this.#resource = new AsyncResource("homeostat.call");
    this.#nested = true;
    this.#inward(0);
    this.#nested = false;
  }

  resume(level: number): void {
    if (this.#over) return;
    this.#inContext(() => this.#inward(level + 1));
  }

  again(level: number): void {
    if (this.#over) return;
    if (this.#stopLevel >= 0) return this.#outward(level - 1, false, this.#stopValue);
    this.repeats += 1;
    const first = this.attempt;
    this.#current = new Attempt(first + this.repeats, this.key, this.passed);
    if (!this.#nested) return this.#inward(level + 1);
    // Work that answers at once would else repeat itself ever deeper on one stack.
    const turn = ++this.#turn;
    queueMicrotask(() => {
      if (turn === this.#turn) this.#inward(level + 1);
    });
  }

  settle(level: number, ok: boolean, value: unknown): void {
    if (this.#over || this.#depth <= level) return;
    this.#turn += 1;
    this.#inContext(() => {
      if (!ok) this.#current.end(value);
      this.unwinding = true;
      for (let i = this.#depth - 1; i > level; i--) this.#leave(i, ok, value);
      this.unwinding = false;
      this.#depth = Math.max(level, 0);
      this.#outward(level - 1, ok, value);
    });
  }

  follow(level: number, promise: PromiseLike<unknown>): void {
    const turn = ++this.#turn;
    const settle = (ok: boolean, value: unknown): void => {
      if (turn === this.#turn) this.settle(level, ok, value);
    };
    promise.then(
      (value) => settle(true, value),
      (error) => settle(false, error),
    );
  }

  stop(level: number, value: unknown): void {
    if (this.#over || this.#depth <= level) return;
    if (this.running === 0) return this.settle(level, false, value);
    this.#stopLevel = level;
    this.#stopValue = value;
    this.#inContext(() => this.#current.end(value));
  }

  callerAborted(reason: unknown): void {
    if (this.#over) return;
    this.cancelled = true;
    // The caller's reason is passed on as it is: it is theirs, not ours.
    if (this.#depth > 0) return this.settle(-1, false, reason);
    this.#current.end(reason);
    this.#finish(false, reason);
  }

  #inward(from: number): void {
    const { hooks } = this.route;
    const turn = ++this.#turn;
    for (let i = from; i < hooks.length; i++) {
      let entered: Entered;
      this.#depth = i;
      try {
        entered = hooks[i]?.enter(this, i);
      } catch (error) {
        return this.#outward(i - 1, false, error);
      }
      if (turn !== this.#turn) {
        // A function of the user's within the hook ended the call: the hook must not keep it.
        if (entered === undefined || entered === held) {
          this.unwinding = true;
          this.#leave(i, false, undefined);
          this.unwinding = false;
        }
        return;
      }
      if (entered === undefined) continue;
      if (entered === held) return this.#hold(i);
      if (!(entered instanceof Rejection)) return this.#outward(i - 1, entered.ok, entered.value);
      this.counters.rejected[entered.reason] += 1;
      return this.#nest(i - 1, false, entered);
    }
    this.#depth = hooks.length;
    this.#run(turn);
  }

  #run(turn: number): void {
    this.running += 1;
    let result: unknown;
    try {
      result = this.#work(this.#current);
      if (isThenable(result)) {
        result.then(
          (value) => this.#done(turn, true, value),
          (error) => this.#done(turn, false, error),
        );
        return;
      }
    } catch (error) {
      this.#nested = true;
      this.#done(turn, false, error);
      this.#nested = false;
      return;
    }
    this.#nested = true;
    this.#done(turn, true, result);
    this.#nested = false;
  }

  #done(turn: number, ok: boolean, value: unknown): void {
    this.running -= 1;
    if (turn === this.#turn) return this.#outward(this.#depth - 1, ok, value);
    this.counters.late += 1;
    for (const level of this.route.hearLate)
      this.route.hooks[level]?.late?.(this, level, ok, value);
  }

  #outward(from: number, ok: boolean, value: unknown): void {
    const { hooks } = this.route;
    const turn = this.#turn;
    for (let i = from; i >= 0; i--) {
      this.#depth = i;
      let exited: ReturnType<HookStrategy["exit"]>;
      try {
        exited = hooks[i]?.exit(this, i, ok, value);
      } catch (error) {
        ok = false;
        value = error;
        continue;
      }
      if (exited === held) return this.#hold(i);
      // A function of the user's within the hook ended the call.
      if (turn !== this.#turn) return;
      if (exited === undefined) continue;
      if (exited === repeat) {
        this.#depth = i + 1;
        return this.again(i);
      }
      ok = exited.ok;
      value = exited.value;
    }
    this.#finish(ok, value);
  }

  #finish(ok: boolean, value: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#turn += 1;
    this.hub?.leave(this);
    this.route.ended(this, ok, value);
  }

  #nest(from: number, ok: boolean, value: unknown): void {
    const before = this.#nested;
    this.#nested = true;
    this.#outward(from, ok, value);
    this.#nested = before;
  }

  /** Whoever moves the call on may come from another async context than the caller. */
  #hold(level: number): void {
    this.#depth = level + 1;
    this.#resource ??= new AsyncResource("homeostat.call");
  }

  #inContext(work: () => void): void {
    if (this.#resource) this.#resource.runInAsyncScope(work);
    else work();
  }

  #leave(level: number, ok: boolean, value: unknown): void {
    try {
      this.route.hooks[level]?.exit(this, level, ok, value);
    } catch (error) {
      // The call's result is settled; what a predicate threw is told where nothing is lost.
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}
