// Why the app ends: the first cause decides the exit code, later ones are kept beside it.
import { exitCode } from "../../kernel/errors.ts";

/** So many later causes are kept; the rest is only counted. */
const most = 20;

export interface Causes {
  /** False when this very cause was given before. */
  add(cause: unknown): boolean;
  /** The first; undefined when nothing went wrong. */
  readonly first: unknown;
  readonly all: readonly unknown[];
  /** How many there were, kept or not. */
  readonly count: number;
  readonly exitCode: number;
}

/** `codeOf` says the exit code of a cause; 0 is no answer for one and becomes 1. */
export function createCauses(codeOf: (cause: unknown) => number = exitCode): Causes {
  const kept: unknown[] = [];
  let count = 0;
  return {
    add: (cause) => {
      if (typeof cause === "object" && cause !== null && kept.includes(cause)) return false;
      count += 1;
      if (kept.length <= most) kept.push(cause);
      return true;
    },
    get first() {
      return kept[0];
    },
    get all() {
      return [...kept];
    },
    get count() {
      return count;
    },
    get exitCode() {
      return count === 0 ? 0 : codeOf(kept[0]) || 1;
    },
  };
}
