// A flushed cache as a target: the keys of a prefix go to a file, then out of Redis, and come back exactly.
import { builtin } from "../../../kernel/builtin.ts";
import { HomeostatError } from "../../../kernel/errors.ts";
import { type Log, silentLog } from "../../../kernel/log.ts";
import { anything, called, checkOptions, count, named } from "../../../policies/options.ts";
import { writeWhole } from "../../parts/whole-file.ts";
import type { Json } from "../journal.ts";
import type { Target } from "../target.ts";
import { type DumpedKey, dumpKeys, flushKeys, type RedisSend, restoreKeys } from "./redis-keys.ts";
import { type Timing, timingRules } from "./timing.ts";

export type { RedisSend } from "./redis-keys.ts";

export interface FlushedRedisOptions extends Timing {
  /**
   * Sends one command and answers its reply, texts as `Buffer`: a dump is no text. It is called up to
   * fifty times before the first reply is there. ioredis: `(...words) => redis.callBuffer(...words)`.
   */
  readonly send: RedisSend;
  /** Of the keys that are flushed; not empty, as the rest of the database is somebody else's. */
  readonly prefix: string;
  /** Where the keys lie meanwhile. Its own for each target; only its owner may read it. */
  readonly file: string;
  /** More keys than this are refused, before one is touched; default 10,000. */
  readonly keysMax?: number;
  /** Bytes of all keys together, also what one may take in memory; default 16 MiB. */
  readonly bytesMax?: number;
  readonly log?: Log;
}

/** "writing": nothing was flushed yet. */
interface Undo {
  readonly phase: "writing" | "written";
  readonly file: string;
  readonly sha256?: string;
}

const version = 1;

/**
 * Flushes the keys of a prefix, and brings back their values with what is left of their time to live:
 * one that would have expired meanwhile stays away, and one that is there again is left as it is. A key
 * that changes between its dump and its flush is not flushed. For one Redis 5 or later, no cluster.
 */
export function flushedRedis(options: FlushedRedisOptions): Target {
  checkOptions<FlushedRedisOptions>("flushedRedis", options, rules);
  const { send, prefix, file, log = silentLog, ...more } = options;
  const { keysMax = 10_000, bytesMax = 16_777_216, ...timing } = more;
  return {
    ...timing,
    disrupt: async (signal, save) => {
      const { existsSync, rmSync } = builtin("node:fs");
      rmSync(doneOf(file), { force: true });
      if (existsSync(file)) {
        const message = `${file} holds keys that were not put back: look at it, then move it away`;
        throw new HomeostatError("JOURNAL_UNUSABLE", message);
      }
      save({ phase: "writing", file });
      const keys = await dumpKeys({ send, signal, prefix, keysMax, bytesMax });
      const text = JSON.stringify({ version, prefix, keys });
      writeWhole(file, text);
      const undo: Undo = { phase: "written", file, sha256: sumOf(text) };
      save({ ...undo } as Json);
      const flushed = await flushKeys({ send, signal }, keys);
      log.warn(`CHAOS: flushed ${flushed} of ${keys.length} keys of ${prefix}*`, { file });
      return { ...undo };
    },
    recover: async (saved, { signal, left }) => {
      if (saved === undefined) return;
      const undo = saved as unknown as Undo;
      const { existsSync, renameSync, rmSync } = builtin("node:fs");
      const done = doneOf(undo.file);
      if (undo.phase === "writing") return rmSync(undo.file, { force: true });
      const isDone = !existsSync(undo.file) && existsSync(done);
      // Put back by a process that died before it could say so. In this one, a flush that did not
      // heed its signal may have gone on: then they are put back again.
      if (isDone && left) return;
      const keys = read(isDone ? done : undo.file, undo);
      const told = await restoreKeys({ send, signal }, keys);
      if (!isDone) renameSync(undo.file, done);
      log.warn(`CHAOS: put back ${told.restored} keys of ${prefix}*`, { ...told });
    },
  };
}

/** Kept until the next time, as proof that nothing has to be put back. */
const doneOf = (file: string): string => `${file}.restored`;

function read(file: string, { sha256 }: Undo): readonly DumpedKey[] {
  const text = builtin("node:fs").readFileSync(file, "utf8");
  if (sumOf(text) === sha256) return JSON.parse(text).keys;
  throw new HomeostatError(
    "JOURNAL_CORRUPT",
    `${file} is not what was written: nothing is put back`,
  );
}

function sumOf(text: string): string {
  return builtin("node:crypto").createHash("sha256").update(text).digest("hex");
}

const filled = (value: unknown): string | undefined =>
  named(value) ?? (value === "" ? "not empty" : undefined);

const rules = {
  ...timingRules,
  ...{ send: called, prefix: filled, file: filled, log: anything },
  keysMax: count(1, 1_000_000),
  bytesMax: count(1, 268_435_456),
};
