// Raises a symptom after so many bad probe answers in a row, and clears it after as many good ones.
import type { SymptomKind } from "../model/symptom.ts";
import type { Detector } from "./detector.ts";

export interface ConsecutiveOptions {
  /** Bad answers in a row that make a symptom. */
  readonly failures: number;
  /** Good answers in a row that end it (default 2). */
  readonly successes?: number;
  /** Default: "unresponsive" when there was no answer, "failing" after a bad one. */
  readonly kind?: SymptomKind;
  /** How so many bad readings are told; default "3 bad probes in a row". */
  readonly label?: (count: number) => string;
}

interface State {
  readonly bad: number;
  readonly good: number;
  readonly sinceMs: number;
  readonly raised: boolean;
}

/** Observes the metric `probe`; notes that begin with "no answer" make it unresponsive. */
export function consecutive(options: ConsecutiveOptions): Detector<State> {
  const { failures, successes = 2, label = (n) => `${n} bad probes in a row` } = options;
  const initial: State = { bad: 0, good: 0, sinceMs: 0, raised: false };
  return {
    name: "consecutive-failures",
    initial,
    raised: { ...initial, raised: true },
    observe(state, reading) {
      if (Number.isNaN(reading.value)) return [state, undefined];
      if (reading.value > 0) {
        const good = state.good + 1;
        if (!state.raised) return [{ ...initial, good }, undefined];
        if (good < successes) return [{ ...state, good, bad: 0 }, undefined];
        const text = `${good} good answers in a row`;
        return [
          { ...initial, good },
          { sick: false, text },
        ];
      }
      const bad = state.bad + 1;
      const sinceMs = state.bad === 0 && !state.raised ? reading.atMs : state.sinceMs;
      const next = { bad, good: 0, sinceMs, raised: state.raised || bad >= failures };
      if (state.raised || bad < failures) return [next, undefined];
      const note = reading.note ?? "bad answer";
      const why = {
        rule: "consecutive-failures",
        text: `${label(bad)}: ${note}`,
        value: bad,
        limit: failures,
        unit: "count" as const,
      };
      const mute = note.startsWith("no answer");
      const kind = options.kind ?? (mute ? "unresponsive" : "failing");
      return [next, { sick: true, kind, why, sinceMs }];
    },
  };
}
