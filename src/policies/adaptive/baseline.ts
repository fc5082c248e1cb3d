// How long a call takes with no queue before it, found by trying a lower limit now and then.
import type { Random } from "../../kernel/random.ts";
import { boundFrom, type Sample } from "./sample.ts";

/**
 * Samples taken while calls were turned away, from one probe to the next: soon again after the first,
 * which may have met few calls, then twice as many each time; ± a quarter by chance.
 */
const firstBetween = 20;
const samplesBetween = 50;

/** Calls after whose number an old mean counts no more than new ones. */
const mostWeight = 400;

/**
 * With half the limit a call takes half the time where there is a queue (Little's law: as many are
 * served as before), and as long as before where there is none. Nearer to a half than this: a queue.
 */
const stillQueued = 0.65;

/**
 * Times of calls are spread about as much as they are long, so that the mean of n is known to one
 * part in √n. A probe that differs by more than so many times that replaces what was known.
 */
const beyondNoise = 2.5;

/**
 * A mean over the calls of quiet times alone would go stale, one over all calls drifts up under load
 * until every queue looks normal (a known fault of Gradient2 and of Vegas). So while the limit turns
 * calls away, and only then, it is halved for one sample now and then, and on until a call takes no
 * less time for it: that time is the baseline. Like the probes for the smallest round trip of the
 * first Netflix gradient and of Envoy's adaptive concurrency filter, but paid for in overload only.
 */
export class Baseline {
  /** Undefined before the first sample. */
  ms: number | undefined = undefined;
  #weight = 0;
  /** Samples since the last probe in which the limit held calls. */
  #bound = 0;
  #due = 2;
  #every = firstBetween / 2;
  /** The limit that is being tried; 0 for none. */
  #probe = 0;
  #beforeMs = 0;
  /** The highest limit since the last probe: at half of it the baseline is in doubt. */
  #highest = 0;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get probing(): boolean {
    return this.#probe > 0;
  }

  /** A lower limit to try for the next sample; else Infinity, or the highest that can be right. */
  learn(sample: Sample, limit: number, min: number): number {
    const { rttMs } = sample;
    if (rttMs === undefined) this.#probe = 0;
    else if (this.#probe > 0) return this.#probed(rttMs, sample.timed, min);
    else if (this.#isInDoubt(sample, limit, rttMs)) this.#lower(limit, rttMs, min);
    return this.#probe > 0 ? this.#probe : Number.POSITIVE_INFINITY;
  }

  #isInDoubt(sample: Sample, limit: number, rttMs: number): boolean {
    // Where half the limit is enough there is no queue that the limit could have let in.
    if (sample.inFlight < limit / 2) this.#blend(rttMs, sample.timed);
    else if (this.ms === undefined) this.ms = rttMs;
    this.#highest = Math.max(this.#highest, limit);
    if (sample.held <= boundFrom) return false;
    this.#bound += 1;
    if (this.#bound < this.#due && limit > this.#highest / 2) return false;
    this.#bound = 0;
    this.#every = Math.min(samplesBetween, 2 * this.#every);
    this.#due = this.#every * (0.75 + 0.5 * this.#random());
    this.#highest = 0;
    return true;
  }

  #probed(rttMs: number, timed: number, min: number): number {
    const tried = this.#probe;
    if (rttMs < stillQueued * this.#beforeMs && this.#lower(tried, rttMs, min)) return this.#probe;
    const { ms = rttMs } = this;
    const noise = Math.sqrt(1 / timed + 1 / this.#weight);
    if (Math.abs(Math.log(rttMs / ms)) > beyondNoise * noise) this.#weight = 0;
    this.#blend(rttMs, timed);
    this.#probe = 0;
    // There was a queue at twice the limit that was tried, or none was looked for above it.
    return 4 * tried;
  }

  #lower(limit: number, rttMs: number, min: number): boolean {
    const lower = Math.floor(limit / 2);
    if (lower < min) return false;
    this.#probe = lower;
    this.#beforeMs = rttMs;
    return true;
  }

  #blend(rttMs: number, timed: number): void {
    const total = this.#weight + timed;
    this.ms = ((this.ms ?? 0) * this.#weight + rttMs * timed) / total;
    this.#weight = Math.min(total, mostWeight);
  }
}
