// Stops sending calls to a target that fails, and finds out with a few probes when it is well again.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { stackless } from "../../kernel/stackless.ts";
import { type Ticker, tickerOf } from "../engine/ticker.ts";
import { events, type PolicyEvent } from "../events.ts";
import { errorOf, Rejection, reasonOf } from "../rejection.ts";
import type { Call, Entered, HookStrategy } from "../strategy.ts";
import { type BreakerOptions, type BreakerRules, rulesOf, windowOf } from "./breaker-options.ts";
import type { BreakerState, SavedBreaker } from "./breaker-state.ts";
import type { Window } from "./windows.ts";

export interface Breaker extends HookStrategy {
  readonly state: BreakerState;
  /** Calls, failures and slow calls in the window now. */
  readonly recent: { readonly total: number; readonly failed: number; readonly slow: number };
  /** Refuses all calls until the handle is disposed of; what it knew before then holds again. */
  isolate(): Disposable;
  /** Closes it and forgets the window; results of calls in flight no longer count. */
  reset(): void;
  save(): SavedBreaker;
  restore(saved: SavedBreaker): void;
}

/** What a call must remember when slow ones are counted. */
interface Started {
  readonly epoch: number;
  readonly at: number;
}

export function breaker<Bound = unknown>(options: BreakerOptions<Bound> = {}): Breaker {
  // The pipeline's own parameter holds the predicates to the results that its work gives.
  return new CircuitBreaker(options as BreakerOptions);
}

class CircuitBreaker implements Breaker {
  readonly name: string;
  readonly aborts = false;
  state: BreakerState = "closed";
  readonly #rules: BreakerRules;
  readonly #window: Window;
  readonly #clock: Clock;
  readonly #ticker: Ticker;
  /** Changes with each state: results of calls that began in an earlier one do not count. */
  #epoch = 1;
  #openings = 0;
  #openUntil = 0;
  #openedMs = 0;
  #isolations = 0;
  #probesOut = 0;
  #probesDone = 0;
  #probesBad = 0;
  #probedAt = 0;

  constructor(options: BreakerOptions) {
    this.name = options.name ?? "breaker";
    this.#rules = rulesOf(options);
    this.#window = windowOf(options.window);
    this.#clock = options.clock ?? systemClock;
    this.#ticker = tickerOf(this.#clock);
  }

  get recent(): { readonly total: number; readonly failed: number; readonly slow: number } {
    this.#window.turn(this.#ticker.now());
    const { total, failed, slow } = this.#window;
    return { total, failed, slow };
  }

  enter(call: Call, level: number): Entered {
    if (this.state !== "closed" || this.#isolations > 0) {
      const refused = this.#admit(call);
      if (refused) return refused;
    }
    const epoch = this.#epoch;
    call.slots[level] =
      this.#rules.slowCallMs === Number.POSITIVE_INFINITY
        ? epoch
        : { epoch, at: this.#ticker.now() };
    return undefined;
  }

  exit(call: Call, level: number, ok: boolean, value: unknown): undefined {
    const slot = call.slots[level] as number | Started;
    const begun = typeof slot === "number" ? slot : slot.epoch;
    if (begun !== this.#epoch) return;
    const verdict = ok ? this.#judge(value) : this.#blame(call, value);
    if (verdict === undefined) {
      if (this.state === "half-open") this.#probesOut -= 1;
      return;
    }
    const now = this.#ticker.now();
    const slow = typeof slot !== "number" && now - slot.at >= this.#rules.slowCallMs;
    if (this.state === "half-open") this.#probed(verdict, slow, now);
    else this.#count(verdict, slow, now);
  }

  isolate(): Disposable {
    this.#isolations += 1;
    if (this.#isolations === 1) this.#tell("breaker-isolated");
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#isolations -= 1;
        held = false;
      },
    };
  }

  reset(): void {
    if (this.state !== "closed") this.#tell("breaker-closed");
    this.#close();
  }

  save(): SavedBreaker {
    const { state, recent } = this;
    const remainingMs = state === "open" ? Math.max(0, this.#openUntil - this.#ticker.now()) : 0;
    const savedAt = this.#clock.wall();
    return { state, remainingMs, openings: this.#openings, savedAt, ...recent };
  }

  restore(saved: SavedBreaker): void {
    this.#close();
    const now = this.#ticker.now();
    const { total, failed, slow } = saved;
    for (let i = 0; i < total; i++) this.#window.record(i < failed, i < slow, now);
    this.#openings = saved.openings;
    if (saved.state === "closed") return;
    const passedMs = Math.max(0, this.#clock.wall() - saved.savedAt);
    // Probes that were under way are lost with their process: it begins with new ones.
    this.state = "open";
    this.#openedMs = this.#openTime(Math.max(1, saved.openings));
    this.#openUntil = now + Math.max(0, saved.remainingMs - passedMs);
  }

  /** Undefined for a call that may go on as a probe. */
  #admit(call: Call): Rejection | undefined {
    if (this.#isolations > 0) return new Rejection("open", call.pipeline, this.#isolated);
    const now = this.#ticker.now();
    if (this.state === "open") {
      if (now < this.#openUntil) return this.#refuse(call, this.#openUntil - now);
      this.#enterState("half-open");
      this.#probesOut = 0;
      this.#probesDone = 0;
      this.#probesBad = 0;
    }
    if (this.#probesOut + this.#probesDone >= this.#rules.probes) {
      const waitMs = this.#rules.probeWaitMs ?? this.#openedMs;
      const leftMs = this.#probedAt + waitMs - now;
      if (leftMs > 0) return this.#refuse(call, leftMs);
      // Probes that hang would keep it half open for ever: their results no longer count.
      this.#epoch += 1;
      this.#probesOut = 0;
    }
    this.#probesOut += 1;
    this.#probedAt = now;
    return undefined;
  }

  #refuse(call: Call, retryAfterMs: number): Rejection {
    return new Rejection("open", call.pipeline, this.#build, retryAfterMs);
  }

  /** Whether a result is a failure. */
  #judge(value: unknown): boolean {
    const { whenResult } = this.#rules;
    return whenResult?.(value) === true;
  }

  /** Whether an error is the target's failure; undefined when it says nothing of the target. */
  #blame(call: Call, value: unknown): true | undefined {
    const reason = reasonOf(value);
    if (call.unwinding) {
      // A timeout further out had all its time for a first attempt, but not for a repeat.
      return reason === "timeout" && !call.cancelled && call.repeats === 0 ? true : undefined;
    }
    if (reason !== undefined && reason !== "timeout") return undefined;
    if (value instanceof HomeostatError && value.family === "Cancelled") return undefined;
    const { when } = this.#rules;
    return when === undefined || when(errorOf(value)) ? true : undefined;
  }

  #count(failed: boolean, slow: boolean, now: number): void {
    const window = this.#window;
    window.record(failed, slow, now);
    if (window.failed === 0 && window.slow === 0) return;
    const { minimumCalls, failureRate, slowCallRate } = this.#rules;
    const { total } = window;
    if (total < minimumCalls) return;
    if (window.failed >= failureRate * total || window.slow >= slowCallRate * total) {
      this.#open(now);
    }
  }

  #probed(failed: boolean, slow: boolean, now: number): void {
    const { probes, probeFailureRate } = this.#rules;
    this.#probesOut -= 1;
    this.#probesDone += 1;
    if (failed || slow) this.#probesBad += 1;
    // Sooner than the last probe when the others could not change the verdict.
    if (this.#probesBad >= probeFailureRate * probes) this.#open(now);
    else if (this.#probesDone === probes) {
      this.#tell("breaker-closed");
      this.#close();
    }
  }

  #open(now: number): void {
    this.#openings += 1;
    this.#openedMs = this.#openTime(this.#openings);
    this.#openUntil = now + this.#openedMs;
    this.#window.clear();
    this.#enterState("open");
  }

  #openTime(openings: number): number {
    const { openMs } = this.#rules;
    return typeof openMs === "number" ? openMs : openMs(openings);
  }

  #close(): void {
    this.#epoch += 1;
    this.state = "closed";
    this.#openings = 0;
    this.#window.clear();
  }

  #enterState(state: "open" | "half-open"): void {
    this.#epoch += 1;
    this.state = state;
    this.#tell(state === "open" ? "breaker-opened" : "breaker-half-opened");
  }

  #tell(event: PolicyEvent["event"]): void {
    if (!events.hasSubscribers) return;
    const details = { openings: this.#openings, openMs: this.#openedMs };
    events.publish({ event, pipeline: this.name, strategy: "breaker", details });
  }

  readonly #build = ({ pipeline, retryAfterMs, details }: Rejection): Error => {
    const left = formatDuration(retryAfterMs ?? 0);
    return stackless("BREAKER_OPEN", `${pipeline}: breaker is open for ${left}`, { details });
  };

  readonly #isolated = ({ pipeline, details }: Rejection): Error =>
    stackless("BREAKER_OPEN", `${pipeline}: breaker is held open by hand`, { details });
}
