// Stops sending calls to a target that fails, and finds out with a few probes when it is well again.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { stackless } from "../../kernel/stackless.ts";
import { failureOf } from "../blame.ts";
import { type Ticker, tickerOf } from "../engine/ticker.ts";
import { events } from "../events.ts";
import { answered } from "../options.ts";
import { errorOf, Rejection } from "../rejection.ts";
import type { Call, Entered, HookStrategy, Strategy } from "../strategy.ts";
import { type BreakerOptions, checkBreaker, rulesOf, windowOf } from "./breaker-options.ts";
import { type BreakerState, checkSaved, type SavedBreaker } from "./breaker-state.ts";
import { type Change, Circuit, type Recent } from "./circuit.ts";

export interface Breaker extends HookStrategy {
  readonly state: BreakerState;
  /** Held open by hand, whatever its state. */
  readonly isolated: boolean;
  /** Calls, failures and slow calls in the window now. */
  readonly recent: Recent;
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
  checkBreaker(options as BreakerOptions);
  // The pipeline's own parameter holds the predicates to the results that its work gives.
  return new CircuitBreaker(options as BreakerOptions);
}

/** In `figures`; 3 is held open by hand. */
const stateNumbers: Readonly<Record<BreakerState, number>> = { closed: 0, "half-open": 1, open: 2 };

class CircuitBreaker implements Breaker {
  readonly name: string;
  readonly aborts = false;
  readonly #pipeline: string;
  readonly #key: string | undefined;
  readonly #circuit: Circuit;
  readonly #clock: Clock;
  readonly #ticker: Ticker;

  constructor(options: BreakerOptions) {
    this.name = options.name ?? "breaker";
    this.#pipeline = options.pipeline ?? this.name;
    this.#key = options.key;
    this.#circuit = new Circuit(rulesOf(options), windowOf(options.window), this);
    this.#clock = options.clock ?? systemClock;
    this.#ticker = tickerOf(this.#clock);
  }

  get state(): BreakerState {
    return this.#circuit.state;
  }

  get isolated(): boolean {
    return this.#circuit.isolations > 0;
  }

  get recent(): Recent {
    return this.#circuit.recent(this.#ticker.now());
  }

  enter(call: Call, level: number): Entered {
    const circuit = this.#circuit;
    if (circuit.state !== "closed" || circuit.isolations > 0) {
      if (circuit.isolations > 0) return new Rejection("open", call.pipeline, this.#isolated);
      const waitMs = circuit.admit(this.#ticker.now());
      if (waitMs > 0) return new Rejection("open", call.pipeline, this.#build, waitMs);
    }
    const { epoch } = circuit;
    call.slots[level] =
      circuit.rules.slowCallMs === Number.POSITIVE_INFINITY
        ? epoch
        : { epoch, at: this.#ticker.awake() };
    return undefined;
  }

  exit(call: Call, level: number, ok: boolean, value: unknown): undefined {
    const slot = call.slots[level] as number | Started;
    const circuit = this.#circuit;
    const begun = typeof slot === "number" ? slot : slot.epoch;
    if (begun !== circuit.epoch) return;
    const failed = ok ? this.#isBad(value) : this.#blame(call, value);
    if (failed === undefined) return void circuit.skip();
    const slow =
      typeof slot !== "number" && this.#ticker.awake() - slot.at >= circuit.rules.slowCallMs;
    circuit.record(failed, slow, this.#ticker.now());
  }

  isolate(): Disposable {
    const circuit = this.#circuit;
    circuit.isolations += 1;
    if (circuit.isolations === 1) this.changed("breaker-isolated");
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        circuit.isolations -= 1;
        if (circuit.isolations === 0) this.changed("breaker-released");
      },
    };
  }

  reset(): void {
    this.#circuit.reset();
  }

  save(): SavedBreaker {
    return this.#circuit.save(this.#ticker.now(), this.#clock.wall());
  }

  restore(saved: SavedBreaker): void {
    checkSaved(saved);
    this.#circuit.restore(saved, this.#ticker.now(), this.#clock.wall());
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof CircuitBreaker)) return false;
    this.#circuit.reload(fresh.#circuit);
    return true;
  }

  figures(): Readonly<Record<string, number>> {
    const { total, failed, slow } = this.recent;
    return {
      breaker_state: this.isolated ? 3 : stateNumbers[this.state],
      window_calls: total,
      window_failed_calls: failed,
      window_slow_calls: slow,
    };
  }

  #isBad(value: unknown): boolean {
    const { whenResult } = this.#circuit.rules;
    return whenResult !== undefined && answered("breaker: whenResult", whenResult(value));
  }

  /** Whether an error is the target's failure; undefined when it says nothing of the target. */
  #blame(call: Call, value: unknown): true | undefined {
    if (failureOf(call, value) === undefined) return undefined;
    const { when } = this.#circuit.rules;
    if (when === undefined) return true;
    return answered("breaker: when", when(errorOf(value))) ? true : undefined;
  }

  changed(event: Change): void {
    if (!events.hasSubscribers) return;
    const { openings, openedMs: openMs } = this.#circuit;
    const details = { openings, openMs };
    const [pipeline, key] = [this.#pipeline, this.#key];
    events.publish({ event, pipeline, strategy: this.name, key, details });
  }

  readonly #build = ({ pipeline, retryAfterMs, details }: Rejection): Error => {
    const left = formatDuration(retryAfterMs ?? 0);
    const text = `${pipeline}: breaker${this.#whose} is open for ${left}`;
    return stackless("BREAKER_OPEN", text, { details });
  };

  readonly #isolated = ({ pipeline, details }: Rejection): Error =>
    stackless("BREAKER_OPEN", `${pipeline}: breaker${this.#whose} is held open by hand`, {
      details,
    });

  get #whose(): string {
    return this.#key === undefined ? "" : ` of ${this.#key}`;
  }
}
