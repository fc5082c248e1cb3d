// What was made of the journal up to one of its events, in a file beside it: a start reads this and the rest.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { parseExact, stringifyExact } from "./exact-json.ts";
import type { Snapshot } from "./store.ts";

/** The second line, after the checksum of all that follows; the third is what was made. */
interface Head {
  readonly format: 1;
  readonly project: string;
  readonly program: string;
  readonly seq: number;
  /** The checksum of the event `seq` as the journal has it: another journal has another. */
  readonly event: number;
}

interface Home {
  readonly folder: string;
  readonly project: string;
}

/** A file that is whole and of this project; whether it is of this journal is not known yet. */
export interface FoundSnapshot extends Pick<Head, "seq" | "event"> {
  /** Undefined when it is no JSON. */
  read(): Snapshot | undefined;
}

const name = "snapshot";
/** What is larger is neither written nor read. */
const mostBytes = 64 * 1_024 ** 2;

/** Undefined when there is none, or it is torn, of another format or of another project. */
export function findSnapshot({ folder, project }: Home): FoundSnapshot | undefined {
  const path = join(folder, name);
  try {
    if (statSync(path).size > mostBytes) return undefined;
    const text = readFileSync(path, "utf8");
    const headAt = text.indexOf("\n") + 1;
    if (text.slice(0, headAt) !== `${crc32(text.slice(headAt))}\n`) return undefined;
    const madeAt = text.indexOf("\n", headAt) + 1;
    const head = JSON.parse(text.slice(headAt, madeAt)) as Partial<Head> | null;
    if (head?.format !== 1 || head.project !== project) return undefined;
    const { seq = 0, event = 0, program = "" } = head;
    return { seq, event, read: () => snapshotOf({ seq, program }, text.slice(madeAt)) };
  } catch {
    // None is there, or it cannot be read: the journal tells everything.
    return undefined;
  }
}

function snapshotOf(of: Omit<Snapshot, "made">, made: string): Snapshot | undefined {
  try {
    return { ...of, made: parseExact(made) };
  } catch {
    // Its checksum fits and it is no JSON: somebody has written it by hand.
    return undefined;
  }
}

/**
 * Written aside and renamed. It is not made durable: after a power loss it may be torn, which its
 * checksum tells, and then the whole journal is read.
 */
export function writeSnapshot(
  { folder, project }: Home,
  { program, seq, made }: Snapshot,
  event: number,
): void {
  const aside = join(folder, `${name}.new`);
  try {
    const head: Head = { format: 1, project, program, seq, event };
    const text = `${JSON.stringify(head)}\n${stringifyExact(made)}`;
    if (text.length > mostBytes / 2) return;
    writeFileSync(aside, `${crc32(text)}\n${text}`, { mode: 0o600 });
    renameSync(aside, join(folder, name));
  } catch {
    // A full disk, say: without it the next start takes longer, and nothing else is lost.
    forget(aside);
  }
}

function forget(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // What cannot be removed is overwritten by the next one, or in the way of it: no snapshot either way.
  }
}
