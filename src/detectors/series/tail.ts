// From "how far out" to "how many false alarms a month that would be": each series against its own past.
import type { Slots } from "./slots.ts";

const monthMs = 30 * 86_400_000;
const weeksShare = 30 / 7;
/** An event: so many points, and so much time, at least. */
const eventPoints = 120;
const eventMs = 3_600_000;
/** The greatest of an event is kept in so many parts, so that it can be forgotten by parts. */
const parts = 4;
/** Less than this is nothing. */
const least = 1e-6;

/** What events are like before a series has told: their mean size, in widths of a range, as of so many seen. */
const usualSize = 0.05;
const usualCount = 3;
/** Smaller events than these, on the mean, say more about the grain of the numbers than about their tail. */
const leastSize = 0.03;
/** So many a month, as if that had been seen for three days. */
const usualPerMonth = 20;
const usualMonths = 0.1;
/** The mean is that of about the last so many, of each at most so many times the mean. */
const sizesKept = 60;
const mostOfMean = 4;
const mostOfSquare = 16;
/** Counts and time behind are halved when so much is behind. */
const mostMonths = 3;
/**
 * The shape of the tail, of a generalised Pareto distribution: 0 is exponential, more is heavier. A
 * series' own, by its moments, counts as much as it has events; the usual one as of 20.
 */
const usualShape = 0.3;
const shapeCount = 20;
const [leastShape, mostShape] = [0.05, 0.5];
/** Until a week has been seen whole, its weekend may be news: so many times more is expected at first. */
const unseenWeek = 3;

export interface Tail {
  begin(state: Float64Array): void;
  /**
   * @param raw 0 is nothing; comparable over time in one series, in whatever unit.
   * @param learning while true, outputs say nothing yet.
   * @returns what is news: 1 / (1 + expected false alarms a month), and again for an event only
   * when it has become ten times as rare; else 0.
   */
  step(state: Float64Array, dtMs: number, raw: number, learning: boolean): number;
  /** On the same scale, how unusual the last output is, news or not. */
  standing(state: Float64Array): number;
}

/**
 * 13 numbers: the greatest outputs of the event that goes on, and what events were like.
 * @param unit how large outputs are beside margins.
 */
export function createTail(slots: Slots, unit = 1): Tail {
  const at = slots.take(parts + 9);
  const [points, time, part, last] = [at + parts, at + parts + 1, at + parts + 2, at + parts + 3];
  const [size, square, count, events, months] = [last + 1, last + 2, last + 3, last + 4, last + 5];
  const expected = (state: Float64Array, raw: number): number =>
    expectedAt(state, size, raw, unit * leastSize);
  return {
    begin(state) {
      state.fill(0, at, months + 1);
      const usual = unit * usualSize;
      state[size] = usual;
      // Of a distribution with the usual shape.
      state[square] = 3.5 * usual * usual;
      state[count] = usualCount;
    },
    step(state, dtMs, raw, learning) {
      state[last] = learning ? 0 : raw;
      const before = pass(state, dtMs, raw, learning);
      if (learning || raw <= before || raw < least) return 0;
      const now = expected(state, raw);
      if (decade(now) <= (before > 0 ? decade(expected(state, before)) : -2)) return 0;
      return decade(now) < -1 ? 0 : 1 / (1 + now);
    },
    standing(state) {
      const raw = state[last] ?? 0;
      return raw < least ? 0 : 1 / (1 + expected(state, raw));
    },
  };

  /** The greatest output of the event so far, and takes in another. */
  function pass(state: Float64Array, dtMs: number, raw: number, learning: boolean): number {
    let greatest = 0;
    for (let i = at; i < at + parts; i++) greatest = Math.max(greatest, state[i] ?? 0);
    if (!learning) state[months] = (state[months] ?? 0) + dtMs / monthMs;
    const n = (state[points] ?? 0) + 1;
    const ms = (state[time] ?? 0) + dtMs;
    const full = n > eventPoints / parts && ms > eventMs / parts;
    state[points] = full ? 1 : n;
    state[time] = full ? 0 : ms;
    let current = state[part] ?? 0;
    if (full) {
      current = (current + 1) % parts;
      state[part] = current;
      state[at + current] = 0;
      // What went on teaches at its end, and once.
      if (current === 0 && !learning) learn(state, greatest);
    }
    state[at + current] = Math.max(raw, state[at + current] ?? 0);
    return greatest;
  }

  function learn(state: Float64Array, raw: number): void {
    if (raw >= least) {
      const mean = state[size] ?? 0;
      const squares = state[square] ?? 0;
      const n = Math.min((state[count] ?? 0) + 1, sizesKept);
      state[count] = n;
      state[size] = mean + (Math.min(raw, mostOfMean * mean) - mean) / n;
      state[square] = squares + (Math.min(raw, mostOfSquare * mean) ** 2 - squares) / n;
      state[events] = (state[events] ?? 0) + 1;
    }
    if ((state[months] ?? 0) < mostMonths) return;
    state[events] = (state[events] ?? 0) / 2;
    state[months] = (state[months] ?? 0) / 2;
  }
}

/** False alarms in a month at this size and above; `at` is where the mean size is. */
function expectedAt(state: Float64Array, at: number, raw: number, leastMean: number): number {
  const seen = state[at + 4] ?? 0;
  const perMonth = ((state[at + 3] ?? 0) + usualPerMonth * usualMonths) / (seen + usualMonths);
  const untold = 1 + unseenWeek * Math.max(0, 1 - seen * weeksShare);
  const mean = state[at] ?? 0;
  const spread = Math.max((state[at + 1] ?? 0) - mean * mean, 1e-12);
  const own = Math.min(mostShape, Math.max(leastShape, 0.5 - (0.5 * mean * mean) / spread));
  const n = (state[at + 2] ?? usualCount) - usualCount;
  const shape = (usualShape * shapeCount + own * n) / (shapeCount + n);
  return (
    untold *
    perMonth *
    (1 + (shape * raw) / (Math.max(mean, leastMean) * (1 - shape))) ** (-1 / shape)
  );
}

/** -1 for one to ten alarms a month, 0 from one a month on, 1 from one in ten months on. */
function decade(expected: number): number {
  return Math.floor(1e-9 - Math.log10(expected));
}
