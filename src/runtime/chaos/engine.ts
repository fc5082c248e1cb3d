// What runs chaos: its journal, its gate, and the lives of the targets between start and stop.
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Random } from "../../kernel/random.ts";
import type { Stage } from "./acts.ts";
import { decide, type Gate, type Locks } from "./gate.ts";
import { type Journal, noJournal, openJournal } from "./journal.ts";
import { recoverAll, undoLeft } from "./left.ts";
import type { Processes } from "./owner.ts";
import type { Entry } from "./target.ts";
import { turns } from "./turns.ts";

export interface EngineOptions extends Omit<Stage, "journal" | "nextOrder"> {
  readonly locks: Locks;
  readonly random: Random;
  readonly journalFile: string | undefined;
  readonly processes: Processes | undefined;
  readonly atOnceMax: number;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Engine {
  readonly stage: Stage;
  /** Aborts when chaos stops; nothing while it is stopped. */
  readonly running: AbortSignal | undefined;
  gate(): Gate;
  /** Lets a target live, if chaos runs. */
  begin(entry: Entry): void;
  start(): Promise<void>;
  stop(): Promise<readonly string[]>;
}

export function createEngine(options: EngineOptions): Engine {
  const { clock, log, bus, locks, entries, random } = options;
  let journal: Journal = noJournal();
  let broken: string | undefined;
  let running: AbortController | undefined;
  let begun = new WeakSet<Entry>();
  let order = 0;
  const stage: Stage = { clock, log, bus, journal: () => journal, nextOrder: () => ++order };
  const gate = (): Gate => (broken === undefined ? decide(locks) : { open: false, reason: broken });
  const isRoom = (): boolean =>
    [...entries.values()].filter(({ state }) => state !== "calm").length < options.atOnceMax;

  const begin = (entry: Entry): void => {
    if (!running || begun.has(entry)) return;
    begun.add(entry);
    const signal = AbortSignal.any([running.signal, entry.removed.signal]);
    const around = { stage, random, gate, isRoom, armed: locks.armed === true };
    turns(entry, around, signal).catch((error) =>
      log.error(`CHAOS: ${entry.name}: ${messageOf(error)}`, { error }),
    );
  };

  const open = (): void => {
    try {
      journal = journalFor(options) ?? journal;
      broken = undefined;
    } catch (error) {
      broken = messageOf(error);
      log.error(`CHAOS: nothing is disrupted, and nothing taken back: ${broken}`, { error });
    }
  };

  return {
    stage,
    get running() {
      return running?.signal;
    },
    gate,
    begin,
    start: async () => {
      if (running) return;
      const life = new AbortController();
      running = life;
      begun = new WeakSet();
      open();
      await undoLeft(entries, stage);
      if (life.signal.aborted) return;
      const { open: isOpen, reason } = gate();
      if (isOpen) log.warn(`CHAOS IS ON: ${reason}`, { targets: [...entries.keys()] });
      else log.info(`chaos is off: ${reason}`);
      for (const entry of entries.values()) begin(entry);
    },
    stop: async () => {
      running?.abort(new HomeostatError("CANCELLED", "chaos stops"));
      running = undefined;
      const failed = await recoverAll([...entries.values()], stage);
      if (failed.length > 0) log.error(`CHAOS: left disrupted: ${failed.join(", ")}`);
      return failed;
    },
  };
}

/** Also when chaos is off: what an earlier process left has to be taken back. */
function journalFor({ journalFile, locks, processes, log }: EngineOptions): Journal | undefined {
  const isOpen = decide(locks).open;
  if (journalFile !== undefined) {
    const { existsSync } = builtin("node:fs");
    return isOpen || existsSync(journalFile) ? openJournal(journalFile, processes) : undefined;
  }
  if (isOpen) log.warn("CHAOS: without a journal file a crash leaves in place what is disrupted");
  return undefined;
}
