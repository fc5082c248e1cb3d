// Our circuit breaker as opossum's: half open by a timer and not by the next call, opened by hand for a time.
import type { Clock } from "../../../src/kernel/clock.ts";
import { type Breaker, breaker } from "../../../src/policies/breaker/breaker.ts";
import type { Rules } from "./options.ts";

export type OpossumState = "closed" | "open" | "halfOpen" | "shutdown";

/** Theirs opens above a share, ours from it on. */
const above = 1e-9;

/** What ours is told of opossum's rules; a share above all calls is never reached. */
function ofRules(rules: Rules, clock: Clock, warmingUp: () => boolean): Breaker {
  const { errorThresholdPercentage, volumeThreshold, rollingCountTimeout, resetTimeout } = rules;
  const never = errorThresholdPercentage >= 100;
  return breaker({
    clock,
    window: { kind: "time", ms: Math.max(1, rollingCountTimeout) },
    failureRate: never ? 1 : errorThresholdPercentage / 100 + above,
    minimumCalls: never ? Number.MAX_SAFE_INTEGER : Math.max(1, volumeThreshold),
    openMs: resetTimeout,
    probes: 1,
    probeFailureRate: 1,
    when: () => !warmingUp(),
  });
}

/** Told of each change of state, in the turn in which it happens. */
export type Changed = (state: Exclude<OpossumState, "shutdown">) => void;

export class OpossumCircuit {
  readonly strategy: Breaker;
  state: OpossumState = "closed";
  /** When the wait for half open began last, in milliseconds since the epoch. */
  lastTimerAt: number | undefined;
  readonly #clock: Clock;
  readonly #resetMs: number;
  readonly #changed: Changed;
  #waiting = new AbortController();
  /** The probe of this half-open time has begun. */
  #probed = false;

  constructor(rules: Rules, clock: Clock, warmingUp: () => boolean, changed: Changed) {
    this.strategy = ofRules(rules, clock, warmingUp);
    this.#clock = clock;
    this.#resetMs = rules.resetTimeout;
    this.#changed = changed;
  }

  /** The next call would be the probe. */
  get pendingClose(): boolean {
    return this.state === "halfOpen" && !this.#probed;
  }

  /** A call has been let through. */
  began(): void {
    if (this.strategy.state === "half-open") this.#probed = true;
  }

  /** Follows what ours has become by a call that ended. */
  follow(): void {
    const { state } = this.strategy;
    if (this.state === "shutdown") return;
    if (state === "closed" && this.state !== "closed") this.#enter("closed");
    if (state === "open" && (this.state === "closed" || this.#probed)) this.#wait();
  }

  open(): void {
    if (this.state === "open" || this.state === "shutdown") return;
    this.#hold(this.#resetMs);
    this.#wait();
  }

  close(): void {
    if (this.state === "closed" || this.state === "shutdown") return;
    this.strategy.reset();
    this.#enter("closed");
  }

  /** Lets the next call through as the probe. */
  halfOpen(): void {
    this.#hold(0);
    this.#enter("halfOpen");
  }

  shutdown(): void {
    this.#waiting.abort();
    this.state = "shutdown";
  }

  /** As if it had opened just now. */
  #hold(remainingMs: number): void {
    const none = { total: 0, failed: 0, slow: 0 };
    const savedAt = this.#clock.wall();
    this.strategy.restore({ state: "open", remainingMs, openings: 1, savedAt, ...none });
  }

  #wait(): void {
    this.#enter("open");
    this.lastTimerAt = Date.now();
    this.#waiting = new AbortController();
    const over = this.#clock.sleep(this.#resetMs, this.#waiting.signal);
    over.then(
      () => this.halfOpen(),
      () => {},
    );
  }

  #enter(state: Exclude<OpossumState, "shutdown">): void {
    this.#waiting.abort();
    this.#probed = false;
    this.state = state;
    this.#changed(state);
  }
}
