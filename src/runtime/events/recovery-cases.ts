// The failures that are known, one entry for each type and source, in a map that cannot grow for ever.

import type { Alarm } from "../../kernel/alarm.ts";
import { type Clock, deadline } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { AppEvent } from "../parts/bus.ts";
import { type Case, freshCase } from "./recovery-case.ts";
import type { ActiveRun, Recovering } from "./recovery-options.ts";
import type { Run } from "./recovery-run.ts";

export interface Entry {
  readonly key: string;
  /** As it was told last. */
  event: AppEvent;
  state: Case;
  /** Told when it could not run yet. */
  held: boolean;
  /** Whether it is well is being asked: nothing begins meanwhile. */
  asking: boolean;
  run: Running | undefined;
  /** A run of the process before this one was cut off. */
  interrupted: boolean;
  readonly alarm: Alarm;
}

export interface Running {
  readonly run: Run;
  readonly event: AppEvent;
  readonly recipe: string;
  readonly attempt: number;
  readonly startedAt: string;
  readonly abort: AbortController;
  /** Its end comes with the end of the process: the next one looks whether it helped. */
  readonly endsProcess: boolean;
  /** Settles when all that follows the run is done. */
  readonly finished: Promise<void>;
}

export interface Cases {
  readonly all: ReadonlyMap<string, Entry>;
  /** Undefined when there is no room, as all that is known is under way. */
  of(event: AppEvent): Entry | undefined;
  find(type: string, source: string): Entry | undefined;
}

const casesMax = 1_000;

export function createCases(
  alarmFor: (ring: () => void) => Alarm,
  due: (entry: Entry) => void,
): Cases {
  const all = new Map<string, Entry>();

  const makeRoom = (): boolean => {
    if (all.size < casesMax) return true;
    // The oldest first: a map keeps the order in which entries came.
    for (const [key, entry] of all) {
      if (entry.run || entry.asking || entry.held) continue;
      entry.alarm.off();
      return all.delete(key);
    }
    return false;
  };

  return {
    all,
    find: (type, source) => all.get(keyOf(type, source)),
    of: (event) => {
      const key = keyOf(event.type, event.source);
      const found = all.get(key);
      if (found) return found;
      if (!makeRoom()) return undefined;
      const entry: Entry = {
        key,
        event,
        state: freshCase,
        held: false,
        asking: false,
        run: undefined,
        interrupted: false,
        alarm: alarmFor(() => due(entry)),
      };
      all.set(key, entry);
      return entry;
    },
  };
}

/** A type holds no blank, so that two pairs never have the same key. */
function keyOf(type: string, source: string): string {
  return `${type.length} ${type} ${source}`;
}

/** What is under way, for people. */
export function activeIn(entries: Iterable<Entry>): readonly ActiveRun[] {
  return [...entries].flatMap(({ run }) => {
    if (!run) return [];
    const { type, source } = run.event;
    const { recipe, attempt, startedAt } = run;
    const steps = run.run.steps.map((step) => ({ ...step }));
    return [{ type, source, recipe, attempt, startedAt, steps }];
  });
}

/** What is known of an entry, for people. */
export function shown(entry: Entry, queued: boolean, now: number): Recovering {
  const { type, source } = entry.event;
  const { failures, last, notBefore, givenUp } = entry.state;
  const waitMs = Math.max(0, notBefore - now);
  const due = entry.held || entry.asking || (last?.ok === false && waitMs > 0);
  const idle = givenUp ? "given-up" : due ? "waiting" : "quiet";
  const state = entry.run ? "running" : queued ? "queued" : idle;
  const lastOk = last === undefined ? {} : { lastOk: last.ok };
  return { type, source, state, failures, waitMs, ...lastOk };
}

/** What a process after this one must know; a run that was cut off and not taken up stays one. */
export function savedOf({ event, state, run, interrupted }: Entry): {
  readonly event: AppEvent;
  readonly state: Case;
  readonly running: boolean;
} {
  return { event, state, running: interrupted || run !== undefined };
}

/** Resolves when all that is under way is over; what takes longer than `stopMs` is told to end. */
export async function allOver(
  entries: readonly Entry[],
  clock: Clock,
  stopMs: number,
): Promise<void> {
  const runs = entries.flatMap(({ run }) => (run ? [run] : []));
  if (runs.length === 0) return;
  const reason = new HomeostatError("CANCELLED", "the app stops");
  for (const run of runs) if (run.endsProcess) run.abort.abort(reason);
  const limit = deadline(clock, stopMs);
  const tooLong = (): void => {
    for (const run of runs) run.abort.abort(reason);
  };
  limit.signal.addEventListener("abort", tooLong, { once: true });
  await Promise.all(runs.map(({ finished }) => finished));
  limit.done();
}
