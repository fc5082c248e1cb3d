// One run through a pipeline: the context of the user's function, and the driver of the hooks.
import { AsyncResource } from "node:async_hooks";
import { Attempt, endAttempt, type Signalled, signalOf } from "./attempt.ts";
import type { Counters } from "./counters.ts";
import { hubOf, type Member, type Place } from "./hub.ts";
import { Rejection } from "./rejection.ts";
import { isThenable, type Route, type Settle } from "./route.ts";
import { type Call, type Entered, type HookStrategy, held, repeat, type Work } from "./strategy.ts";

/**
 * Context of the first attempt, driver and member of the caller's hub at once: a call allocates
 * nothing else but its promise and what strategies keep in their slots.
 */
export class Flight implements RunContext, Signalled, Call, Member {
  // `declare`: a field that is set twice costs twice, and there is one of these for each call.
  declare readonly attempt: number;
  declare readonly key: string | undefined;
  declare readonly passed: AbortSignal | undefined;
  declare control: AbortController | undefined;
  declare endedBy: { readonly reason: unknown } | undefined;
  declare readonly slots: unknown[];
  declare readonly route: Route<Flight>;
  declare readonly resolve: Settle;
  declare readonly reject: Settle;
  /** `tryRun`: the result is an outcome, nothing is thrown. */
  declare readonly asOutcome: boolean;
  /** -1 when nobody wants to know. */
  declare readonly startedAt: number;
  declare repeats: number;
  declare running: number;
  declare unwinding: boolean;
  declare cancelled: boolean;
  declare private place: Place | undefined;
  /** How many strategies were entered and not left. */
  declare private depth: number;
  /** Changes whenever the call takes another way: what was begun before is late then. */
  declare private turn: number;
  declare private over: boolean;
  /** A result is being handled on the stack of the work that gave it. */
  declare nested: boolean;
  declare private readonly work: Work;
  declare private readonly outer: AbortSignal | undefined;
  declare private current: RunContext & Signalled;
  declare private resource: AsyncResource | undefined;
  declare private stopped: { readonly level: number; readonly value: unknown } | undefined;

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
    this.attempt = attempt;
    this.key = key;
    this.passed = route.aborts ? undefined : outer;
    this.control = undefined;
    this.endedBy = undefined;
    this.slots = new Array(route.hooks.length);
    this.route = route;
    this.resolve = resolve;
    this.reject = reject;
    this.asOutcome = asOutcome;
    this.startedAt = startedAt;
    this.repeats = 0;
    this.running = 0;
    this.unwinding = false;
    this.cancelled = false;
    this.place = undefined;
    this.depth = 0;
    this.turn = 0;
    this.over = false;
    this.nested = false;
    this.work = work;
    this.outer = outer;
    this.current = this;
    this.resource = undefined;
    this.stopped = undefined;
  }

  get signal(): AbortSignal {
    return signalOf(this);
  }

  get pipeline(): string {
    return this.route.pipeline;
  }

  get counters(): Counters {
    return this.route.counters;
  }

  start(): void {
    const outer = this.outer;
    if (outer !== undefined) {
      if (outer.aborted) return this.callerAborted(outer.reason);
      this.place = hubOf(outer).join(this);
    }
    if (this.route.keepsContext) this.resource = new AsyncResource("homeostat.call");
    this.nested = true;
    this.inward(0);
    this.nested = false;
  }

  resume(level: number): void {
    if (this.over) return;
    this.inContext(() => this.inward(level + 1));
  }

  again(level: number): void {
    if (this.over) return;
    if (this.stopped) return this.outward(level - 1, false, this.stopped.value);
    this.repeats += 1;
    const first = this.attempt;
    this.current = new Attempt(first + this.repeats, this.key, this.passed);
    if (!this.nested) return this.inward(level + 1);
    // Work that answers at once would else repeat itself ever deeper on one stack.
    const turn = ++this.turn;
    queueMicrotask(() => {
      if (turn === this.turn) this.inward(level + 1);
    });
  }

  settle(level: number, ok: boolean, value: unknown): void {
    if (this.over || this.depth <= level) return;
    this.turn += 1;
    this.inContext(() => {
      if (!ok) endAttempt(this.current, value);
      this.unwinding = true;
      for (let i = this.depth - 1; i > level; i--) this.leave(i, ok, value);
      this.unwinding = false;
      this.depth = Math.max(level, 0);
      this.outward(level - 1, ok, value);
    });
  }

  follow(level: number, promise: PromiseLike<unknown>): void {
    const turn = ++this.turn;
    const settle = (ok: boolean, value: unknown): void => {
      if (turn === this.turn) this.settle(level, ok, value);
    };
    promise.then(
      (value) => settle(true, value),
      (error) => settle(false, error),
    );
  }

  stop(level: number, value: unknown): void {
    if (this.over || this.depth <= level) return;
    if (this.running === 0) return this.settle(level, false, value);
    this.stopped = { level, value };
    this.inContext(() => endAttempt(this.current, value));
  }

  callerAborted(reason: unknown): void {
    if (this.over) return;
    this.cancelled = true;
    // The caller's reason is passed on as it is: it is theirs, not ours.
    if (this.depth > 0) return this.settle(-1, false, reason);
    endAttempt(this.current, reason);
    this.finish(false, reason);
  }

  private inward(from: number): void {
    const { hooks } = this.route;
    const turn = ++this.turn;
    for (let i = from; i < hooks.length; i++) {
      let entered: Entered;
      this.depth = i;
      try {
        entered = hooks[i]?.enter(this, i);
      } catch (error) {
        return this.outward(i - 1, false, error);
      }
      if (turn !== this.turn) {
        // A function of the user's within the hook ended the call: the hook must not keep it.
        if (entered === undefined || entered === held) {
          this.unwinding = true;
          this.leave(i, false, undefined);
          this.unwinding = false;
        }
        return;
      }
      if (entered === undefined) continue;
      if (entered === held) return this.hold(i);
      if (!(entered instanceof Rejection)) return this.outward(i - 1, entered.ok, entered.value);
      this.counters.rejected[entered.reason] += 1;
      return this.nest(i - 1, false, entered);
    }
    this.depth = hooks.length;
    this.run(turn);
  }

  private run(turn: number): void {
    this.running += 1;
    const { work } = this;
    let result: unknown;
    try {
      result = work(this.current);
      if (isThenable(result)) {
        result.then(
          (value) => this.done(turn, true, value),
          (error) => this.done(turn, false, error),
        );
        return;
      }
    } catch (error) {
      this.nested = true;
      this.done(turn, false, error);
      this.nested = false;
      return;
    }
    this.nested = true;
    this.done(turn, true, result);
    this.nested = false;
  }

  private done(turn: number, ok: boolean, value: unknown): void {
    this.running -= 1;
    if (turn === this.turn) return this.outward(this.depth - 1, ok, value);
    this.counters.late += 1;
    for (const level of this.route.hearLate)
      this.route.hooks[level]?.late?.(this, level, ok, value);
  }

  private outward(from: number, ok: boolean, value: unknown): void {
    const { hooks } = this.route;
    const turn = this.turn;
    for (let i = from; i >= 0; i--) {
      this.depth = i;
      let exited: ReturnType<HookStrategy["exit"]>;
      try {
        exited = hooks[i]?.exit(this, i, ok, value);
      } catch (error) {
        ok = false;
        value = error;
        continue;
      }
      if (exited === held) return this.hold(i);
      // A function of the user's within the hook ended the call.
      if (turn !== this.turn) return;
      if (exited === undefined) continue;
      if (exited === repeat) {
        this.depth = i + 1;
        return this.again(i);
      }
      ok = exited.ok;
      value = exited.value;
    }
    this.finish(ok, value);
  }

  private finish(ok: boolean, value: unknown): void {
    if (this.over) return;
    this.over = true;
    this.turn += 1;
    this.place?.leave();
    this.route.ended(this, ok, value);
  }

  private nest(from: number, ok: boolean, value: unknown): void {
    const before = this.nested;
    this.nested = true;
    this.outward(from, ok, value);
    this.nested = before;
  }

  /** Whoever moves the call on may come from another async context than the caller. */
  private hold(level: number): void {
    this.depth = level + 1;
    this.resource ??= new AsyncResource("homeostat.call");
  }

  private inContext(work: () => void): void {
    if (this.resource) this.resource.runInAsyncScope(work);
    else work();
  }

  private leave(level: number, ok: boolean, value: unknown): void {
    try {
      this.route.hooks[level]?.exit(this, level, ok, value);
    } catch (error) {
      // The call's result is settled; what a predicate threw is told where nothing is lost.
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}
