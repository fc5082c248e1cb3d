// Remembers which config had the right shape: the checker takes longer to load than all the rest of a start.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint } from "../kernel/fingerprint.ts";
import { programMark } from "./program.ts";

export interface KnownShape {
  /** Whether exactly this has passed the checker of exactly this program. */
  has(raw: unknown): boolean;
  /** It has passed. */
  keep(raw: unknown): void;
  /** Writes what was kept, once there is a folder: the next start need not look again. */
  write(): void;
}

/** `folder` is the state folder; a hash is all that is written. */
export function knownShape(folder: string, program: string = programMark()): KnownShape {
  const file = join(folder, "sound");
  let passed: string | undefined;
  return {
    has: (raw) => {
      const mark = markOf(raw, program);
      return mark !== undefined && mark === read(file);
    },
    keep: (raw) => {
      passed = markOf(raw, program);
    },
    write: () => {
      if (passed === undefined) return;
      try {
        writeFileSync(file, passed, { mode: 0o600 });
      } catch {
        // A folder that cannot be written: the next start looks again.
      }
    },
  };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Nobody has kept one.
    return undefined;
  }
}

/** Undefined for what JSON would not tell apart from something else. */
function markOf(raw: unknown, program: string): string | undefined {
  let isData = true;
  const text = JSON.stringify(raw, (_, value: unknown) => {
    isData &&= isJson(value);
    return value;
  });
  return isData ? `${program} ${fingerprint(text)}` : undefined;
}

function isJson(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "object":
      return true;
    case "number":
      return Number.isFinite(value);
    default:
      return false;
  }
}
