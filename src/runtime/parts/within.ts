// Waits for work no longer than it may take, whether or not it heeds its signal.
import { type Clock, deadline } from "../../kernel/clock.ts";

/**
 * What `work` answers; rejects with what `late` makes after `ms` milliseconds, or when `parent` aborts.
 * Work that does not heed its signal goes on, and what comes of it reaches nobody.
 */
export async function within<Result>(
  {
    clock,
    ms,
    parent,
  }: { readonly clock: Clock; readonly ms: number; readonly parent?: AbortSignal },
  work: (signal: AbortSignal) => Result | Promise<Result>,
  late: () => unknown,
): Promise<Result> {
  const { signal, done } = deadline(clock, ms, parent);
  const over = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(late());
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([(async () => work(signal))(), over]);
  } finally {
    done();
  }
}
