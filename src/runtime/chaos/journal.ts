// The file that remembers what is disrupted, so that the next process can undo what a crash left.
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { writeWhole } from "../parts/whole-file.ts";
import { type Processes, systemProcesses } from "./owner.ts";

/** Something that is, or may be, disrupted. */
export interface Left {
  readonly target: string;
  /**
   * "intent": written before the target was touched, so it may or may not be disrupted; `undo` is what
   * the target saved before it acted. "disrupted": `undo` is what it answered.
   */
  readonly phase: "intent" | "disrupted";
  readonly undo?: Json;
  /** ISO 8601 */
  readonly at: string;
}

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export interface Journal {
  /** In the order in which they were disrupted. */
  readonly left: readonly Left[];
  /** On the disk when it returns, whole or not at all. @throws JOURNAL_UNUSABLE */
  write(left: readonly Left[]): void;
}

const version = 1;
const bytesMax = 4_194_304;

/**
 * Takes the journal for this process; two processes need two files. The file is read again before it
 * is written, so that whoever takes it at the same moment is noticed.
 * @throws JOURNAL_CORRUPT when it cannot be understood: it is never repaired silently.
 * @throws JOURNAL_UNUSABLE when a process that is alive has it, or the disk refuses.
 */
export function openJournal(path: string, processes: Processes = systemProcesses): Journal {
  const found = read(path);
  let left = found?.left ?? [];
  const checkOwner = (owner: string | undefined): void => {
    if (owner === undefined || owner === processes.self || !processes.isAlive(owner)) return;
    const message = `${path} belongs to process ${owner}, which is alive: give each process its own`;
    throw new HomeostatError("JOURNAL_UNUSABLE", message);
  };
  const write = (next: readonly Left[]): void => {
    checkOwner(read(path)?.owner);
    save(path, { version, owner: processes.self, left: next });
    left = next;
  };
  checkOwner(found?.owner);
  write(left);
  return {
    get left() {
      return left;
    },
    write,
  };
}

/** Remembers nothing: for targets that a crash undoes by itself. */
export function noJournal(): Journal {
  let left: readonly Left[] = [];
  return {
    get left() {
      return left;
    },
    write: (next) => {
      left = next;
    },
  };
}

interface Content {
  readonly version: number;
  readonly owner: string;
  readonly left: readonly Left[];
}

function read(path: string): Content | undefined {
  const { readFileSync, statSync } = builtin("node:fs");
  let text: string;
  try {
    if (statSync(path).size > bytesMax) throw corrupt(path, `it is over ${bytesMax} bytes`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof HomeostatError) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw unusable(path, error);
  }
  return parse(path, text);
}

function parse(path: string, text: string): Content {
  let content: Partial<Content> | null;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw corrupt(path, "it is not JSON", error);
  }
  if (content?.version !== version) {
    throw corrupt(path, `expected version ${version}, got ${content?.version}`);
  }
  const { owner, left } = content;
  if (typeof owner !== "string" || !Array.isArray(left) || !left.every(isLeft)) {
    throw corrupt(path, "it does not have the shape of a chaos journal");
  }
  return { version, owner, left };
}

function isLeft(value: unknown): value is Left {
  if (typeof value !== "object" || value === null) return false;
  const { target, phase } = value as Partial<Left>;
  return typeof target === "string" && (phase === "intent" || phase === "disrupted");
}

function save(path: string, content: Content): void {
  const text = `${JSON.stringify(content)}\n`;
  if (Buffer.byteLength(text) > bytesMax) {
    throw new HomeostatError("JOURNAL_UNUSABLE", `${path} would be over ${bytesMax} bytes`);
  }
  try {
    writeWhole(path, text);
  } catch (error) {
    throw unusable(path, error);
  }
}

function corrupt(path: string, why: string, cause?: unknown): HomeostatError {
  return new HomeostatError("JOURNAL_CORRUPT", `${path}: ${why}`, { cause });
}

function unusable(path: string, cause: unknown): HomeostatError {
  return new HomeostatError("JOURNAL_UNUSABLE", `${path} cannot be used`, { cause });
}
