// Time as a parameter: a monotonic clock with cancellable sleep, and the real one behind it.
import { cancelled } from "./errors.ts";

/** A source of time. Decisions use `now()`; `wall()` is for display only and may jump. */
export interface Clock {
  /** Monotonic milliseconds; the origin has no meaning. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with a Cancelled error when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Milliseconds since the Unix epoch, for people to read. */
  wall(): number;
}

/** A timer of Node fires at once when it is told to wait longer: 2^31 - 1 ms, 24.8 days. */
export const longestTimerMs = 2_147_483_647;

/** Found once: the global one is looked up by a getter each time. */
const monotonic = performance;

export const systemClock: Clock = {
  now: () => monotonic.now(),
  wall: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled(signal.reason));
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(cancelled(signal?.reason));
      };
      let leftMs = ms;
      const wait = (): NodeJS.Timeout => {
        const partMs = Math.min(leftMs, longestTimerMs);
        leftMs -= partMs;
        return setTimeout(() => {
          if (leftMs > 0) {
            timer = wait();
            return;
          }
          signal?.removeEventListener("abort", onAbort);
          resolve();
        }, partMs);
      };
      let timer = wait();
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};

/** Resolves when everything that needs no waiting has been done: no time passes. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Runs `work` every `ms` milliseconds until `signal` aborts; runs never overlap and do not drift.
 * Ticks that were missed because `work` was slow are left out, never caught up in a burst.
 */
export async function every(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: () => void | Promise<void>,
): Promise<void> {
  let due = clock.now() + ms;
  while (!signal.aborted) {
    await clock.sleep(Math.max(0, due - clock.now()), signal).catch(() => {});
    if (signal.aborted) return;
    await work();
    const late = Math.max(0, clock.now() - due);
    due += ms * (1 + Math.floor(late / ms));
  }
}

/** A signal that aborts after `ms` on `clock` or with `parent`; call `done` to release its timer. */
export function deadline(
  clock: Clock,
  ms: number,
  parent?: AbortSignal,
): { signal: AbortSignal; done: () => void } {
  const timer = new AbortController();
  const expiry = new AbortController();
  clock.sleep(ms, timer.signal).then(
    () => expiry.abort(new DOMException(`no answer within ${ms} ms`, "TimeoutError")),
    () => {},
  );
  const signal = parent ? AbortSignal.any([parent, expiry.signal]) : expiry.signal;
  return { signal, done: () => timer.abort() };
}
