// Injects faults where the real ones would be: added latency, errors, wrong results, any behaviour.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { inProduction } from "../../kernel/environment.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { type Random, systemRandom } from "../../kernel/random.ts";
import { stackless } from "../../kernel/stackless.ts";
import { isThenable } from "../engine/route.ts";
import { type Ticker, tickerOf } from "../engine/ticker.ts";
import { events } from "../events.ts";
import {
  answered,
  anything,
  atLeast,
  called,
  checkOptions,
  flag,
  named,
  share,
} from "../options.ts";
import {
  type Call,
  type Entered,
  type HookStrategy,
  held,
  Replaced,
  type Strategy,
} from "../strategy.ts";

/** The call that something is injected into. */
export type Injected = Pick<Call, "pipeline" | "key" | "priority" | "repeats">;

export interface ChaosOptions<Adds = never> {
  /** Nothing is injected unless this is true, or answers true for the call. Default false. */
  readonly armed?: boolean | (() => boolean);
  /** The second switch: where NODE_ENV is "production" nothing is injected without it. */
  readonly production?: boolean;
  /** The share of calls, 0 to 1; default 0.001. */
  readonly rate?: number;
  /** Which calls may be chosen; all if left out. */
  readonly when?: (call: Injected) => boolean;
  /** Runs before everything else that is injected, and is waited for; what it throws is a fault. */
  readonly behaviour?: (call: Injected) => unknown;
  /** Milliseconds that the call waits, or their least and most. */
  readonly latencyMs?: number | readonly [least: number, most: number];
  /**
   * An error in the place of the work, or a function that makes it; true: an error with code CHAOS,
   * as also when nothing else is to be injected.
   */
  readonly fault?: boolean | Error | ((call: Injected) => unknown);
  /** Makes a result, or a promise of one, in the place of the work. */
  readonly outcome?: (call: Injected) => Adds | PromiseLike<Adds>;
  readonly name?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What a call that waits for its injection is remembered by. */
interface Waiting {
  over: boolean;
  wake: (() => void) | undefined;
}

/**
 * Behaviour first, then latency, then the fault or the outcome, else the work. Last in the pipeline,
 * so that the other strategies meet it as they would meet the real thing.
 *
 * Throws a Misconfigured error for options that cannot be. Armed in production without `production`
 * it stays unarmed and emits a process warning.
 */
export function chaos<Adds = never>(options: ChaosOptions<Adds> = {}): HookStrategy<Awaited<Adds>> {
  check(options as ChaosOptions<unknown>);
  return new Chaos(options as ChaosOptions<unknown>) as HookStrategy as HookStrategy<Awaited<Adds>>;
}

class Chaos implements HookStrategy {
  readonly name: string;
  readonly aborts = false;
  readonly callsUser: boolean;
  readonly onlyFailures = true;
  #options: ChaosOptions<unknown>;
  #armed: boolean | (() => boolean);
  #rate: number;
  #random: Random;
  readonly #ticker: Ticker;

  constructor(options: ChaosOptions<unknown>) {
    const { name = "chaos", rate = 0.001, random = systemRandom, clock = systemClock } = options;
    this.name = name;
    this.#options = options;
    this.#armed = armedBy(options, name);
    this.#rate = rate;
    this.#random = random;
    this.#ticker = tickerOf(clock);
    this.callsUser =
      this.#armed !== false && Object.values(options).some((one) => typeof one === "function");
  }

  enter(call: Call, level: number): Entered {
    const armed = this.#armed;
    if (armed === false) return undefined;
    if (armed !== true && !answered("chaos: armed", armed())) return undefined;
    if (this.#random() >= this.#rate) return undefined;
    const { when } = this.#options;
    if (when !== undefined && !answered("chaos: when", when(call))) return undefined;
    return this.#inject(call, level);
  }

  exit(call: Call, level: number): undefined {
    if (!call.unwinding) return;
    const waiting = call.slots[level] as Waiting | undefined;
    if (waiting === undefined) return;
    waiting.over = true;
    waiting.wake?.();
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof Chaos)) return false;
    this.#options = fresh.#options;
    this.#armed = fresh.#armed;
    this.#rate = fresh.#rate;
    this.#random = fresh.#random;
    return true;
  }

  figures(): Readonly<Record<string, number>> {
    const armed = typeof this.#armed === "function" ? this.#armed() : this.#armed;
    return { injected_ratio: armed ? this.#rate : 0 };
  }

  #inject(call: Call, level: number): Entered {
    const { behaviour, fault, outcome } = this.#options;
    const latencyMs = this.#latencyMs();
    call.counters.injected += 1;
    if (events.hasSubscribers) {
      const { pipeline, key } = call;
      const injected = { behaviour, latencyMs, fault, outcome };
      const kinds = Object.entries(injected).flatMap(([kind, on]) => (on ? [kind] : []));
      const details = { kinds };
      const delayMs = latencyMs;
      events.publish({ event: "chaos", pipeline, strategy: this.name, key, delayMs, details });
    }
    const before = behaviour?.(call);
    if (latencyMs === 0 && !isThenable(before)) {
      const result = this.#result(call);
      if (!isThenable(result?.value) || !result.ok) return result;
      return this.#wait(call, level, undefined, 0, result);
    }
    return this.#wait(call, level, before, latencyMs, undefined);
  }

  /** Undefined when the work is to run. */
  #result(call: Call): Replaced | undefined {
    const { behaviour, latencyMs, fault, outcome } = this.#options;
    if (outcome) return new Replaced(true, outcome(call));
    const alone = behaviour === undefined && latencyMs === undefined;
    if (fault === undefined ? !alone : fault === false) return undefined;
    if (fault instanceof Error) return new Replaced(false, fault);
    if (typeof fault === "function") return new Replaced(false, fault(call));
    const text = `${call.pipeline}: fault injected by ${this.name}`;
    return new Replaced(false, stackless("CHAOS", text));
  }

  #wait(
    call: Call,
    level: number,
    before: unknown,
    latencyMs: number,
    result: Replaced | undefined,
  ): typeof held {
    const waiting: Waiting = { over: false, wake: undefined };
    call.slots[level] = waiting;
    this.#play(call, waiting, before, latencyMs, result).then(
      (found) => {
        if (waiting.over) return;
        if (found) call.settle(level, found.ok, found.value);
        else call.resume(level);
      },
      (error) => {
        if (!waiting.over) call.settle(level, false, error);
      },
    );
    return held;
  }

  async #play(
    call: Call,
    waiting: Waiting,
    before: unknown,
    latencyMs: number,
    known: Replaced | undefined,
  ): Promise<Replaced | undefined> {
    await before;
    if (latencyMs > 0 && !waiting.over) await this.#sleep(latencyMs, waiting);
    if (waiting.over) return undefined;
    const result = known ?? this.#result(call);
    return result?.ok ? new Replaced(true, await result.value) : result;
  }

  #sleep(ms: number, waiting: Waiting): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ticker.after(ms, resolve);
      waiting.wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #latencyMs(): number {
    const { latencyMs = 0 } = this.#options;
    if (typeof latencyMs === "number") return latencyMs;
    const [least, most] = latencyMs;
    return least + this.#random() * (most - least);
  }
}

function armedBy(options: ChaosOptions<unknown>, name: string): boolean | (() => boolean) {
  const { armed = false, production = false } = options;
  if (armed === false || production || !inProduction()) return armed;
  process.emitWarning(`${name}: stays unarmed in production, "production: true" is not set`);
  return false;
}

const checks = {
  armed: (value: unknown) =>
    typeof value === "boolean" || typeof value === "function"
      ? undefined
      : "true, false or a function",
  production: flag,
  rate: (value: unknown) => (value === 0 ? undefined : share(value) && "from 0 to 1"),
  when: called,
  behaviour: called,
  latencyMs: (value: unknown) => {
    const [least, most] = (typeof value === "number" ? [value, value] : value) as number[];
    const fits = atLeast(0)(least) ?? (Number.isFinite(most) ? atLeast(least ?? 0)(most) : "");
    return fits === undefined ? undefined : "0 or more, or the least and the most";
  },
  fault: anything,
  outcome: called,
  name: named,
  clock: anything,
  random: called,
};

function check(options: ChaosOptions<unknown>): void {
  checkOptions<ChaosOptions<unknown>>("chaos", options, checks);
  if (options.fault && options.outcome) {
    throw new HomeostatError("OPTION_INVALID", "chaos: give a fault or an outcome, not both");
  }
}
