// The files of one state: numbered, each whole with its checksum; what is bad is set aside, not deleted.
import { join } from "node:path";
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { writeWhole } from "../parts/whole-file.ts";

/** What stands in the first line of a file; the state is the rest. */
export interface Head {
  readonly format: 1;
  readonly name: string;
  readonly number: number;
  readonly version: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly sha256: string;
}

/** Which states are known to be good, and how it went since. */
export interface Ledger {
  /** The newest that a process has lived with for long enough. */
  readonly proven?: number;
  /** Processes that began since and did not live as long, the one that runs included. */
  readonly starts: number;
}

export interface Shelf {
  /** The newest first. */
  numbers(): readonly number[];
  fileOf(number: number): string;
  /** On the disk when it returns. */
  write(state: string, head: Pick<Head, "version" | "at">): number;
  /** @throws JOURNAL_CORRUPT when it is not what was written. */
  read(number: number): { readonly head: Head; readonly state: string };
  setAside(number: number, why: "damaged" | "refused"): void;
  /** Deletes the oldest beyond `keep`, never those that are held. */
  prune(keep: number, held: readonly (number | undefined)[]): void;
  readLedger(): Ledger;
  writeLedger(ledger: Ledger): void;
}

const headMax = 1_024;

export function openShelf(folder: string, name: string, maxBytes: number): Shelf {
  builtin("node:fs").mkdirSync(folder, { recursive: true });
  const pattern = new RegExp(`^${name}\\.(\\d{12})(?:\\.(\\w+))?$`);
  const ledgerFile = join(folder, `${name}.ledger`);
  const found = (kind: string | undefined): readonly number[] =>
    builtin("node:fs")
      .readdirSync(folder)
      .map((file) => pattern.exec(file))
      .filter((match) => match !== null && match[2] === kind)
      .map((match) => Number(match?.[1]))
      .sort((a, b) => b - a);
  const fileOf = (number: number): string => join(folder, `${name}.${pad(number)}`);
  // A number that was used is never used again, also when its file was set aside.
  let last = Math.max(
    0,
    ...["damaged", "refused", "new", undefined].flatMap((kind) => found(kind)),
  );
  for (const draft of found("new"))
    builtin("node:fs").rmSync(`${fileOf(draft)}.new`, { force: true });

  return {
    numbers: () => found(undefined),
    fileOf,
    write: (state, { version, at }) => {
      last += 1;
      const head: Head = { format: 1, name, number: last, version, at, sha256: sumOf(state) };
      writeWhole(fileOf(last), `${JSON.stringify(head)}\n${state}`);
      return last;
    },
    read: (number) => readWhole(fileOf(number), name, number, maxBytes),
    setAside: (number, why) => {
      builtin("node:fs").renameSync(fileOf(number), `${fileOf(number)}.${why}`);
      for (const kind of ["damaged", "refused"]) {
        for (const old of found(kind).slice(asideMax))
          builtin("node:fs").rmSync(`${fileOf(old)}.${kind}`);
      }
    },
    prune: (keep, held) => {
      const all = found(undefined);
      const others = all.filter((number) => !held.includes(number));
      const room = Math.max(1, keep - (all.length - others.length));
      for (const number of others.slice(room))
        builtin("node:fs").rmSync(fileOf(number), { force: true });
    },
    readLedger: () => readLedger(ledgerFile),
    writeLedger: (ledger) => writeWhole(ledgerFile, JSON.stringify(ledger)),
  };
}

/** Of each kind; so long somebody can look at them, or put them back. */
const asideMax = 10;

function readWhole(file: string, name: string, number: number, maxBytes: number) {
  if (builtin("node:fs").statSync(file).size > maxBytes + headMax)
    throw corrupt(file, "is too large");
  const text = builtin("node:fs").readFileSync(file, "utf8");
  const end = text.indexOf("\n");
  const state = text.slice(end + 1);
  const head = headOf(file, text.slice(0, Math.max(0, end)));
  if (head.format !== 1) throw corrupt(file, `has the format ${head.format}, not 1`);
  if (head.name !== name || head.number !== number) throw corrupt(file, "is another state's");
  if (head.sha256 !== sumOf(state)) throw corrupt(file, "does not have its checksum");
  return { head, state };
}

function headOf(file: string, line: string): Head {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new HomeostatError("JOURNAL_CORRUPT", `${file} has no head`, { cause });
  }
}

/** One that cannot be read says nothing: what is proven then has to prove itself anew. */
function readLedger(file: string): Ledger {
  try {
    const { proven, starts } = JSON.parse(builtin("node:fs").readFileSync(file, "utf8")) ?? {};
    return {
      ...(Number.isInteger(proven) && { proven }),
      starts: Number.isInteger(starts) && starts > 0 ? starts : 0,
    };
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (isGone || error instanceof SyntaxError) return { starts: 0 };
    throw error;
  }
}

const pad = (number: number): string => String(number).padStart(12, "0");

function sumOf(text: string): string {
  return builtin("node:crypto").createHash("sha256").update(text).digest("hex");
}

function corrupt(file: string, how: string): HomeostatError {
  return new HomeostatError("JOURNAL_CORRUPT", `${file} ${how}`);
}
