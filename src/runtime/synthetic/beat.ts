// When scenarios run by themselves, and how those under way are ended.
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { wait } from "../parts/wait.ts";
import { type Around, type Entry, join } from "./roster.ts";

/** Node's timers may fire so much before their time. */
const earlyMs = 2;
/** Between two runs, however short the interval and however long the run. */
const leastPauseMs = 1;

/** Runs `entry` in its own beat until `signal` aborts: a slow one delays only itself. */
export function startBeat(
  entry: Entry,
  around: Around,
  signal: AbortSignal,
  firstWithinMs: number,
): void {
  const { clock, random, log } = around;
  const { everyMs } = entry.settings;
  const beat = async (): Promise<void> => {
    let dueMs = clock.now() + random() * Math.min(everyMs, firstWithinMs);
    while (await wait(clock, dueMs - clock.now(), signal)) {
      // A run that somebody else asked for counts.
      const nextMs = Math.max(dueMs, entry.startedAtMs + everyMs);
      if (clock.now() >= nextMs - earlyMs) await join(entry, around);
      dueMs = Math.max(clock.now() + leastPauseMs, entry.startedAtMs + everyMs);
    }
  };
  beat().catch((error) => {
    if (signal.aborted) return;
    log.error(`synthetic ${entry.name}: its beat ended: ${messageOf(error)}`, { error });
  });
}

/** Cancels what is under way; answers with the names of those that have not ended in time. */
export async function endRuns(
  entries: Iterable<Entry>,
  limitMs: number,
  clock: Clock,
): Promise<readonly string[]> {
  const left = new Set([...entries].filter(({ run }) => run?.pending || run?.stuck));
  const ends = [...left].map(async (entry) => {
    entry.run?.cancel();
    await entry.run?.ended;
    left.delete(entry);
  });
  // Whoever stops the app waits for this: the process may not end before it.
  const limit = new AbortController();
  await Promise.race([Promise.all(ends), clock.sleep(limitMs, limit.signal).catch(() => {})]);
  limit.abort();
  return [...left].map(({ name }) => name);
}
