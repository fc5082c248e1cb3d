// The field Date of answers that came without one, made once a second.
import type { Clock } from "../../kernel/clock.ts";

/** @returns a function that gives the whole line. Source: RFC 9110 section 6.6.1. */
export function dateLines(clock: Clock): () => string {
  let madeAtMs = Number.NEGATIVE_INFINITY;
  let line = "";
  return () => {
    const now = clock.now();
    if (now - madeAtMs >= 1_000) {
      madeAtMs = now;
      line = `Date: ${new Date(clock.wall()).toUTCString()}\r\n`;
    }
    return line;
  };
}
