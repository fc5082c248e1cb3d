// What is done while leading: begun with each term, each never twice at once.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { isInterrupt } from "../parts/interrupt.ts";
import { wait } from "../parts/wait.ts";
import type { LeaderWork } from "./leader-options.ts";
import type { Term } from "./term.ts";

export interface Works {
  /** Begins at once when there is a term. */
  add(name: string, work: LeaderWork, term: Term | undefined): Disposable;
  begin(term: Term): void;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
}

interface Entry {
  readonly name: string;
  readonly work: LeaderWork;
  readonly over: AbortController;
  running: Promise<void>;
}

/** A leak rather than an app. */
const worksMax = 1_000;

export function createWorks(log: Log): Works {
  const entries = new Set<Entry>();

  const run = async ({ name, work, over }: Entry, term: Term): Promise<void> => {
    const signal = AbortSignal.any([term.signal, over.signal]);
    if (signal.aborted) return;
    const { token } = term;
    try {
      await work(signal, token);
    } catch (error) {
      const level = isInterrupt(error, signal) ? "debug" : "error";
      log[level](`${name} of the leader ended: ${messageOf(error)}`, { token, error });
    }
  };
  // After the one before it: work may take its time to see that its term is over.
  const begin = (entry: Entry, term: Term): void => {
    entry.running = entry.running.then(() => run(entry, term));
  };

  return {
    add: (name, work, term) => {
      if (entries.size >= worksMax) {
        throw new HomeostatError("OPTION_INVALID", `a leader has at most ${worksMax} works`);
      }
      const entry: Entry = { name, work, over: new AbortController(), running: Promise.resolve() };
      entries.add(entry);
      if (term) begin(entry, term);
      return {
        [Symbol.dispose]: () => {
          entry.over.abort();
          // Until then it is waited for when leadership is given up.
          void entry.running.then(() => entries.delete(entry));
        },
      };
    },
    begin: (term) => {
      for (const entry of entries) begin(entry, term);
    },
    idle: async () => {
      await Promise.all([...entries].map(({ running }) => running));
    },
  };
}

/** Does `job` again and again; what it throws is logged, and it goes on. */
export function repeated(
  around: { readonly clock: Clock; readonly log: Log },
  job: { readonly name: string; readonly everyMs: number; readonly atOnce: boolean },
  work: LeaderWork,
): LeaderWork {
  const { clock, log } = around;
  const { name, everyMs, atOnce } = job;
  return async (signal, token) => {
    let dueMs = clock.now() + (atOnce ? 0 : everyMs);
    while (await wait(clock, dueMs - clock.now(), signal)) {
      // A wait has a longest time, and a timer may be a little early.
      if (clock.now() < dueMs) continue;
      try {
        await work(signal, token);
      } catch (error) {
        if (isInterrupt(error, signal)) return;
        log.error(`${name} of the leader failed: ${messageOf(error)}`, { token, error });
      }
      dueMs = Math.max(dueMs + everyMs, clock.now());
    }
  };
}
