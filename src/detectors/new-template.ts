// Raises a quiet symptom when a log has a kind of line that it never had, and clears it after a calm.
import { formatDuration } from "../kernel/duration.ts";
import type { Detector } from "./detector.ts";

export interface NewTemplateOptions {
  /** Without another one for so long, the symptom is over. */
  readonly calmMs: number;
}

interface State {
  /** Of the last reading with a new kind of line; undefined when another daemon had heard it. */
  readonly lastMs: number | undefined;
  readonly raised: boolean;
}

/** Observes `log.new_templates`: how many there are, and in the note which one, and its line. */
export function newTemplate({ calmMs }: NewTemplateOptions): Detector<State> {
  return {
    name: "new-template",
    initial: { lastMs: undefined, raised: false },
    raised: { lastMs: undefined, raised: true },
    observe(state, { value, atMs, note }) {
      if (!Number.isFinite(value)) return [state, undefined];
      if (value <= 0) {
        if (!state.raised) return [state, undefined];
        const lastMs = Math.min(state.lastMs ?? atMs, atMs);
        if (atMs - lastMs < calmMs) return [{ lastMs, raised: true }, undefined];
        const text = `no other new kind of log line for ${formatDuration(atMs - lastMs)}`;
        return [
          { lastMs: undefined, raised: false },
          { sick: false, text },
        ];
      }
      const next = { lastMs: atMs, raised: true };
      if (state.raised) return [next, undefined];
      const why = {
        rule: "new-template",
        text: note ?? `${value} kinds of log lines that its log never had`,
        value,
        limit: 0,
        unit: "count" as const,
      };
      return [next, { sick: true, kind: "unusual", why, sinceMs: atMs }];
    },
  };
}
