// Raises a symptom when a metric will reach its limit soon, and clears it when that has passed.
import type { Reading } from "../../model/reading.ts";
import type { SymptomKind } from "../../model/symptom.ts";
import type { Detector, Finding } from "../detector.ts";
import { addPiece, type Block, emptyBlock, spanPieces } from "./envelope.ts";
import { horizonPieces, type Outlook, outlookOf } from "./outlook.ts";
import { amount, inTime, type Span } from "./words.ts";

export interface ForecastOptions {
  /** What it is full of, in sentences: "memory"; of a labelled metric by its name. */
  readonly label: string | ((metric: string) => string);
  /** A number in the unit of the metric, or the metric of the same target that has it. */
  readonly limit: number | { readonly metric: string };
  /** How far ahead it is told. Everything else is a multiple of it; 4 h look back on 5 days. */
  readonly horizonMs: number;
  /** What is left falls to its limit, such as free bytes of a disk. */
  readonly falls?: boolean;
  /** Default "exhausting". */
  readonly kind?: SymptomKind;
}

/** Under 4 KiB; the numbers are copied at the end of a piece of time only, 48 of which are a horizon. */
export interface ForecastState {
  /** What came so far in the piece that is not over. */
  readonly piece: number;
  /** When its pieces begin, as a share of one: not all series of a daemon shall end theirs in one tick. */
  readonly phase: number;
  readonly low: number;
  readonly high: number;
  /** Of ended pieces; empty before the first. */
  readonly block: Block;
  /** As the other metric had it last. */
  readonly limit?: number;
  /** The piece of the last alarm and its level; while the symptom stands. */
  readonly alarm?: { readonly piece: number; readonly level?: number };
}

/** When it is full, milliseconds from now; or why nobody can tell. */
export type Forecast =
  | ({ readonly kind: "full" } & Span)
  | Extract<Outlook, { kind: "cannot-tell" }>;

/** Greater ones are no measure of anything, and their squares no numbers. */
const mostValue = 1e150;
const before: ForecastState = { piece: -1, phase: 0, low: 0, high: 0, block: [] };
/** A symptom that a daemon found standing ends below this share of the limit. */
const farShare = 0.7;
/** It has come back when it lies by so much of the limit under where it was told. */
const fallen = 0.1;

/**
 * Takes the lowest and the highest of each piece of time, and looks for a steady rise of both over
 * one, four and twenty-four spans (Theil and Sen, Mann and Kendall). Readings out of order are left
 * out. Each reading takes O(1), and the end of a piece 0.05 ms, or at most
 * 0.5 ms where something rises.
 */
export function forecast(options: ForecastOptions): Detector<ForecastState> {
  const { limit, horizonMs } = options;
  const pieceMs = horizonMs / horizonPieces;
  const sign = options.falls ? -1 : 1;
  return {
    name: "forecast",
    initial: before,
    raised: { ...before, alarm: { piece: -1 } },
    observe(state, reading) {
      const { metric, value, atMs } = reading;
      if (!Number.isFinite(value) || Math.abs(value) > mostValue) return [state, undefined];
      if (typeof limit !== "number" && metric === limit.metric) {
        return [value === state.limit ? state : { ...state, limit: value }, undefined];
      }
      const phase = state.piece < 0 ? phaseOf(reading) : state.phase;
      const piece = Math.floor(atMs / pieceMs + phase);
      const level = sign * value;
      if (piece < state.piece) return [state, undefined];
      if (piece === state.piece) {
        if (level >= state.low && level <= state.high) return [state, undefined];
        const low = Math.min(state.low, level);
        return [{ ...state, low, high: Math.max(state.high, level) }, undefined];
      }
      const ended = state.piece < 0 ? state : endPiece(state);
      const next = { ...ended, piece, phase, low: level, high: level };
      const end = typeof limit === "number" ? limit : state.limit;
      if (end === undefined || state.piece < 0) return [next, undefined];
      return judge(options, next, state, { reading, end, pieceMs });
    },
  };
}

/** From 0 to 1, by the name of its target. */
function phaseOf({ target }: Reading): number {
  let sum = 0;
  for (const letter of target) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return sum / 997;
}

function endPiece({ block, ...state }: ForecastState): ForecastState {
  const copy = block.length === 0 ? emptyBlock() : [...block];
  addPiece(copy, state.piece, state.low, state.high);
  return { ...state, block: copy };
}

/** What a state tells of the end, `end` in the unit of the metric. */
export function forecastOf(
  { block }: ForecastState,
  { horizonMs, falls }: ForecastOptions,
  end: number,
): Forecast {
  const pieceMs = horizonMs / horizonPieces;
  const found = outlookOf(block, falls ? -end : end);
  return found.kind === "full" ? { kind: "full", ...spanOf(found, pieceMs) } : found;
}

function spanOf({ eta, low, high }: Extract<Outlook, { kind: "full" }>, pieceMs: number): Span {
  return { etaMs: eta * pieceMs, lowMs: low * pieceMs, highMs: high * pieceMs };
}

interface Now {
  readonly reading: Reading;
  readonly end: number;
  readonly pieceMs: number;
}

/** `was` is the state with the piece that has just ended. */
function judge(
  options: ForecastOptions,
  next: ForecastState,
  was: ForecastState,
  now: Now,
): readonly [ForecastState, Finding] {
  const sign = options.falls ? -1 : 1;
  const outlook = outlookOf(next.block, sign * now.end, true);
  const { alarm, ...rest } = next;
  if (outlook.kind === "full" && outlook.near) {
    const raised = { ...rest, alarm: { piece: was.piece, level: alarm?.level ?? was.high } };
    return [raised, alarm ? undefined : told(options, outlook, now)];
  }
  if (!alarm) return [next, undefined];
  const scale = Math.abs(now.end);
  const bound =
    alarm.level === undefined
      ? sign * now.end - (1 - farShare) * scale
      : alarm.level - fallen * scale;
  const { reading } = now;
  const label = labelOf(options, reading);
  if (was.high < bound) {
    return [
      rest,
      { sick: false, text: `${label} is back at ${amount(reading.value, reading.unit)}` },
    ];
  }
  // A daemon that found it standing looks for as long as everyone before it says that it has passed.
  if (alarm.piece < 0) return [{ ...rest, alarm: { ...alarm, piece: was.piece } }, undefined];
  if (was.piece - alarm.piece < spanPieces) return [next, undefined];
  return [rest, { sick: false, text: `${label} no longer rises to its limit` }];
}

function labelOf({ label }: ForecastOptions, { metric }: Reading): string {
  return typeof label === "string" ? label : label(metric);
}

function told(
  options: ForecastOptions,
  outlook: Extract<Outlook, { kind: "full" }>,
  { reading, end, pieceMs }: Now,
): Finding {
  const { falls, horizonMs, kind = "exhausting" } = options;
  const { unit, atMs } = reading;
  const label = labelOf(options, reading);
  const [value, limit] = [amount(reading.value, unit), amount(end, unit)];
  const span = spanOf(outlook, pieceMs);
  const how = falls ? `${label} ${value}, down to ${limit}` : `${label} ${value} of ${limit}, full`;
  const why = {
    rule: "forecast",
    text: `${how} ${inTime(span)}`,
    value: span.etaMs,
    limit: horizonMs,
    unit: "ms" as const,
  };
  return { sick: true, kind, why, sinceMs: atMs };
}
