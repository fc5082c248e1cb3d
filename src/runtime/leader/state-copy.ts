// Copies of the app's state, made by who leads, and put back where the state is missing.
import { join } from "node:path";
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { count } from "../../policies/options.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { writeWhole } from "../parts/whole-file.ts";
import type { Leader } from "./leader-options.ts";

// Every process has it; an import would load what it can besides.
const { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } = builtin("node:fs");

/** The whole state: bytes, a text, or the file it lies in. A file must not change meanwhile. */
export type StateNow = Uint8Array | string | { readonly path: string };

export interface BackupsOptions extends Partial<Surroundings> {
  /** Where all who may lead find them; nothing else may lie in it. */
  readonly folder: string;
  /** Copies that are kept; default 7. */
  readonly keep?: number;
  readonly from: () => StateNow | Promise<StateNow>;
  /** Without one, everybody makes copies. */
  readonly leader?: Pick<Leader, "isLeader" | "token">;
}

export interface Backups {
  /**
   * Makes a copy and forgets the oldest; the answer is its file, undefined for who does not lead, also
   * when leadership ended meanwhile. Run it with `leader.every("backup", 3_600_000, copies.take)`.
   */
  take(): Promise<string | undefined>;
  /** The newest first. */
  list(): readonly string[];
  /**
   * Puts the newest good copy to `path` when nothing is there; the answer is the copy, undefined when
   * nothing was to be done or there is no copy. For the start of the app, before it leads.
   * @throws JOURNAL_CORRUPT when there are copies and none is good
   */
  restoreWhenMissing(path: string): string | undefined;
}

const bytesMax = 1_073_741_824;
const keptMax = 10_000;
// The copy itself is the bytes and nothing else, so that people can put it back by hand.
const namePattern = /^(\d{16})-(\d{8})\.([0-9a-f]{64})\.copy$/;

/**
 * A copy is called `TOKEN-NUMBER.SHA256.copy`: what a leader of before writes late sorts before what
 * its follower has written, and a damaged one is known by its name.
 */
export function backups(options: BackupsOptions): Backups {
  const { folder, keep = 7, from, leader } = options;
  const { log } = surroundings(options);
  const expected = count(1, keptMax)(keep);
  if (expected !== undefined) {
    throw new HomeostatError("OPTION_INVALID", `backups: keep must be ${expected}, got ${keep}`);
  }
  const list = (): readonly string[] => {
    if (!existsSync(folder)) return [];
    const names = readdirSync(folder).filter((name) => namePattern.test(name));
    return names.sort().reverse();
  };
  const prune = (): void => {
    const drafts = readdirSync(folder).filter((name) => name.endsWith(".copy.new"));
    for (const name of [...list().slice(keep), ...drafts])
      rmSync(join(folder, name), { force: true });
  };
  return {
    list,
    take: async () => {
      const token = leader ? leader.token : 0;
      if (token === undefined) return undefined;
      const bytes = bytesOf(await from());
      if (leader && leader.token !== token) return undefined;
      mkdirSync(folder, { recursive: true });
      const term = String(token).padStart(16, "0");
      const newest = list().find((name) => name.startsWith(`${term}-`));
      const number = Number(newest?.slice(17, 25) ?? 0) + 1;
      const name = `${term}-${String(number).padStart(8, "0")}.${sumOf(bytes)}.copy`;
      writeWhole(join(folder, name), bytes);
      prune();
      return name;
    },
    restoreWhenMissing: (path) => {
      if (existsSync(path)) return undefined;
      const names = list();
      for (const name of names) {
        const bytes = readFileSync(join(folder, name));
        if (sumOf(bytes) === namePattern.exec(name)?.[3]) {
          writeWhole(path, bytes);
          log.warn(`${path} was missing and is restored from ${name}`, { path, name });
          return name;
        }
        log.error(`the copy ${name} is damaged`, { folder, name });
      }
      if (names.length === 0) return undefined;
      const message = `${path} is missing, and all ${names.length} copies in ${folder} are damaged`;
      throw new HomeostatError("JOURNAL_CORRUPT", message);
    },
  };
}

function bytesOf(state: StateNow): Uint8Array {
  if (typeof state === "string") return Buffer.from(state);
  if (state instanceof Uint8Array) return state;
  const { size } = statSync(state.path);
  if (size <= bytesMax) return readFileSync(state.path);
  const message = `${state.path} has ${size} bytes; a copy may have ${bytesMax}`;
  throw new HomeostatError("OPTION_INVALID", message);
}

function sumOf(bytes: Uint8Array): string {
  return builtin("node:crypto").createHash("sha256").update(bytes).digest("hex");
}
