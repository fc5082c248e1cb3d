// A question to the lease's store: waited for so long and no longer, and its late answer not lost.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { wait } from "../parts/wait.ts";

export type Answer<Value> = { readonly value: Value } | { readonly error: unknown };

/** Never rejects. An answer that comes when nobody waits any more goes to `late`. */
export async function asked<Value>(
  clock: Clock,
  limitMs: number,
  life: AbortSignal,
  ask: (signal: AbortSignal) => Promise<Value>,
  late: (value: Value) => void = () => {},
): Promise<Answer<Value>> {
  const over = new AbortController();
  const signal = AbortSignal.any([life, over.signal]);
  const answer: Promise<Answer<Value>> = (async () => ask(signal))().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const limit = wait(clock, limitMs, signal).then(() => undefined);
  const first = await Promise.race([answer, limit]);
  over.abort(first ? undefined : timedOut(limitMs));
  if (first) return first;
  void answer.then((then) => {
    if ("value" in then) late(then.value);
  });
  return { error: life.aborted ? life.reason : timedOut(limitMs) };
}

function timedOut(limitMs: number): HomeostatError {
  return new HomeostatError("TIMED_OUT", `no answer within ${Math.round(limitMs)} ms`);
}

/** Whether `work` ended within `ms` milliseconds; the process lives for so long. */
export async function endsWithin(clock: Clock, ms: number, work: Promise<void>): Promise<boolean> {
  const limit = new AbortController();
  const late = clock.sleep(ms, limit.signal).then(
    () => false,
    () => false,
  );
  const ended = await Promise.race([work.then(() => true), late]);
  limit.abort();
  return ended;
}
