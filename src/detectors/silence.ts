// Raises a symptom when readings that used to come stop coming; having never come is not silence.
import type { Detector } from "./detector.ts";

interface State {
  readonly lastMs: number | undefined;
  readonly raised: boolean;
}

export interface SilenceOptions {
  readonly afterMs: number;
  readonly label: string;
}

export function silence(options: SilenceOptions): Detector<State> {
  const { afterMs, label } = options;
  return {
    name: "silence",
    initial: { lastMs: undefined, raised: false },
    raised: { lastMs: undefined, raised: true },
    observe(state, reading) {
      const next = { lastMs: reading.atMs, raised: false };
      return state.raised
        ? [next, { sick: false, text: `${label} speaks again` }]
        : [next, undefined];
    },
    tick(state, nowMs) {
      if (state.lastMs === undefined || state.raised) return [state, undefined];
      const quietMs = nowMs - state.lastMs;
      if (quietMs < afterMs) return [state, undefined];
      const why = {
        rule: "silence",
        text: `no reading of ${label} for ${(quietMs / 1_000).toFixed(1)} s`,
        value: quietMs,
        limit: afterMs,
        unit: "ms" as const,
      };
      return [
        { ...state, raised: true },
        { sick: true, kind: "silent", why, sinceMs: state.lastMs },
      ];
    },
  };
}
