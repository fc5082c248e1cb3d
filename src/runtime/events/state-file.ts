// A small file that outlives the process: written whole or not at all, never repaired silently.
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { type Log, silentLog } from "../../kernel/log.ts";
import type { Kept } from "../parts/kept.ts";
import { writeWhole } from "../parts/whole-file.ts";

export type { Kept } from "../parts/kept.ts";

export interface StateFile {
  section(name: string): Kept;
}

const version = 1;
const bytesMax = 1_048_576;

/**
 * Writes are synchronous: what they tell of may end this process. A file that cannot be understood is
 * moved to `PATH.damaged` and logged; the state then begins anew.
 */
export function createStateFile(path: string, options: { readonly log?: Log } = {}): StateFile {
  const { log = silentLog } = options;
  const sections = readAll(path, log);

  const writeAll = (): void => {
    const text = `${JSON.stringify({ version, sections: Object.fromEntries(sections) })}\n`;
    if (Buffer.byteLength(text) > bytesMax) {
      throw new HomeostatError("JOURNAL_UNUSABLE", `the state would be over ${bytesMax} bytes`);
    }
    writeWhole(path, text);
  };

  return {
    section: (name) => ({
      read: () => sections.get(name),
      write: (value) => {
        sections.set(name, value);
        try {
          writeAll();
        } catch (error) {
          log.error(`the state file could not be written: ${messageOf(error)}`, { path, error });
        }
      },
    }),
  };
}

function readAll(path: string, log: Log): Map<string, unknown> {
  const { readFileSync, statSync } = builtin("node:fs");
  try {
    if (statSync(path).size > bytesMax) throw new Error(`it is over ${bytesMax} bytes`);
    const { version: found, sections } = JSON.parse(readFileSync(path, "utf8"));
    if (found !== version) throw new Error(`expected version ${version}, got ${found}`);
    if (typeof sections !== "object" || sections === null) throw new Error("it has no sections");
    return new Map(Object.entries(sections));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Map();
    log.error(`the state file could not be read: ${messageOf(error)}`, { path, error });
    moveAway(path, log);
    return new Map();
  }
}

function moveAway(path: string, log: Log): void {
  try {
    builtin("node:fs").renameSync(path, `${path}.damaged`);
  } catch (error) {
    log.error(`nor moved away: ${messageOf(error)}`, { path, error });
  }
}
