// Raises a symptom when a metric changes faster than it should, up or down.
import type { SymptomKind } from "../model/symptom.ts";
import type { Detector } from "./detector.ts";

export interface RateOptions {
  readonly kind: SymptomKind;
  /** Units a second; more than this, in the direction, is a symptom. */
  readonly perSecond: number;
  /** The change is taken over this time, or up to twice as long. */
  readonly overMs: number;
  /** Default: "either". */
  readonly direction?: "up" | "down" | "either";
  /** The symptom clears below `perSecond × clearAt` (default 0.5). */
  readonly clearAt?: number;
  /** How the metric is called in sentences. */
  readonly label: string;
}

interface Point {
  readonly atMs: number;
  readonly value: number;
}

interface State {
  /** Where the change is counted from, and where it will be next. */
  readonly from: Point | undefined;
  readonly next: Point | undefined;
  readonly raised: boolean;
}

export function rate(options: RateOptions): Detector<State> {
  const { kind, perSecond, overMs, direction = "either", clearAt = 0.5, label } = options;
  const initial: State = { from: undefined, next: undefined, raised: false };
  const sized = (change: number): number =>
    direction === "up" ? change : direction === "down" ? -change : Math.abs(change);
  return {
    name: "rate",
    initial,
    raised: { ...initial, raised: true },
    observe(state, { value, atMs, unit }) {
      if (!Number.isFinite(value)) return [state, undefined];
      const { from, next } = state;
      if (!from || atMs < from.atMs) {
        return [{ ...state, from: { atMs, value }, next: undefined }, undefined];
      }
      const tookMs = atMs - from.atMs;
      const moved = moveOn(state, { atMs, value });
      if (tookMs < overMs) return [moved, undefined];
      const change = ((value - from.value) * 1_000) / tookMs;
      const size = sized(change);
      const figures = `${show(change)} a second over ${(tookMs / 1_000).toFixed(0)} s`;
      if (state.raised) {
        if (size > perSecond * clearAt) return [moved, undefined];
        return [
          { ...moved, raised: false },
          { sick: false, text: `${label} changes by ${figures}` },
        ];
      }
      if (size <= perSecond) return [moved, undefined];
      const text = `${label} changes by ${figures}, over ${show(perSecond)}`;
      const why = { rule: "rate", text, value: finite(change), limit: perSecond, unit };
      return [
        { ...moved, raised: true },
        { sick: true, kind, why, sinceMs: (next ?? from).atMs },
      ];
    },
  };

  /** Half a window behind, the next beginning is taken: the change is that of one window to two. */
  function moveOn(state: State, point: Point): State {
    const { from, next } = state;
    if (!from) return state;
    if (point.atMs - from.atMs >= 2 * overMs) return { ...state, from: next ?? point, next: point };
    if (!next && point.atMs - from.atMs >= overMs) return { ...state, next: point };
    return state;
  }
}

function finite(change: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, change));
}

function show(perSecond: number): string {
  const size = Math.abs(finite(perSecond));
  const digits = size >= 100 ? 0 : size >= 1 ? 1 : 3;
  return size >= 1e15 ? finite(perSecond).toExponential(1) : finite(perSecond).toFixed(digits);
}
