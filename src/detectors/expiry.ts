// Raises a symptom when a certificate has less time left than it should, and clears it after renewal.
import type { Detector } from "./detector.ts";

export interface ExpiryOptions {
  /** Less time left than this is a symptom. */
  readonly warnMs: number;
}

interface State {
  readonly raised: boolean;
}

const dayMs = 86_400_000;

/** Observes `probe.certificate_left`; the note is the moment of its end, for people. */
export function expiry({ warnMs }: ExpiryOptions): Detector<State> {
  return {
    name: "expiry",
    initial: { raised: false },
    raised: { raised: true },
    observe(state, { value, atMs, note }) {
      if (!Number.isFinite(value)) return [state, undefined];
      if (value >= warnMs) {
        const text = `its certificate is good for ${days(value)}`;
        return [{ raised: false }, state.raised ? { sick: false, text } : undefined];
      }
      if (state.raised) return [state, undefined];
      const ends = value <= 0 ? "has expired" : `expires in ${days(value)}`;
      const why = {
        rule: "expiry",
        text: `its certificate ${ends}${note === undefined ? "" : ` (${note})`}`,
        value,
        limit: warnMs,
        unit: "ms" as const,
      };
      return [{ raised: true }, { sick: true, kind: "expiring", why, sinceMs: atMs }];
    },
  };
}

function days(ms: number): string {
  const count = Math.floor(ms / dayMs);
  return count === 1 ? "1 day" : `${count} days`;
}
