// Waits for a promise no longer than something else allows, and leaves nothing behind.
import type { Clock } from "../../kernel/clock.ts";
import { wait } from "../parts/wait.ts";

/** Undefined when `stop` aborts first. Leaves no listener behind, however often it is called. */
export function until<T>(promise: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined);
    const settled = (): void => stop.removeEventListener("abort", onAbort);
    stop.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(settled);
    if (stop.aborted) onAbort();
  });
}

/** Undefined when it takes longer than `ms` milliseconds, or when `signal` aborts first. */
export async function within<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  signal?: AbortSignal,
): Promise<{ readonly value: T } | undefined> {
  const [done, over] = [new AbortController(), new AbortController()];
  void wait(clock, ms, done.signal).then((passed) => {
    if (passed) over.abort();
  });
  const stop = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  try {
    return await until(
      promise.then((value) => ({ value })),
      stop,
    );
  } finally {
    done.abort();
  }
}
