// The field Date of answers that came without one, made once a second.
import type { Clock } from "../../kernel/clock.ts";

/**
 * @param nowMs on the clock; may be a little late.
 * @returns a function that gives the whole line. Source: RFC 9110 section 6.6.1.
 */
export function dateLines(clock: Clock, nowMs: () => number): () => string {
  let madeAtMs = Number.NEGATIVE_INFINITY;
  let line = "";
  return () => {
    const now = nowMs();
    if (now - madeAtMs >= 1_000) {
      madeAtMs = now;
      line = `Date: ${new Date(clock.wall()).toUTCString()}\r\n`;
    }
    return line;
  };
}
