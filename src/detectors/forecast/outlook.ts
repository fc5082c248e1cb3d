// When a series reaches its limit, as far as its envelope tells: a time with its band, or why not.
import {
  type Block,
  type Envelope,
  latestHigh,
  spanPieces,
  spansOf,
  windowsOf,
} from "./envelope.ts";
import { isRising, trendOf } from "./trend.ts";

/** All times are counted in pieces from now. */
export type Outlook =
  | {
      readonly kind: "full";
      readonly eta: number;
      readonly low: number;
      /** Infinite when it may as well never be. */
      readonly high: number;
      /** It is within the horizon, and sure enough to be told. */
      readonly near: boolean;
    }
  | { readonly kind: "cannot-tell"; readonly why: string };

/** Mann and Kendall's z of a rise. */
const zLeast = 2;
/** The horizon that alarms are for, in pieces: four spans. */
export const horizonPieces: number = 4 * spanPieces;
/** Even its slowest likely slope must reach the limit within so many horizons. */
const slowest = 2;
/** Over this share of the limit one window is enough; below it two must agree. */
const nearlyFull = 0.85;
/** Over this share a rise that takes less than a span to the limit is told at once. */
const quickAbove = 0.65;
/** A series that has been seen for less than six horizons must be so much nearer. */
const strangerShare = 0.5;
const knownSpans = 24;
/** It has come back from a level when it fell by so much of the limit after it. */
const fall = 0.03;
/** So much of what its slope makes of it must have come on top of each level it came back from. */
const explained = 0.35;

/** A rise that dies out may go on so much longer than it looks. */
const settles = 1.5;

/** What one window says. */
interface Rise {
  readonly eta: number;
  readonly soonest: number;
  readonly latest: number;
  /** Per piece: as it is, and the ends of its interval. */
  readonly slope: number;
  readonly slow: number;
  readonly quick: number;
}

type Found = Rise | undefined;
type Windows = ReturnType<typeof windowsOf>;

/**
 * `limit` is any number that values rise to. `nearOnly`: whoever only wants to know whether it is
 * near is spared the rest, which nearly all that is well never needs.
 */
export function outlookOf(block: Block, limit: number, nearOnly = false): Outlook {
  const spans = spansOf(block);
  const scale = Math.max(Math.abs(limit), 1e-9);
  const level = latestHigh(block);
  if (nearOnly && level < backFrom(spans, scale, 0, 0)) return beenHere;
  const windows = windowsOf(block);
  if (reach(windows[0]) < spanPieces) return unknown("it has not been seen for long enough");
  const rises = risesOf(windows, limit);
  const known = rises.filter((it) => it !== undefined);
  if (known.length === 0) return unknown("it does not rise steadily");
  const share = 1 - (limit - level) / scale;
  const { close, quick, near } = nearest(known, isStranger(spans), share);
  const meant = close.length > 0 ? close : known;
  const slope = Math.min(...meant.map((it) => it.slope));
  const since = close.length > 0 ? 2 * spanPieces : spanPieces;
  const isNew = level >= backFrom(spans, scale, slope, since);
  if (nearOnly && !isNew) return beenHere;
  const isOpen = isNew && !(near && isSettling(windows[1], level, limit));
  const { eta, soonest, latest } = agreed(near && close.length === 0 ? quick : meant);
  return { kind: "full", eta, low: soonest, high: latest, near: near && isOpen };
}

interface Nearest {
  /** What reaches the limit within the horizon, and what does within a span. */
  readonly close: readonly Rise[];
  readonly quick: readonly Rise[];
  readonly near: boolean;
}

function nearest(known: readonly Rise[], stranger: boolean, share: number): Nearest {
  const horizon = (stranger ? strangerShare : 1) * horizonPieces;
  const close = known.filter((it) => it.eta <= horizon && it.latest <= slowest * horizon);
  const quick = known.filter((it) => it.eta < spanPieces && it.latest < 2 * spanPieces);
  const sure = close.length >= 2 || (close.length === 1 && share >= nearlyFull);
  return { close, quick, near: sure || (quick.length > 0 && share > quickAbove) };
}

function isStranger({ highs }: Envelope): boolean {
  return highs.filter((it) => !Number.isNaN(it)).length < knownSpans;
}

const beenHere: Outlook = unknown("it has come back from here by itself before");

function unknown(why: string): Outlook {
  return { kind: "cannot-tell", why };
}

/** Pieces from its first reading on: two windows over the same hour are no two witnesses. */
function reach({ highs, pieces }: Envelope): number {
  const first = highs.findIndex((it) => !Number.isNaN(it));
  return first < 0 ? 0 : (highs.length - first) * pieces;
}

/** The day's rise is over when the last hours lie flat: then it says nothing of what comes. */
function risesOf([short, middle, whole]: Windows, limit: number): readonly Found[] {
  const first = riseOf(short, limit);
  const second = reach(middle) < 2 * reach(short) ? undefined : riseOf(middle, limit);
  const third = reach(whole) < 2 * reach(middle) ? undefined : riseOf(whole, limit);
  if (second || !third) return [first, second, third];
  const latest = trendOf(middle.highs);
  const goesOn = latest === undefined || latest.high / middle.pieces >= explained * third.slope;
  return [first, second, goesOn ? third : undefined];
}

/** What rises must do so at its lowest and at its highest. */
function riseOf({ lows, highs, pieces }: Envelope, limit: number): Found {
  if (!isRising(lows, zLeast) || !isRising(highs, zLeast)) return undefined;
  const [trough, peak] = [trendOf(lows), trendOf(highs)];
  if (!trough || !peak || trough.z < zLeast || peak.z < zLeast) return undefined;
  const slope = (trough.slope + peak.slope) / 2 / pieces;
  const slow = Math.min(trough.low, peak.low) / pieces;
  const quick = Math.max(trough.high, peak.high) / pieces;
  const left = Math.max(0, limit - peak.level);
  const after = (of: number): number => (of <= 0 ? Number.POSITIVE_INFINITY : left / of);
  if (slope <= 0) return undefined;
  return { eta: after(slope), soonest: after(quick), latest: after(slow), slope, slow, quick };
}

/** The longest window that no shorter one speaks against (Lepski's rule). */
function agreed(rises: readonly Rise[]): Pick<Rise, "eta" | "soonest" | "latest"> {
  let told = { eta: Number.POSITIVE_INFINITY, soonest: 0, latest: Number.POSITIVE_INFINITY };
  let [slow, quick] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const rise of rises) {
    slow = Math.max(slow, rise.slow);
    quick = Math.min(quick, rise.quick);
    if (slow > quick) break;
    told = rise;
  }
  return told;
}

/** A cache that fills: each half of the last hours rises less than the one before, and will have died out. */
function isSettling({ highs }: Envelope, level: number, limit: number): boolean {
  const seen = highs.slice(highs.findIndex((it) => !Number.isNaN(it)));
  const half = Math.floor(seen.length / 2);
  const [early, late] = [trendOf(seen.slice(0, half)), trendOf(seen.slice(-half))];
  if (!early || !late || late.slope <= 0 || late.slope >= early.slope) return false;
  // As an exponential approach: its slope falls by this ratio from the middle of one half to the other's.
  const ratio = early.slope / late.slope;
  const lasts = half / Math.log(ratio);
  // The slope of a half is that of its middle: it has fallen on since.
  return level + settles * (late.slope / Math.sqrt(ratio)) * lasts < limit;
}

/**
 * The highest level that it has come back from by itself, each raised by what `slope` makes of it
 * in the time since, up to `most`: a tooth as high as the last is no leak.
 */
function backFrom(spans: Envelope, scale: number, slope: number, most: number): number {
  const { lows, highs, pieces } = spans;
  let [record, after] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = highs.length - 1; i >= 0; i--) {
    const high = highs[i] ?? Number.NaN;
    if (Number.isNaN(high)) continue;
    const age = Math.min(most, (highs.length - 1 - i) * pieces);
    if (after < high - fall * scale) record = Math.max(record, high + explained * slope * age);
    after = Math.min(after, lows[i] ?? after);
  }
  return record;
}
