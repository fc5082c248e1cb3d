// Gathers calls that begin one after another into a sample, once nearly all of them have ended.
import type { Ticker } from "../engine/ticker.ts";
import type { Ending } from "./ending.ts";
import { type Sample, toleratedDrops } from "./sample.ts";

/** Milliseconds from one cohort's beginning to the next one's, at least; calls between go untimed. */
const leastMs = 100;
const leastCalls = 16;
const mostCalls = 200;

/** No time at all, on a clock that stands still, could not be compared. */
const leastRttMs = 0.001;

/** The last tenth is not waited for: calls that hang would stop all learning. */
const enough = 0.9;

/** Nor is the rest when this many times as many others have ended meanwhile. */
const patience = 8;

/**
 * A mean over the calls that end within some time leaves out the slow ones, and more of them the
 * slower all get: it hides the very queue that is looked for. The calls of a cohort are all waited
 * for instead, and always begin after the limit was last changed.
 */
export class Cohort {
  readonly #ticker: Ticker;
  #restUntil = Number.NEGATIVE_INFINITY;
  /** Members began at this time or later; on the clock of whoever times them. */
  #from = 0;
  #gathering = false;
  /** All members have begun. */
  #full = false;
  #members = 0;
  #ended = 0;
  #timed = 0;
  #sumMs = 0;
  #inFlight = 0;
  /** Calls that ended since the cohort is full and are not of it. */
  #others = 0;
  /** Since the last sample, members or not. */
  #begun = 0;
  #held = 0;
  #counted = 0;
  #dropped = 0;
  /** Drops of calls that began before the last sample with drops were answered with it already. */
  #cuts = 0;
  #cutAt = 0;

  constructor(ticker: Ticker) {
    this.#ticker = ticker;
  }

  /** One more call begins, `inFlight` with it; true when it is a member, which must be timed. */
  begin(inFlight: number): boolean {
    this.#begun += 1;
    if (!this.#gathering) {
      if (this.#full || this.#ticker.now() < this.#restUntil) return false;
      this.#gathering = true;
      this.#restUntil = this.#ticker.now() + leastMs;
    }
    if (inFlight > this.#inFlight) this.#inFlight = inFlight;
    this.#members += 1;
    if (this.#members >= leastCalls && this.#members >= Math.min(mostCalls, 2 * this.#inFlight)) {
      this.#gathering = false;
      this.#full = true;
      this.#others = 0;
    }
    return true;
  }

  /** In the place of the time of a call that is not timed; always negative. */
  get mark(): number {
    return -1 - this.#cuts;
  }

  /** The limit turned a call away or makes it wait. */
  hold(): void {
    this.#held += 1;
  }

  /** An untimed call was answered; true when the sample is ready. */
  pass(): boolean {
    this.#counted += 1;
    this.#others += 1;
    return this.#full && this.#others > patience * this.#members;
  }

  /** A call ended that began at `begun`, or with that mark; true when the sample is ready. */
  end(begun: number, ending: Ending, now: number): boolean {
    if (ending === "answered") this.#counted += 1;
    else if (ending !== undefined && this.#isNews(begun)) {
      this.#counted += 1;
      this.#dropped += 1;
    }
    if (begun < this.#from) this.#others += 1;
    else this.#endMember(begun, ending, now);
    if (!this.#full) return false;
    return this.#ended >= enough * this.#members || this.#others > patience * this.#members;
  }

  /** The sample that is ready; the next cohort begins. */
  take(now: number): Sample {
    const rttMs = this.#timed === 0 ? undefined : Math.max(leastRttMs, this.#sumMs / this.#timed);
    const dropped = this.#counted === 0 ? 0 : this.#dropped / this.#counted;
    const held = this.#held === 0 ? 0 : this.#held / (this.#held + this.#begun);
    const sample = { rttMs, timed: this.#timed, inFlight: this.#inFlight, dropped, held };
    if (dropped > toleratedDrops) {
      this.#cuts += 1;
      this.#cutAt = now;
    }
    this.#from = now;
    this.#full = false;
    this.#members = 0;
    this.#ended = 0;
    this.#timed = 0;
    this.#sumMs = 0;
    this.#inFlight = 0;
    this.#begun = 0;
    this.#held = 0;
    this.#counted = 0;
    this.#dropped = 0;
    return sample;
  }

  #endMember(begun: number, ending: Ending, now: number): void {
    if (ending === undefined) {
      this.#members -= 1;
      return;
    }
    this.#ended += 1;
    if (ending === "refused") return;
    // One that timed out took at least so long.
    this.#timed += 1;
    this.#sumMs += now - begun;
  }

  #isNews(begun: number): boolean {
    return begun < 0 ? begun === this.mark : begun >= this.#cutAt;
  }
}
