// Series of services that are well, of many kinds, and what can befall them: all from a seed.
import type { Random } from "../../src/kernel/random.ts";

export const minuteMs = 60_000;
const day = 1_440;
const week = 7 * day;
/** A Monday, midnight. */
export const beginMs: number = Date.UTC(2026, 0, 5);

/** The next value of a series; `i` counts minutes. The noise around what is usual has a deviation of 1. */
export interface Series {
  usual(i: number): number;
  noise(i: number): number;
}

export function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function autoregressive(random: Random, memory: number): () => number {
  let x = gauss(random);
  const step = Math.sqrt(1 - memory * memory);
  return () => {
    x = memory * x + step * gauss(random);
    return x;
  };
}

/** Student's t with 3 degrees of freedom, of deviation 1. */
function heavy(random: Random): number {
  const chi = gauss(random) ** 2 + gauss(random) ** 2 + gauss(random) ** 2;
  return gauss(random) / Math.sqrt(chi);
}

function laplace(random: Random): number {
  const u = random() - 0.5;
  return (-Math.sign(u) * Math.log(1 - 2 * Math.abs(u))) / Math.SQRT2;
}

function poisson(random: Random, mean: number): number {
  let [count, left] = [0, Math.exp(-mean)];
  for (let p = random(); p > left; p *= random()) count++;
  return count;
}

const wave = (i: number, period: number): number => Math.sin((2 * Math.PI * i) / period);
const ofDay = (i: number): number => 4 * wave(i - day / 4, day) + wave(i, day / 2);
const isWeekend = (i: number): boolean => i % week >= 5 * day;

type Make = (random: Random) => Series;
const level = 20;
const white: Make = (random) => ({ usual: () => level, noise: () => gauss(random) });

/** Around its usual value: what faults are put into. */
export const grounds: Readonly<Record<string, Make>> = {
  "white noise": white,
  "noise with memory (AR 0.6)": (random) => {
    const next = autoregressive(random, 0.6);
    return { usual: () => level, noise: () => next() };
  },
  "days, heavier tails (Laplace)": (random) => ({
    usual: (i) => level + ofDay(i),
    noise: () => laplace(random),
  }),
  "days and weekends": (random) => ({
    usual: (i) => level + (isWeekend(i) ? 0.4 : 1) * ofDay(i),
    noise: () => gauss(random),
  }),
};

/** Lasts as long as `minutes` says each time it comes, about so many times a day. */
function visits(random: Random, perDay: number, minutes: number, size: () => number) {
  let [left, now] = [0, 0];
  return (): number => {
    if (left > 0) left--;
    else if (random() < perDay / day) [left, now] = [Math.ceil(minutes * (0.5 + random())), size()];
    return left > 0 ? now : 0;
  };
}

/** Weeks in which nothing is wrong. */
export const healthy: Readonly<Record<string, Make>> = {
  ...grounds,
  "heavy tails (Student t 3)": (random) => ({ usual: () => level, noise: () => heavy(random) }),
  "skewed latency (log-normal)": (random) => ({
    usual: () => 0,
    noise: () => level * Math.exp(0.4 * gauss(random)),
  }),
  "long memory (AR 0.98)": (random) => {
    const next = autoregressive(random, 0.98);
    return { usual: () => level, noise: () => next() };
  },
  "counts (Poisson 20)": (random) => ({ usual: () => 0, noise: () => poisson(random, 20) }),
  "rare counts (one in 30 minutes)": (random) => ({
    usual: () => 0,
    noise: () => poisson(random, 1 / 30),
  }),
  "traffic steps twice a day": (random) => {
    const step = visits(random, 2, 60, () => 0.3 + 0.4 * random());
    return { usual: (i) => (level + ofDay(i)) * (1 + step()), noise: () => gauss(random) };
  },
  "deploys: a slow minute, a new level": (random) => {
    let base = 0;
    const blip = visits(random, 2, 3, () => {
      base = gauss(random);
      return 4 + 4 * random();
    });
    return { usual: () => level + blip() + base, noise: () => gauss(random) };
  },
  "memory with collections": (random) => {
    let used = 0;
    return {
      usual: () => level,
      noise: () => {
        used = used > 8 + random() ? random() : used + 0.2 * random();
        return used;
      },
    };
  },
  "a job each night": (random) => ({
    usual: (i) => level + (i % day > 120 && i % day < 150 ? 12 : 0),
    noise: () => gauss(random),
  }),
  "bursts (quiet and busy by turns)": (random) => {
    const busy = visits(random, 12, 30, () => 2);
    return { usual: () => level, noise: () => gauss(random) * (1 + busy()) };
  },
  "random peaks, three a day": (random) => {
    const peak = visits(random, 3, 2, () => 5 + 10 * random());
    return { usual: () => level + peak(), noise: () => gauss(random) };
  },
  constant: () => ({ usual: () => level, noise: () => 0 }),
};

/** What a fault makes of a point `since` minutes after it began. */
export interface Shape {
  readonly name: string;
  /** How long it lasts. */
  readonly minutes: number;
  readonly value: (usual: number, noise: number, since: number, size: number, held: Held) => number;
}

/** What the series was when the fault began. */
export interface Held {
  readonly value: number;
  readonly random: Random;
}

const shape = (name: string, minutes: number, value: Shape["value"]): Shape => ({
  name,
  minutes,
  value,
});

export const shapes: readonly Shape[] = [
  shape("spike, 5 points", 5, (u, n, _, k) => u + n + k),
  shape("dip, 5 points", 5, (u, n, _, k) => u + n - k),
  shape("level up", 180, (u, n, _, k) => u + n + k),
  shape("level down", 180, (u, n, _, k) => u + n - k),
  shape("ramp, half an hour", 180, (u, n, t, k) => u + n + k * Math.min(1, t / 30)),
  shape("slow drift, 12 hours", 960, (u, n, t, k) => u + n + k * Math.min(1, t / 720)),
  shape("noisier", 120, (u, n, _, k, { random }) => u + n + k * gauss(random)),
  shape("quieter", 180, (u, n, _, k) => u + n / (1 + k)),
  shape("stuck at a value", 180, (_u, _n, _t, _k, { value }) => value),
  shape("oscillation, 20 minutes", 120, (u, n, t, k) => u + n + k * wave(t, 20)),
  shape("one point in ten", 180, (u, n, t, k) => u + n + (t % 10 === 5 ? k : 0)),
  shape("half hour lost, half hour doubled", 180, (u, n, t, k) => u + n + (t % 60 < 30 ? -k : k)),
];
