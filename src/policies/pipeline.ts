// A pipeline from plain options, its strategies always in the order that is safe.
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Random } from "../kernel/random.ts";
import { concurrencyLimit } from "./adaptive/concurrency.ts";
import type { ConcurrencyLimitOptions } from "./adaptive/concurrency-options.ts";
import { type AdaptiveThrottleOptions, adaptiveThrottle } from "./adaptive/throttle.ts";
import { type Breaker, breaker } from "./breaker/breaker.ts";
import type { BreakerOptions } from "./breaker/breaker-options.ts";
import { Composed, type Pipeline } from "./compose.ts";
import { type BulkheadOptions, bulkhead } from "./limit/bulkhead.ts";
import { rateLimiter } from "./limit/rate-limiter.ts";
import type { RateLimiterOptions } from "./limit/rate-limiter-options.ts";
import { type RetryOptions, retry } from "./retry/retry.ts";
import { cache } from "./strategies/cache.ts";
import type { CacheOptions } from "./strategies/cache-options.ts";
import { type ChaosOptions, chaos } from "./strategies/chaos.ts";
import { type FallbackOptions, fallback } from "./strategies/fallback.ts";
import { type HedgeOptions, hedge } from "./strategies/hedge.ts";
import { outlierEjection } from "./strategies/outlier.ts";
import type { OutlierOptions } from "./strategies/outlier-options.ts";
import { type TimeoutOptions, timeout } from "./strategies/timeout.ts";
import type { Strategy } from "./strategy.ts";

/**
 * Each option is a shorthand, the options of its strategy, or a strategy made before: so one breaker
 * or limiter can be shared by several pipelines.
 */
export interface PipelineOptions<Bound = unknown, Adds = never> {
  /** In errors, events and metrics. */
  readonly name: string;
  /** A result for a failure; outermost. */
  readonly fallback?: FallbackOptions<Adds> | FallbackOptions<Adds>["give"] | Strategy<Adds>;
  /** A number: milliseconds for which a result is fresh. */
  readonly cache?: number | CacheOptions<Bound> | Strategy;
  /** A number: calls a second. */
  readonly limiter?: number | RateLimiterOptions | Strategy;
  readonly throttle?: boolean | AdaptiveThrottleOptions<Bound> | Strategy;
  /** A number: calls at once. */
  readonly bulkhead?: number | BulkheadOptions | Strategy;
  /** Milliseconds for all attempts together, waiting between them included. */
  readonly timeout?: number | TimeoutOptions | Strategy;
  /** How often to repeat. */
  readonly retry?: number | RetryOptions<Bound> | Strategy;
  /** A number: milliseconds before a second attempt begins beside the first. */
  readonly hedge?: boolean | number | HedgeOptions | Strategy;
  readonly outlier?: boolean | OutlierOptions<Bound> | Strategy;
  readonly concurrency?:
    | boolean
    | "gradient"
    | "vegas"
    | "aimd"
    | ConcurrencyLimitOptions<Bound>
    | Strategy;
  readonly breaker?: boolean | BreakerOptions<Bound> | Breaker;
  /** Milliseconds for one attempt. */
  readonly attemptTimeout?: number | TimeoutOptions | Strategy;
  readonly chaos?: ChaosOptions<Adds> | Strategy<Adds>;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What every factory is given besides its own options. */
interface Setup {
  readonly name: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Which of a family it is. */
  readonly key?: string;
}

/**
 * The order, outermost first, and how each option becomes its strategy. Why: what refuses cheaply
 * stands before what costs; the total timeout holds all repeats; each repeat asks host, limit and
 * breaker anew, and what they measure is one attempt; chaos stands where the real fault would be.
 */
const order = {
  fallback: (given: FallbackOptions<unknown>) => fallback(given),
  cache: (given: CacheOptions, { clock }) => cache(withSetup(given, { clock })),
  limiter: (given: RateLimiterOptions, { clock }) => rateLimiter(withSetup(given, { clock })),
  throttle: (given: AdaptiveThrottleOptions, { clock, random }) =>
    adaptiveThrottle(withSetup(given, { clock, random })),
  bulkhead: (given: BulkheadOptions, { clock }) => bulkhead(withSetup(given, { clock })),
  timeout: (given: TimeoutOptions, { clock }) => timeout(withSetup(given, { clock })),
  retry: (given: RetryOptions, { clock, random }) => retry(withSetup(given, { clock, random })),
  hedge: (given: HedgeOptions, { clock }) => hedge(withSetup(given, { clock })),
  outlier: (given: OutlierOptions, { clock }) => outlierEjection(withSetup(given, { clock })),
  concurrency: (given: ConcurrencyLimitOptions, { clock, random }) =>
    concurrencyLimit(withSetup(given, { clock, random })),
  breaker: (given: BreakerOptions, { clock, name, key }) =>
    breaker(withSetup(given, { clock, pipeline: name, key })),
  attemptTimeout: (given: TimeoutOptions, { clock }) =>
    timeout({ name: "attempt-timeout", ...withSetup(given, { clock }) }),
  chaos: (given: ChaosOptions<unknown>, { clock, random }) =>
    chaos(withSetup(given, { clock, random })),
} satisfies {
  readonly [Key in keyof PipelineOptions]?: (given: never, setup: Setup) => Strategy<unknown>;
};

/** What a number, or a function, in the place of the options is short for. */
const short: { readonly [Key in keyof typeof order]?: string } = {
  fallback: "give",
  cache: "ttlMs",
  limiter: "limit",
  bulkhead: "concurrent",
  timeout: "ms",
  retry: "retries",
  hedge: "delayMs",
  concurrency: "algorithm",
  attemptTimeout: "ms",
};

/** What `true` is short for: the strategy with all its defaults. */
const whole = { throttle: true, hedge: true, outlier: true, concurrency: true, breaker: true };

const places = Object.entries(order) as readonly [
  keyof typeof order,
  (given: object, setup: Setup) => Strategy<unknown>,
][];

/** What a pipeline is made of, and what may be told to it later. */
type Settings<Bound, Adds> = Omit<PipelineOptions<Bound, Adds>, "name" | "clock" | "random">;

/** A pipeline from options, which can be given others. */
export interface ConfiguredPipeline<Bound = unknown, Adds = never>
  extends Pipeline<Bound, Awaited<Adds>> {
  /**
   * Other settings, all of them anew. A strategy that was and is made from options keeps its state:
   * an open breaker stays open, a bucket as full as it was. Calls under way keep the strategies they
   * began with; what these decide from now on they decide by the new settings. Throws a Misconfigured
   * error, and changes nothing, for options that cannot be.
   */
  reload(settings: Settings<Bound, Adds>): void;
}

/**
 * ```ts
 * const users = pipeline({ name: "users", timeout: 800, retry: 2, breaker: {}, fallback: () => null });
 * const user = await users.run(({ signal }) => fetch(url, { signal }));
 * ```
 * Throws a Misconfigured error for options that cannot be.
 */
export function pipeline<Bound = unknown, Adds = never>(
  options: PipelineOptions<Bound, Adds> & {
    readonly breaker: BreakerOptions<Bound> | Breaker | true;
  },
): ConfiguredPipeline<Bound, Adds> & { readonly breaker: Breaker };
export function pipeline<Bound = unknown, Adds = never>(
  options: PipelineOptions<Bound, Adds>,
): ConfiguredPipeline<Bound, Adds>;
export function pipeline(options: PipelineOptions<never, unknown>): unknown {
  return new Configured(options);
}

interface Placed {
  readonly strategy: Strategy<unknown>;
  /** Made here from options: nobody else has it, so its settings may be changed. */
  readonly own: boolean;
}

/** The pipeline behind its face; its reload in two steps, so that several can be changed or none. */
export class Configured extends Composed {
  readonly #setup: Setup;
  #placed: ReadonlyMap<string, Placed>;

  constructor(options: PipelineOptions<never, unknown>, key?: string) {
    const { name, clock, random } = options;
    const setup: Setup = withSetup({ name }, { clock, random, key });
    const placed = place(options, setup);
    super(name, strategiesOf(placed), clock);
    this.#setup = setup;
    this.#placed = placed;
  }

  /** The breaker's handle, if there is one. */
  get breaker(): Breaker | undefined {
    // Its place takes nothing but breakers.
    return this.#placed.get("breaker")?.strategy as Breaker | undefined;
  }

  reload(settings: Settings<never, unknown>): void {
    this.prepare(settings)();
  }

  /** Checks the settings; what it returns puts them into force. */
  prepare(settings: Settings<never, unknown>): () => void {
    const placed = place(settings, this.#setup);
    return () => {
      for (const [key, { strategy, own }] of placed) {
        const old = this.#placed.get(key);
        if (own && old?.own && old.strategy.reload?.(strategy)) placed.set(key, old);
      }
      this.#placed = placed;
      this.restring(strategiesOf(placed));
    };
  }
}

function strategiesOf(placed: ReadonlyMap<string, Placed>): readonly Strategy<unknown>[] {
  return [...placed.values()].map(({ strategy }) => strategy);
}

function place(settings: Settings<never, unknown>, setup: Setup): Map<string, Placed> {
  if (typeof setup.name !== "string" || setup.name === "") {
    throw new HomeostatError("OPTION_INVALID", "pipeline: it needs a name");
  }
  for (const key of Object.keys(settings)) {
    if (key in order || key === "name" || key === "clock" || key === "random") continue;
    throw new HomeostatError(
      "OPTION_INVALID",
      `pipeline ${setup.name}: there is no option "${key}"`,
    );
  }
  const placed = new Map<string, Placed>();
  for (const [key, build] of places) {
    const given = settings[key];
    if (given === undefined || given === false) continue;
    const own = !isStrategy(given);
    placed.set(key, { strategy: own ? build(optionsOf(key, given), setup) : given, own });
  }
  return placed;
}

/** The strategy's own options go before those of the pipeline. */
function withSetup<Options extends object, More extends object>(
  options: Options,
  more: More,
): Options & { [Key in keyof More]?: Exclude<More[Key], undefined> } {
  const known = Object.entries(more).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(known), ...options } as Options;
}

function optionsOf(key: keyof typeof order, given: unknown): object {
  if (given === true && key in whole) return {};
  const name = short[key];
  if (name !== undefined && ["number", "function", "string"].includes(typeof given)) {
    return { [name]: given };
  }
  if (typeof given === "object" && given !== null) return given;
  const text = `pipeline: ${key} must be its options or a strategy, got ${String(given)}`;
  throw new HomeostatError("OPTION_INVALID", text);
}

function isStrategy(given: unknown): given is Strategy<unknown> {
  return typeof given === "object" && given !== null && ("exit" in given || "around" in given);
}
