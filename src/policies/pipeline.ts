// A pipeline from plain options, its strategies always in the order that is safe.
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Random } from "../kernel/random.ts";
import { type Breaker, breaker } from "./breaker/breaker.ts";
import type { BreakerOptions } from "./breaker/breaker-options.ts";
import { Composed, type Pipeline } from "./compose.ts";
import { type RetryOptions, retry } from "./retry/retry.ts";
import { type FallbackOptions, fallback } from "./strategies/fallback.ts";
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
  readonly fallback?: FallbackOptions<Adds> | FallbackOptions<Adds>["give"];
  readonly cache?: Strategy;
  readonly limiter?: Strategy;
  readonly throttle?: Strategy;
  readonly concurrency?: Strategy;
  readonly bulkhead?: Strategy;
  /** Milliseconds for all attempts together, waiting between them included. */
  readonly timeout?: number | TimeoutOptions;
  /** How often to repeat. */
  readonly retry?: number | RetryOptions<Bound> | Strategy;
  readonly hedge?: Strategy;
  readonly outlier?: Strategy;
  readonly breaker?: BreakerOptions<Bound> | Breaker | true;
  /** Milliseconds for one attempt. */
  readonly attemptTimeout?: number | TimeoutOptions;
  readonly chaos?: Strategy;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What every factory is given besides its own options. */
interface Setup {
  readonly name: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

type Given<Key extends keyof PipelineOptions> = Exclude<
  PipelineOptions<unknown, unknown>[Key],
  undefined
>;

/**
 * The order, outermost first, and how each option becomes its strategy. Why: what refuses cheaply
 * stands before what costs; the total timeout holds all repeats; each repeat asks the breaker anew,
 * and what the breaker counts is one attempt; chaos stands where the real fault would be.
 */
const order = {
  fallback: (given: Given<"fallback">) => fallback(given),
  cache: (given: Given<"cache">) => given,
  limiter: (given: Given<"limiter">) => given,
  throttle: (given: Given<"throttle">) => given,
  concurrency: (given: Given<"concurrency">) => given,
  bulkhead: (given: Given<"bulkhead">) => given,
  timeout: (given: Given<"timeout">, { clock }: Setup) =>
    timeout(withSetup(typeof given === "number" ? { ms: given } : given, { clock })),
  retry: (given: Given<"retry">, { clock, random }: Setup) =>
    isStrategy(given)
      ? given
      : retry(withSetup(typeof given === "number" ? { retries: given } : given, { clock, random })),
  hedge: (given: Given<"hedge">) => given,
  outlier: (given: Given<"outlier">) => given,
  breaker: (given: Given<"breaker">, { clock, name }: Setup) =>
    isStrategy(given) ? given : breaker(withSetup(given === true ? {} : given, { clock, name })),
  attemptTimeout: (given: Given<"attemptTimeout">, { clock }: Setup) =>
    timeout({
      name: "attempt-timeout",
      ...withSetup(typeof given === "number" ? { ms: given } : given, { clock }),
    }),
  chaos: (given: Given<"chaos">) => given,
} satisfies { readonly [Key in keyof PipelineOptions]?: unknown };

const places = Object.entries(order) as readonly [
  keyof typeof order,
  (given: unknown, setup: Setup) => Strategy<unknown>,
][];

/** What a pipeline is made of, and what may be told to it later. */
type Settings<Bound, Adds> = Omit<PipelineOptions<Bound, Adds>, "name" | "clock" | "random">;

/** A pipeline from options, which can be given others. */
export interface ConfiguredPipeline<Bound = unknown, Adds = never>
  extends Pipeline<Bound, Awaited<Adds>> {
  /**
   * Other settings for later calls, all of them anew; calls under way keep theirs. A strategy that
   * was and is made from options keeps its state: an open breaker stays open, a bucket as full as it
   * was. Throws a Misconfigured error, and changes nothing, for options that cannot be.
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

class Configured extends Composed {
  readonly #setup: Setup;
  #placed: ReadonlyMap<string, Placed>;

  constructor(options: PipelineOptions<never, unknown>) {
    const { name, clock, random } = options;
    const setup: Setup = withSetup({ name }, { clock, random });
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
    const placed = place(settings, this.#setup);
    for (const [key, { strategy, own }] of placed) {
      const old = this.#placed.get(key);
      if (own && old?.own && old.strategy.reload?.(strategy)) placed.set(key, old);
    }
    this.#placed = placed;
    this.restring(strategiesOf(placed));
  }
}

function strategiesOf(placed: ReadonlyMap<string, Placed>): readonly Strategy<unknown>[] {
  return [...placed.values()].map(({ strategy }) => strategy);
}

function place(settings: Settings<never, unknown>, setup: Setup): Map<string, Placed> {
  for (const key of Object.keys(settings)) {
    if (key in order || key === "name" || key === "clock" || key === "random") continue;
    throw new HomeostatError("USAGE", `pipeline ${setup.name}: there is no option "${key}"`);
  }
  const placed = new Map<string, Placed>();
  for (const [key, build] of places) {
    const given = settings[key];
    if (given === undefined) continue;
    const strategy = build(given, setup);
    placed.set(key, { strategy, own: strategy !== given });
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

function isStrategy(given: object | number | true): given is Strategy {
  return typeof given === "object" && ("exit" in given || "around" in given);
}
