// Sends in the order of each incident: what has not left yet makes way for what is newer.
import type { Clock } from "../kernel/clock.ts";
import { cancelled } from "../kernel/errors.ts";
import type { Random } from "../kernel/random.ts";
import { backoff } from "../policies/retry/backoff.ts";
import type { Notice, Notifier } from "./notifier.ts";
import { type NotTaken, notTaken, type Outcome } from "./post.ts";

export interface KeepNewestOptions {
  /** The subject of an error: "pager". */
  readonly what: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Resolves when one more may leave; what waits here can still be replaced. */
  readonly admit?: (signal: AbortSignal) => Promise<void>;
  /** Never rejects. */
  readonly attempt: (notice: Notice, signal: AbortSignal) => Promise<Outcome>;
}

interface Waiting {
  readonly notice: Notice;
  readonly signal: AbortSignal;
  /** Those who wait for it: its own sender and those of the notices that it replaces. */
  readonly senders: readonly ((error?: unknown) => void)[];
}

const attemptsMax = 4;
/** Who asks for more is left alone: whoever sends comes back later. */
const longestMs = 60_000;
const pauseOf = backoff({ baseMs: 1_000, maxMs: 8_000, jitter: "equal" });

export function keepNewest(options: KeepNewestOptions): Notifier["send"] {
  const waiting = new Map<string, Waiting>();
  const active = new Set<string>();

  const drain = async (incident: string): Promise<void> => {
    active.add(incident);
    while (waiting.has(incident)) await leave(options, waiting, incident);
    active.delete(incident);
  };

  return (notice, { signal }) =>
    new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(cancelled(signal.reason));
      const onAbort = (): void => reject(cancelled(signal.reason));
      signal.addEventListener("abort", onAbort, { once: true });
      const sender = (error?: unknown): void => {
        signal.removeEventListener("abort", onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const { incident } = notice;
      const senders = [...(waiting.get(incident)?.senders ?? []), sender];
      waiting.set(incident, { notice, signal, senders });
      if (!active.has(incident)) void drain(incident);
    });
}

/** One notice, with its repeats; what comes meanwhile goes in its place. */
async function leave(
  { what, clock, random, admit, attempt }: KeepNewestOptions,
  waiting: Map<string, Waiting>,
  incident: string,
): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    const first = waiting.get(incident);
    if (!first) return;
    const why = await admit?.(first.signal).then(
      () => undefined,
      (error: unknown) => error ?? cancelled(undefined),
    );
    const it = waiting.get(incident) ?? first;
    // The time of the one that waited is over, that of its successor may not be.
    if (why !== undefined && it !== first) continue;
    waiting.delete(incident);
    if (why !== undefined) return tell(it, why);
    const outcome = await attempt(it.notice, it.signal);
    if (outcome.ok) return tell(it);
    const pauseMs = outcome.retryAfterMs ?? pauseOf(attempts - 1, { last: 0 }, random);
    if (isLast(outcome, attempts, pauseMs) || it.signal.aborted) {
      return tell(it, notTaken(what, outcome));
    }
    const newer = waiting.get(incident);
    const senders = [...it.senders, ...(newer?.senders ?? [])];
    waiting.set(incident, { ...(newer ?? it), senders });
    // Cut short by its end: the next round tells.
    await clock.sleep(pauseMs, it.signal).catch(() => {});
    if (it.signal.aborted && waiting.get(incident)?.notice === it.notice) {
      waiting.delete(incident);
      return tell(it, notTaken(what, outcome));
    }
  }
}

function isLast({ retryable }: NotTaken, attempts: number, pauseMs: number): boolean {
  return !retryable || attempts >= attemptsMax || pauseMs > longestMs;
}

function tell({ senders }: Waiting, error?: unknown): void {
  for (const sender of senders) sender(error);
}
