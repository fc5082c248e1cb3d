// What a drill has laid over the machine and must come off again: kept in a file until it has.
import { existsSync, rmSync } from "node:fs";
import { type Clock, deadline } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { type Journal, type Json, openJournal } from "../runtime/chaos/journal.ts";
import type { Target as Fault } from "../runtime/chaos/target.ts";
import { firewallBlock } from "../runtime/chaos/targets/firewall.ts";
import { pausedProcess } from "../runtime/chaos/targets/process.ts";
import { undoFile } from "./drill-file.ts";

/** The faults that do not pass with the process that caused them. */
export type LastingKind = "freeze" | "network";

const undoMs = 10_000;

export interface Lasting {
  /** On the disk before the first thing is touched. */
  disrupt(): Promise<void>;
  /** Bears being called when nothing was done, and twice. */
  recover(): Promise<void>;
}

/** @throws JOURNAL_UNUSABLE while another drill of this folder is under way. */
export function lasting(
  stateFolder: string,
  kind: LastingKind,
  fault: Fault,
  clock: Clock,
): Lasting {
  const path = undoFile(stateFolder);
  const journal = openJournal(path);
  const at = new Date(clock.wall()).toISOString();
  return {
    disrupt: () => {
      const save = (undo: Json): void =>
        journal.write([{ target: kind, phase: "intent", undo, at }]);
      const cause = async (signal: AbortSignal): Promise<void> =>
        void (await fault.disrupt(signal, save));
      // What another drill has left comes off first: its place in the file is needed.
      return takeBack(journal, clock).then(() => limited(clock, cause));
    },
    recover: async () => {
      await takeBack(journal, clock);
      rmSync(path, { force: true });
    },
  };
}

/**
 * Takes back what a drill left whose process is gone; whoever is alive takes back their own. Never
 * throws: what could not be taken back is logged, and tried again by the next call. Whether a drill was
 * cut off, and nothing of it is left now.
 */
export async function undoLeft(stateFolder: string, clock: Clock, log: Log): Promise<boolean> {
  const path = undoFile(stateFolder);
  if (!existsSync(path)) return false;
  try {
    const journal = openJournal(path);
    const left = journal.left.map(({ target }) => target);
    await takeBack(journal, clock);
    rmSync(path, { force: true });
    if (left.length > 0) log.warn("a drill that was cut off is taken back", { left });
    return true;
  } catch (error) {
    if (isOthers(error)) return false;
    log.error("a drill that was cut off could not be taken back", { reason: messageOf(error) });
    return false;
  }
}

/** A drill whose process is alive; what the disk refuses has a cause. */
function isOthers(error: unknown): boolean {
  const isUnusable = error instanceof HomeostatError && error.code === "JOURNAL_UNUSABLE";
  return isUnusable && error.cause === undefined;
}

async function takeBack(journal: Journal, clock: Clock): Promise<void> {
  for (const { target, undo } of journal.left.toReversed()) {
    const fault = recovererOf(target);
    await limited(clock, async (signal) => {
      await fault?.recover?.(undo, { signal, known: false, left: true });
    });
  }
  journal.write([]);
}

async function limited(clock: Clock, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const time = deadline(clock, undoMs);
  await work(time.signal).finally(() => time.done());
}

/** They take back what was saved, whatever they were made with. */
function recovererOf(kind: string): Fault | undefined {
  if (kind === "freeze") return pausedProcess({ pid: () => undefined });
  return kind === "network" ? firewallBlock({ port: 1 }) : undefined;
}
