// Counts answers of a probe in a row: when it is the n-th, something may have to be decided.
import type { Answer, ProbeSchedule } from "./prober.ts";

export interface Tally {
  /** Takes an answer in; "good" or "bad" when this one made the row long enough to turn it. */
  note(kind: Answer["kind"]): "good" | "bad" | undefined;
}

const failuresUsual = 3;

/** It begins without an opinion: the first row that is long enough is a turn. */
export function createTally({ failures = failuresUsual, successes = 1 }: ProbeSchedule): Tally {
  let stands: "good" | "bad" | undefined;
  let row: "good" | "bad" | undefined;
  let count = 0;
  return {
    note: (kind) => {
      if (kind === "unknown" || kind === "broken") return undefined;
      count = kind === row ? count + 1 : 1;
      row = kind;
      if (kind === stands || count < (kind === "good" ? successes : failures)) return undefined;
      stands = kind;
      return kind;
    },
  };
}
