// `homeostat logs -f`: what comes, of all that are meant, also of instances that come later.
import { once } from "node:events";
import { stdout } from "node:process";
import { systemClock } from "../../kernel/clock.ts";
import {
  archivesOf,
  type Chatty,
  chatty,
  cutLines,
  cutText,
  type Grouper,
  groupLines,
  type LineCutter,
  type LogLine,
  readArchive,
  readAt,
  stateOf,
} from "../../wiring/logs.ts";
import { type Entry, entryOf, fits, merged } from "./logs-entry.ts";
import { type LogFile, logFiles } from "./logs-find.ts";
import type { Asked } from "./logs-recent.ts";

export interface Following {
  readonly folder: string;
  readonly isMeant: (file: LogFile) => boolean;
  /** Where each log is read on, by its name. */
  readonly ends: ReadonlyMap<string, number>;
  readonly asked: Asked;
  /** Lines a second of one log. */
  readonly rate: number;
  readonly print: (entry: Entry) => void;
  readonly signal: AbortSignal;
}

interface Tail {
  readonly file: LogFile;
  readonly cutter: LineCutter;
  readonly groups: Grouper<LogLine>;
  readonly limit: Chatty;
}

const pollMs = 200;
const chunkBytes = 262_144;
/** Of one log, before the others have their turn. */
const turnBytes = 4 * 1_024 * 1_024;

/** Resolves when the signal has aborted, with all that was read shown. */
export async function follow(following: Following): Promise<void> {
  const { folder, isMeant, ends, rate, print, signal } = following;
  const tails = new Map<string, Tail>();
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let fresh: Entry[] = [];
  const show = async (): Promise<void> => {
    for (const entry of merged([fresh])) print(entry);
    fresh = [];
    // A slow terminal is waited for: nothing piles up here.
    if (stdout.writableNeedDrain) await Promise.race([once(stdout, "drain"), ended(signal)]);
  };
  const open = (file: LogFile): Tail | undefined => {
    const at = ends.get(file.name) ?? stateOf(file.path)?.start;
    if (at === undefined) return undefined;
    return openTail(file, at, following, (entry) => fresh.push(entry));
  };
  while (!signal.aborted) {
    let isMore = false;
    for (const file of logFiles(folder).filter(isMeant)) {
      const tail = tails.get(file.name) ?? open(file);
      if (!tail) continue;
      tails.set(file.name, tail);
      const before = tail.cutter.offset;
      isMore = (await readOn(tail, buffer)) || isMore;
      // What might go on has had its time to.
      if (tail.cutter.offset === before) tail.groups.flush();
      const cut = tail.limit.told();
      const lines = [cutText(cut, rate)];
      if (cut > 0) fresh.push({ name: file.name, at: systemClock.wall(), level: "warn", lines });
    }
    await show();
    if (!isMore) await systemClock.sleep(pollMs, signal).catch(() => {});
  }
  for (const { groups } of tails.values()) groups.flush();
  await show();
}

function openTail(
  file: LogFile,
  at: number,
  { asked, rate }: Following,
  onEntry: (entry: Entry) => void,
): Tail {
  const limit = chatty(rate, () => systemClock.now());
  const groups = groupLines<LogLine>((lines) => {
    const entry = entryOf(file.name, lines, [], systemClock.wall());
    if (fits(entry, asked)) onEntry(entry);
  });
  return { file, groups, limit, cutter: cutLines(at, groups.push, limit.pass) };
}

/** True when there is more. What was rotated away before it was read is in an archive. */
async function readOn({ file, cutter }: Tail, buffer: Buffer): Promise<boolean> {
  for (let bytes = 0; bytes < turnBytes; ) {
    const read = readAt(file.path, cutter.offset, buffer);
    if (read.kind === "none") return false;
    if (read.kind === "bytes") {
      cutter.push(buffer.subarray(0, read.bytes));
      bytes += read.bytes;
      continue;
    }
    const start = read.kind === "archived" ? read.start : 0;
    for (const archive of archivesOf(file.path)) {
      const at = cutter.offset;
      if (archive.to <= at || archive.from > at || at >= start) continue;
      for await (const chunk of readArchive(archive, at)) cutter.push(chunk);
    }
    if (cutter.offset < read.start || read.kind === "anew") cutter.jump(read.start);
  }
  return true;
}

function ended(signal: AbortSignal): Promise<unknown> {
  return signal.aborted ? Promise.resolve() : once(signal, "abort");
}
