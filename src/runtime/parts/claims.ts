// Claims to what only one may have: numbered files of which the highest counts, so that one wins.
import { basename, dirname, join } from "node:path";
import { builtin } from "../../kernel/builtin.ts";
import { type NamedProcess, type ProcessTable, processTable } from "./process-identity.ts";
import { writeWhole } from "./whole-file.ts";

// Every process has it; an import would load what it can besides.
const {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = builtin("node:fs");

/** What a claim's file says. */
export interface Claim {
  readonly number: number;
  readonly holder: string;
  readonly by: NamedProcess;
  /** Milliseconds since the machine's start: when the file was written and until when it holds. */
  readonly atMs: number;
  readonly untilMs: number;
  /** ISO 8601, for people: when it was claimed. */
  readonly since: string;
  /** It was given back. */
  readonly over: boolean;
}

/** Whether a claim that was not given back holds now. */
export type Holds = (claim: Claim, table: ProcessTable) => boolean;

export interface Claims {
  /** Takes the next number, or answers the claim that stands in the way. */
  take(wanted: {
    readonly holder: string;
    readonly forMs: number;
    readonly since: string;
  }): Claim | { readonly heldBy: Claim | undefined };
  /** Prolongs one's own; false when it does not hold any more or somebody came after it. */
  keep(number: number, holder: string, forMs: number): boolean;
  /** Gives one's own back; the file stays, so that its number never comes again. */
  give(number: number, holder: string): void;
}

const bytesMax = 4_096;
/** So often others may have been faster. */
const triesMax = 5;

/**
 * The claims to `path` are the files `PATH.1`, `PATH.2`, …, each made by link(2), which fails when the
 * name exists: whoever makes the next one has it, and numbers only grow. Nothing is locked, so that a
 * process that is stopped or killed anywhere in between blocks nobody. It takes a local file system.
 */
export function createClaims(
  path: string,
  holds: Holds,
  table: ProcessTable = processTable(),
): Claims {
  const fileOf = (number: number): string => `${path}.${number}`;
  const { self } = table;

  const isHeld = (claim: Claim): boolean => {
    const { bootId } = claim.by;
    // Where there is no boot id: after a restart of the machine less time has passed since.
    const isOld = bootId === "" ? claim.atMs > table.uptimeMs() : bootId !== self.bootId;
    return !claim.over && !isOld && holds(claim, table);
  };
  const isNewest = (number: number): boolean => numbersOf(path)[0] === number;
  const firstHeld = (numbers: readonly number[], but: string): Claim | undefined =>
    numbers
      .map((number) => readClaim(fileOf(number), number))
      .find((claim) => claim && claim.holder !== but && isHeld(claim));

  const take: Claims["take"] = ({ holder, forMs, since }) => {
    mkdirSync(dirname(path), { recursive: true });
    for (let tries = 0; tries < triesMax; tries++) {
      const before = numbersOf(path);
      const held = firstHeld(before, holder);
      if (held) return { heldBy: held };
      const number = (before[0] ?? 0) + 1;
      const atMs = table.uptimeMs();
      const claim = { holder, by: self, atMs, untilMs: atMs + forMs, since, over: false, number };
      if (!linkClaim(path, claim)) continue;
      // One that was there may have been prolonged meanwhile.
      const prolonged = firstHeld(before, holder);
      if (!prolonged && isNewest(number)) {
        // On the disk before anybody is told the number: it may not come again.
        writeWhole(fileOf(number), textOf(claim));
        prune(path, number, table);
        return claim;
      }
      // We were so slow that the number was long past, or the holder was faster.
      rmSync(fileOf(number), { force: true });
      if (prolonged) return { heldBy: prolonged };
    }
    return { heldBy: undefined };
  };

  const mine = (number: number, holder: string): Claim | undefined => {
    const claim = readClaim(fileOf(number), number);
    return claim?.holder === holder && isHeld(claim) ? claim : undefined;
  };
  const give: Claims["give"] = (number, holder) => {
    const claim = mine(number, holder);
    if (claim) replace(fileOf(number), textOf({ ...claim, over: true }));
  };

  return {
    take,
    give,
    keep: (number, holder, forMs) => {
      const claim = mine(number, holder);
      if (!claim || !isNewest(number)) return false;
      const atMs = table.uptimeMs();
      replace(fileOf(number), textOf({ ...claim, atMs, untilMs: atMs + forMs }));
      // One who came meanwhile sees either this or nothing of it, and we see them: never both hold.
      if (isNewest(number)) return true;
      give(number, holder);
      return false;
    },
  };
}

/** The highest first. */
function numbersOf(path: string): readonly number[] {
  return namesOf(path)
    .filter((rest) => /^\d{1,15}$/.test(rest))
    .map(Number)
    .sort((a, b) => b - a);
}

/** What follows `PATH.` in the names beside it. */
function namesOf(path: string): readonly string[] {
  const start = `${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(start))
    .map((name) => name.slice(start.length));
}

/** Undefined when it is gone, or is no claim: then it holds nothing but its number. */
function readClaim(file: string, number: number): Claim | undefined {
  try {
    if (statSync(file).size > bytesMax) return undefined;
    const claim = JSON.parse(readFileSync(file, "utf8"));
    const { holder, by, atMs, untilMs } = claim ?? {};
    const isClaim =
      typeof holder === "string" &&
      typeof by?.pid === "number" &&
      Number.isFinite(atMs) &&
      Number.isFinite(untilMs);
    return isClaim ? { ...claim, number } : undefined;
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (isGone || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** False when somebody else was faster. */
function linkClaim(path: string, claim: Claim): boolean {
  const { pid, startTicks } = claim.by;
  const { threadId } = builtin("node:worker_threads");
  const draft = `${path}.draft-${pid}-${startTicks}-${threadId}`;
  writeFileSync(draft, textOf(claim), { mode: 0o600 });
  try {
    linkSync(draft, `${path}.${claim.number}`);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Whole, but not on the disk yet: only the number has to outlive the machine. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

const textOf = ({ number: _, ...said }: Claim): string => `${JSON.stringify(said)}\n`;

/** Numbers before `newest`, and drafts of processes that ended in the middle of it. */
function prune(path: string, newest: number, table: ProcessTable): void {
  for (const number of numbersOf(path)) {
    if (number >= newest) continue;
    rmSync(`${path}.${number}`, { force: true });
    rmSync(`${path}.${number}.new`, { force: true });
  }
  for (const name of namesOf(path)) {
    const [, pid, start] = /^draft-(\d+)-(\d+)-\d+$/.exec(name) ?? [];
    if (pid === undefined) continue;
    const drafter = { ...table.self, pid: Number(pid), startTicks: Number(start) };
    const file = join(dirname(path), `${basename(path)}.${name}`);
    if (table.lifeOf(drafter) === "gone") rmSync(file, { force: true });
  }
}
