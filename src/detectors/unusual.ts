// Raises a symptom when a watched series is so unusual that the budget of false alarms allows to say so.
import type { Detector } from "./detector.ts";

export interface UnusualOptions {
  /** False alarms per series and month that are acceptable (default 1). */
  readonly budget?: number;
  /** So long it must be usual again before the symptom clears (default 5 minutes). */
  readonly calmMs?: number;
}

interface State {
  readonly raised: boolean;
  readonly calmSinceMs: number | undefined;
}

/** Observes `unusual{of="…"}`, which a watch of series makes; its note is the sentence. */
export function unusual({ budget = 1, calmMs = 300_000 }: UnusualOptions = {}): Detector<State> {
  const limit = 1 / (1 + budget);
  const initial: State = { raised: false, calmSinceMs: undefined };
  return {
    name: "unusual",
    initial,
    raised: { ...initial, raised: true },
    observe(state, { value, atMs, note }) {
      if (!Number.isFinite(value)) return [state, undefined];
      if (!state.raised) {
        if (value < limit) return [state, undefined];
        const odds = value >= 1 ? 0 : (1 - value) / value;
        const often = `expected ${rounded(odds)} times a month by chance`;
        const text = `${note ?? "its series is unusual"} (${often})`;
        const why = { rule: "unusual", text, value, limit, unit: "ratio" as const };
        const next = { raised: true, calmSinceMs: undefined };
        return [next, { sick: true, kind: "unusual", why, sinceMs: atMs }];
      }
      if (value >= limit / 2) return [{ raised: true, calmSinceMs: undefined }, undefined];
      return calm(state, atMs, note);
    },
    tick(state, nowMs) {
      if (!state.raised || state.calmSinceMs === undefined) return [state, undefined];
      return calm(state, nowMs, undefined);
    },
  };

  function calm(
    state: State,
    atMs: number,
    note: string | undefined,
  ): ReturnType<Detector<State>["observe"]> {
    const since = state.calmSinceMs ?? atMs;
    if (atMs - since < calmMs && state.calmSinceMs !== undefined) return [state, undefined];
    if (atMs - since < calmMs) return [{ raised: true, calmSinceMs: since }, undefined];
    return [initial, { sick: false, text: note ?? "as usual again" }];
  }
}

function rounded(odds: number): string {
  if (odds >= 0.1) return odds.toFixed(1);
  return odds >= 0.001 ? odds.toFixed(3) : "less than 0.001";
}
