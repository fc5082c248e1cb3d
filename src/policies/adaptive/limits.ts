// The algorithms that find a limit of concurrent calls: gradient, Vegas and AIMD, without clock or calls.
import type { Random } from "../../kernel/random.ts";
import { Baseline } from "./baseline.ts";
import { type Sample, toleratedDrops } from "./sample.ts";

export interface LimitBounds {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

export interface LimitAlgorithm {
  /** What was learnt so far; a fraction is kept for the next time. */
  readonly limit: number;
  /** The limit that holds until the next sample; lower than `limit` for a moment while probing. */
  update(sample: Sample): number;
  /** What `update` gave is an experiment. */
  readonly probing?: boolean;
  /** Milliseconds that a call takes with no queue before it, as far as is known. */
  readonly baselineMs?: number | undefined;
  /** Goes on from what another has learnt: new settings, same target. */
  takeOver?(old: LimitAlgorithm): void;
}

/** Makes an algorithm for these bounds; the strategy holds to them whatever it answers. */
export type LimitAlgorithmFactory = (bounds: LimitBounds, random: Random) => LimitAlgorithm;

/** The next limit from this one, the time without a queue and the time calls take now. */
type DelayRule = (limit: number, baselineMs: number, rttMs: number) => number;

/** Queueing that is no reason to lower the limit: calls may take half as long again. */
const tolerance = 1.5;
const growth = 0.5;
const decline = 0.2;

/**
 * limit' = limit × g + √limit, with g = 1.5 × baseline ÷ rtt between 0.5 and 1; half the way there
 * upward, a fifth downward. Source: Gradient2Limit of Netflix concurrency-limits (Apache-2.0), and
 * √limit as the queue to allow for from "Performance Under Load" (Netflix, 2018). It differs in the
 * baseline, which is probed for instead of a long mean, and in growing faster than it declines.
 */
function gradientRule(limit: number, baselineMs: number, rttMs: number): number {
  const slope = Math.max(0.5, Math.min(1, (tolerance * baselineMs) / rttMs));
  const change = limit * slope + Math.sqrt(limit) - limit;
  return limit + change * (change > 0 ? growth : decline);
}

/**
 * The calls that wait at the target are limit × (1 − baseline ÷ rtt). In units of log10(limit), at
 * least 1: with one at most the limit grows by six, with less than three by one, with more than six
 * it declines by one. Source: VegasLimit of Netflix concurrency-limits (Apache-2.0), after TCP Vegas
 * (Brakmo and Peterson, 1995). It differs in the baseline, a mean that is probed for, no minimum.
 */
function vegasRule(limit: number, baselineMs: number, rttMs: number): number {
  const unit = Math.max(1, Math.log10(limit));
  const queue = limit * (1 - baselineMs / rttMs);
  if (queue <= unit) return limit + 6 * unit;
  if (queue < 3 * unit) return limit + unit;
  return queue > 6 * unit ? limit - unit : limit;
}

/** Learns from the time that calls take; drops take their own share off the limit, at most half. */
class DelayBased implements LimitAlgorithm {
  limit: number;
  readonly #bounds: LimitBounds;
  readonly #rule: DelayRule;
  #baseline: Baseline;

  constructor(bounds: LimitBounds, random: Random, rule: DelayRule) {
    this.limit = bounds.initial;
    this.#bounds = bounds;
    this.#rule = rule;
    this.#baseline = new Baseline(random);
  }

  get baselineMs(): number | undefined {
    return this.#baseline.ms;
  }

  get probing(): boolean {
    return this.#baseline.probing;
  }

  update(sample: Sample): number {
    const { min } = this.#bounds;
    const wasProbing = this.probing;
    const most = this.#baseline.learn(sample, this.limit, min);
    const { probing } = this;
    let next = probing ? this.limit : Math.min(this.limit, most);
    if (sample.dropped > toleratedDrops) next *= Math.max(0.5, 1 - sample.dropped);
    else if (!probing && !wasProbing) next = this.#ruled(sample, next);
    this.limit = within(next, this.#bounds);
    return probing ? most : this.limit;
  }

  takeOver(old: LimitAlgorithm): void {
    this.limit = within(old.limit, this.#bounds);
    if (old instanceof DelayBased) this.#baseline = old.#baseline;
  }

  #ruled(sample: Sample, limit: number): number {
    const { rttMs } = sample;
    const { ms } = this.#baseline;
    if (rttMs === undefined || ms === undefined || isUnused(sample, limit)) return limit;
    return this.#rule(limit, ms, rttMs);
  }
}

/**
 * One more with each sample, a tenth less when more than 5 % of the calls were dropped. Blind to
 * delay: without a timeout further in, or refusals by the target, it only grows. Source: AIMDLimit
 * of Netflix concurrency-limits (Apache-2.0), after TCP's congestion avoidance (Jacobson, 1988).
 */
class Aimd implements LimitAlgorithm {
  limit: number;
  readonly #bounds: LimitBounds;

  constructor(bounds: LimitBounds) {
    this.limit = bounds.initial;
    this.#bounds = bounds;
  }

  update(sample: Sample): number {
    const { limit } = this;
    if (sample.dropped > toleratedDrops) this.limit = within(limit * 0.9, this.#bounds);
    else if (!isUnused(sample, limit)) this.limit = within(limit + 1, this.#bounds);
    return this.limit;
  }

  takeOver(old: LimitAlgorithm): void {
    this.limit = within(old.limit, this.#bounds);
  }
}

/** More of it would be granted without anybody having tried what is there. */
function isUnused({ inFlight }: Sample, limit: number): boolean {
  return inFlight < limit / 2;
}

function within(limit: number, { min, max }: LimitBounds): number {
  return Math.min(max, Math.max(min, limit));
}

/** By name, as `algorithm` of the options takes them. */
export const algorithms: Readonly<Record<"gradient" | "vegas" | "aimd", LimitAlgorithmFactory>> = {
  gradient: (bounds, random) => new DelayBased(bounds, random, gradientRule),
  vegas: (bounds, random) => new DelayBased(bounds, random, vegasRule),
  aimd: (bounds) => new Aimd(bounds),
};
