// One run through a pipeline: the context of the user's function, and the driver of the hooks.
import type { AsyncResource } from "node:async_hooks";
import { Rejection } from "../rejection.ts";
import {
  type Call,
  type Entered,
  type HookStrategy,
  held,
  type RunContext,
  type RunOptions,
  repeat,
  type Work,
} from "../strategy.ts";
import { endAttempt, type Signalled, signalOf } from "./attempt.ts";
import { hubOf, type Member, type Place } from "./hub.ts";
import { again, follow, fork, going, over, type Phase, stop, waiting } from "./moves.ts";
import { callersContext, isThenable, leave, type Route, type Settle, tellLate } from "./route.ts";

/** Context of the first attempt and driver at once: a call allocates little else but its promise. */
export class Flight implements RunContext, Signalled, Call, Member {
  // `declare`: a field that is set twice costs twice, and there is one of these for each call.
  declare readonly attempt: number;
  control: AbortController | undefined = undefined;
  endedBy: Signalled["endedBy"] = undefined;
  declare readonly given: RunOptions | undefined;
  declare readonly slots: unknown[];
  declare readonly route: Route<Flight>;
  declare readonly resolve: Settle;
  /** Left out by `tryRun`: its result is an outcome, nothing is thrown. */
  declare readonly reject: Settle | undefined;
  declare readonly startedAt: number;
  repeats = 0;
  running = 0;
  unwinding = false;
  cancelled = false;
  private place: Place | undefined = undefined;
  /** How many strategies were entered and not left. */
  depth = 0;
  /** Changes whenever the call takes another way: what was begun before is late then. */
  turn = 0;
  phase: Phase = going;
  /** A result is being handled on the stack of the work that gave it. */
  nested = false;
  declare readonly work: Work;
  current: RunContext & Signalled = this;
  private resource: AsyncResource | undefined = undefined;
  stopped: Signalled["endedBy"] = undefined;

  constructor(
    route: Route<Flight>,
    work: Work,
    given: RunOptions | undefined,
    attempt: number,
    resolve: Settle,
    reject: Settle | undefined,
    startedAt: number,
  ) {
    this.attempt = attempt;
    this.given = given;
    this.slots = new Array(route.hooks.length);
    this.route = route;
    this.resolve = resolve;
    this.reject = reject;
    this.startedAt = startedAt;
    this.work = work;
  }

  get signal(): AbortSignal {
    return signalOf(this);
  }
  get key(): string | undefined {
    return this.given?.key;
  }
  get priority(): number | undefined {
    return this.given?.priority;
  }
  get passed(): AbortSignal | undefined {
    return this.route.aborts ? undefined : this.given?.signal;
  }
  get pipeline(): string {
    return this.route.pipeline;
  }
  get counters(): Call["counters"] {
    return this.route.counters;
  }

  start(): undefined {
    const outer = this.given?.signal;
    if (outer !== undefined) {
      if (outer.aborted) return this.callerAborted(outer.reason);
      this.place = hubOf(outer).join(this);
    }
    if (this.route.keepsContext) this.resource = callersContext();
    this.nested = true;
    this.inward(0);
    this.nested = false;
  }

  resume(level: number): undefined {
    if (this.phase === over) return;
    this.phase = going;
    this.inContext(() => this.inward(level + 1));
  }

  again(level: number): undefined {
    again(this, level);
  }

  settle(level: number, ok: boolean, value: unknown, beaten?: unknown): undefined {
    if (this.phase === over || this.depth <= level) return;
    this.turn += 1;
    const fails = !ok || beaten !== undefined;
    const inside = beaten ?? value;
    this.inContext(() => {
      // An attempt that has ended, or not begun, has nothing to abort.
      if (fails && this.phase === going) endAttempt(this.current, inside);
      this.phase = going;
      for (let i = this.depth - 1; i > level; i--) leave(this, i, !fails, inside);
      this.depth = Math.max(level, 0);
      this.outward(level - 1, ok, value);
    });
  }

  follow(level: number, promise: PromiseLike<unknown>): undefined {
    follow(this, level, promise);
  }

  fork(level: number, signal: AbortSignal): Promise<unknown> {
    return fork(this, level, signal);
  }

  stop(level: number, value: unknown): undefined {
    stop(this, level, value);
  }

  callerAborted(reason: unknown): undefined {
    this.cancelled = this.phase !== over;
    // The caller's reason is passed on as it is: it is theirs, not ours.
    this.settle(-1, false, reason);
  }

  inward(from: number): undefined {
    const { enters, hooks } = this.route;
    const turn = ++this.turn;
    for (let i = from; i < enters.length; i++) {
      const enter = enters[i];
      if (enter === undefined) continue;
      this.depth = i;
      let entered: Entered;
      try {
        entered = enter.call(hooks[i] as HookStrategy, this, i);
      } catch (error) {
        return this.outward(i - 1, false, error);
      }
      if (turn !== this.turn) {
        // A function of the user's within the hook ended the call: the hook must not keep it.
        if (entered === undefined || entered === held) leave(this, i, false, undefined);
        return;
      }
      if (entered === undefined) continue;
      if (entered === held) return this.hold(i);
      if (!(entered instanceof Rejection)) return this.outward(i - 1, entered.ok, entered.value);
      this.counters.rejected[entered.reason] += 1;
      entered.strategy = hooks[i]?.name;
      this.nested = true;
      this.outward(i - 1, false, entered);
      this.nested = false;
      return;
    }
    this.depth = enters.length;
    this.run(turn);
  }

  private run(turn: number): undefined {
    this.running += 1;
    const { work, route } = this;
    let ok = true;
    let result: unknown;
    try {
      result = route.around ? route.startAround(this, this.current, work) : work(this.current);
      if (isThenable(result)) {
        return void result.then(
          (value) => this.done(turn, true, value),
          (error) => this.done(turn, false, error),
        );
      }
    } catch (error) {
      ok = false;
      result = error;
    }
    this.nested = true;
    this.done(turn, ok, result);
    this.nested = false;
  }

  private done(turn: number, ok: boolean, value: unknown): undefined {
    this.running -= 1;
    if (turn === this.turn) return this.outward(this.depth - 1, ok, value);
    this.counters.late += 1;
    if (this.route.hearLate.length > 0) tellLate(this, ok, value);
  }

  outward(from: number, ok: boolean, value: unknown): undefined {
    const { hooks, exits, successExits } = this.route;
    const turn = this.turn;
    for (let i = from; i >= 0; i--) {
      const exit = ok ? successExits[i] : exits[i];
      if (exit === undefined) continue;
      this.depth = i;
      let exited: ReturnType<HookStrategy["exit"]>;
      try {
        exited = exit.call(hooks[i] as HookStrategy, this, i, ok, value);
      } catch (error) {
        ok = false;
        value = error;
        continue;
      }
      if (exited === held) return this.hold(i);
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

  private finish(ok: boolean, value: unknown): undefined {
    this.phase = over;
    this.turn += 1;
    this.place?.leave();
    this.route.ended(this, ok, value);
  }

  /** Whoever moves the call on may come from another async context than the caller. */
  private hold(level: number): undefined {
    this.depth = level + 1;
    this.phase = waiting;
    this.resource ??= callersContext();
  }

  inContext<T>(work: () => T): T {
    return this.resource ? this.resource.runInAsyncScope(work) : work();
  }
}
