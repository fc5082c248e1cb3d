// What a strategy may ask of a call beyond going on: follow a promise, try once more beside it, end softly.
import type { RunContext, RunOptions, Work } from "../strategy.ts";
import { Attempt, endAttempt, type Signalled } from "./attempt.ts";
import type { Route } from "./route.ts";

/**
 * Where a call stands; while it is waiting a strategy holds it and nothing runs further in. Numbers,
 * as one field of them costs each call less than two that are true or false.
 */
export const going = 0;
export const waiting = 1;
export const over = 2;
export type Phase = typeof going | typeof waiting | typeof over;

/** A call from the inside. */
interface Moved extends RunContext {
  readonly route: Pick<Route<Moved>, "hooks" | "fork">;
  readonly work: Work;
  readonly passed: AbortSignal | undefined;
  readonly given: RunOptions | undefined;
  readonly nested: boolean;
  repeats: number;
  phase: Phase;
  readonly depth: number;
  turn: number;
  current: RunContext & Signalled;
  stopped: Signalled["endedBy"];
  settle(level: number, ok: boolean, value: unknown): void;
  inward(from: number): void;
  outward(from: number, ok: boolean, value: unknown): void;
  inContext<T>(work: () => T): T;
}

export function again(call: Moved, level: number): void {
  if (call.phase === over) return;
  call.phase = going;
  if (call.stopped) {
    call.outward(level - 1, false, call.stopped.reason);
    return;
  }
  call.repeats += 1;
  call.current = new Attempt(call.attempt + call.repeats, call.given, call.passed);
  if (!call.nested) {
    call.inContext(() => call.inward(level + 1));
    return;
  }
  // Work that answers at once would else repeat itself ever deeper on one stack.
  const turn = ++call.turn;
  queueMicrotask(() => {
    if (turn === call.turn) call.inward(level + 1);
  });
}

export function follow(call: Moved, level: number, promise: PromiseLike<unknown>): void {
  const turn = ++call.turn;
  const done = (ok: boolean) => (value: unknown) =>
    turn === call.turn && call.settle(level, ok, value);
  promise.then(done(true), done(false));
}

export function fork(call: Moved, level: number, signal: AbortSignal): Promise<unknown> {
  const { key, priority, route, work } = call;
  const given: RunOptions = { key, priority, signal };
  // Not the call's first: what cuts it short leaves it less than its time.
  const attempt = call.attempt + call.repeats + 1;
  return call.inContext(() => route.fork(call, level, work, given, attempt));
}

export function stop(call: Moved, level: number, value: unknown): void {
  const { hooks } = call.route;
  if (call.phase !== going || call.depth < hooks.length) {
    call.settle(level, false, value);
    return;
  }
  call.stopped = { reason: value };
  call.inContext(() => endAttempt(call.current, value));
  for (let i = level + 1; i < hooks.length; i++) hooks[i]?.stop?.(call as never, i, value);
}
