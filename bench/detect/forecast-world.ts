// Series of what is used of a limit, as a share of it: some run out, others only look like it; from a seed.
import { seeded } from "../../src/testing/seeded.ts";
import { gauss } from "./world.ts";

type Random = () => number;

/** One value a minute; `at` counts minutes. */
type Shape = (random: Random) => (at: number) => number;

export interface Fill {
  readonly name: string;
  readonly values: Float64Array;
  /** The first minute at or over the limit; undefined for what is well. */
  readonly fullAt: number | undefined;
}

export const day = 1_440;
const days = 5;
const minutes = days * day;

const between = (random: Random, low: number, high: number): number =>
  low + (high - low) * random();

/** Whole days, the lowest in the early morning. */
const wave = (at: number, phase: number): number => -Math.cos((2 * Math.PI * (at - phase)) / day);

/** From 0 to 1 and at once back, each tooth of a length of its own. */
function teeth(random: Random, low: number, high: number): (at: number) => number {
  let [from, length] = [-between(random, 0, low), between(random, low, high)];
  const usual = length;
  return (at) => {
    if (at - from >= length) [from, length] = [at, usual * between(random, 0.85, 1.15)];
    return (at - from) / length;
  };
}

/** Holds from time to time for as long as `every` says. */
function jumps(random: Random, low: number, high: number): (at: number) => boolean {
  let next = between(random, low, high);
  return (at) => {
    if (at < next) return false;
    next = at + between(random, low, high);
    return true;
  };
}

export const exhausting: Readonly<Record<string, Shape>> = {
  linear: (random) => {
    const [base, full] = [between(random, 0.2, 0.4), between(random, 0.5, 4.5) * day];
    return (at) => base + ((1 - base) * at) / full;
  },
  "linear and days": (random) => {
    const [base, full] = [between(random, 0.2, 0.4), between(random, 1.5, 4.5) * day];
    const [height, phase] = [between(random, 0.03, 0.12), between(random, 0, day)];
    return (at) => base + ((1 - base) * at) / full + height * wave(at, phase);
  },
  "under a collector's sawtooth": (random) => {
    const [base, full] = [between(random, 0.15, 0.35), between(random, 0.5, 4.5) * day];
    const [height, tooth] = [between(random, 0.08, 0.3), teeth(random, 8, 60)];
    return (at) => base + ((1 - base - height) * at) / full + height * tooth(at);
  },
  accelerating: (random) => {
    const [base, full] = [between(random, 0.2, 0.4), between(random, 1, 4.5) * day];
    const power = between(random, 1.6, 3);
    return (at) => base + (1 - base) * (at / full) ** power;
  },
  "late onset": (random) => {
    const [base, onset] = [between(random, 0.2, 0.5), between(random, 1, 3.5) * day];
    const takes = between(random, 6, 30) * 60;
    return (at) => base + (1 - base) * Math.max(0, (at - onset) / takes);
  },
  "fast, 90 to 240 minutes": (random) => {
    const [base, onset] = [between(random, 0.2, 0.5), between(random, 0.3, 4) * day];
    const takes = between(random, 90, 240);
    return (at) => base + (1 - base) * Math.max(0, (at - onset) / takes);
  },
  steps: (random) => {
    const [base, full] = [between(random, 0.2, 0.4), between(random, 0.7, 4) * day];
    const jump = jumps(random, 20, 150);
    let [level, owed] = [base, 0];
    return (at) => {
      owed += (1 - base) / full;
      if (jump(at)) [level, owed] = [level + owed, 0];
      return level;
    };
  },
  "disk with a daily rotation": (random) => {
    const [base, full] = [between(random, 0.2, 0.4), between(random, 1.5, 4.5) * day];
    const [height, phase] = [between(random, 0.05, 0.2), between(random, 0, day)];
    return (at) => base + ((1 - base - height) * at) / full + (height * ((at + phase) % day)) / day;
  },
};

export const healthy: Readonly<Record<string, Shape>> = {
  "fast sawtooth": (random) => {
    const [low, high] = [between(random, 0.2, 0.45), between(random, 0.6, 0.95)];
    const tooth = teeth(random, 10, 60);
    return (at) => low + (high - low) * tooth(at);
  },
  "sawtooth of 4 to 9 hours": (random) => {
    const [low, high] = [between(random, 0.2, 0.4), between(random, 0.55, 0.94)];
    const tooth = teeth(random, 240, 540);
    return (at) => low + (high - low) * tooth(at);
  },
  "log rotation": (random) => {
    const [low, high] = [between(random, 0.1, 0.4), between(random, 0.6, 0.9)];
    const phase = between(random, 0, day);
    let [today, of] = [high, 0];
    return (at) => {
      const turn = Math.floor((at + phase) / day);
      if (turn !== of) [of, today] = [turn, high * between(random, 0.93, 1.05)];
      return low + ((today - low) * ((at + phase) % day)) / day;
    };
  },
  "warm-up": (random) => {
    const [low, high] = [between(random, 0.1, 0.3), between(random, 0.6, 0.93)];
    const slow = between(random, 40, 420);
    return (at) => low + (high - low) * (1 - Math.exp(-at / slow));
  },
  days: (random) => {
    const [mid, height] = [between(random, 0.45, 0.6), between(random, 0.1, 0.32)];
    const phase = between(random, 0, day);
    let [today, of] = [height, 0];
    return (at) => {
      const turn = Math.floor((at - phase) / day);
      if (turn !== of) [of, today] = [turn, height * between(random, 0.9, 1.1)];
      return mid + today * wave(at, phase);
    };
  },
  batch: (random) => {
    const [base, height] = [between(random, 0.2, 0.4), between(random, 0.25, 0.55)];
    const [start, takes] = [between(random, 0, day - 300), between(random, 60, 240)];
    return (at) => {
      const since = ((at % day) - start) / takes;
      return base + (since < 0 || since > 1 ? 0 : height * Math.min(1, 1.4 * since));
    };
  },
  step: (random) => {
    let level = between(random, 0.2, 0.35);
    const jump = jumps(random, 1 * day, 3 * day);
    return (at) => {
      if (jump(at)) level = Math.min(0.92, level + between(random, 0.08, 0.25));
      return level;
    };
  },
  "bounded walk": (random) => {
    const [low, high] = [between(random, 0.15, 0.3), between(random, 0.6, 0.93)];
    const stride = between(random, 0.002, 0.008);
    let level = between(random, low, high);
    return () => {
      level += stride * gauss(random);
      if (level > high) level = 2 * high - level;
      if (level < low) level = 2 * low - level;
      return level;
    };
  },
  "growth over 30 to 90 days": (random) => {
    const [base, full] = [between(random, 0.3, 0.7), between(random, 30, 90) * day];
    const [height, phase] = [between(random, 0, 0.06), between(random, 0, day)];
    return (at) => base + ((1 - base) * at) / full + height * wave(at, phase);
  },
};

/** Five days, or until it is full; measured with some noise. */
export function makeFill(name: string, seed: number): Fill {
  const shape = exhausting[name] ?? healthy[name];
  if (!shape) throw new Error(`no shape is called ${name}`);
  const random = seeded(seed * 7_919 + hash(name));
  const noise = between(random, 0.001, 0.008);
  const next = shape(random);
  const values = new Float64Array(minutes);
  const canFill = name in exhausting;
  for (let at = 0; at < minutes; at++) {
    const value = next(at);
    values[at] = Math.min(canFill ? 9 : 0.98, value + noise * gauss(random));
    if (canFill && value >= 1) return { name, values: values.subarray(0, at + 1), fullAt: at };
  }
  return { name, values, fullAt: undefined };
}

function hash(text: string): number {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003;
  return sum;
}
