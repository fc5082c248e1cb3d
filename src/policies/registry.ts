// Named pipelines of a process: found by name, reloaded, listed, and kept within a bound for dynamic keys.
import { HomeostatError } from "../kernel/errors.ts";
import type { Breaker } from "./breaker/breaker.ts";
import type { BreakerOptions } from "./breaker/breaker-options.ts";
import type { Counters } from "./counters.ts";
import { Configured, type ConfiguredPipeline, type PipelineOptions } from "./pipeline.ts";
import type { Strategy } from "./strategy.ts";

/** Any pipeline, whatever it is bound to. */
interface Named {
  readonly name: string;
  readonly counters: Counters;
  readonly strategies: readonly Strategy<unknown>[];
}

/** What the daemon and `/metrics` are told of one pipeline. */
export interface Listed {
  readonly name: string;
  /** Of a pipeline that belongs to a family. */
  readonly key?: string;
  readonly counters: Counters;
  readonly strategies: readonly {
    readonly name: string;
    readonly figures: Readonly<Record<string, number>>;
  }[];
}

/** The breaker of a pipeline in a registry. */
export interface ListedBreaker {
  readonly name: string;
  /** Of a pipeline that belongs to a family. */
  readonly key?: string;
  readonly breaker: Breaker;
}

/** Everything of a pipeline but its name and key. */
export type FamilyOptions<Bound, Adds> = Omit<PipelineOptions<Bound, Adds>, "name">;

/** Pipelines of one kind for keys that come and go, such as hosts or tenants. */
export interface Family<Bound = unknown, Adds = never, Handles = unknown> {
  /** The pipeline of a key, made when it is first asked for. */
  get(key: string): ConfiguredPipeline<Bound, Adds> & Handles;
  readonly size: number;
  /** Other settings for the pipelines that are there and for those that will be: for all or none. */
  reload(options: (key: string) => FamilyOptions<Bound, Adds>): void;
  delete(key: string): boolean;
}

export interface Registry {
  /** A pipeline under its name. Throws a Misconfigured error when the name is taken. */
  define<Bound = unknown, Adds = never>(
    options: PipelineOptions<Bound, Adds> & {
      readonly breaker: BreakerOptions<Bound> | Breaker | true;
    },
  ): ConfiguredPipeline<Bound, Adds> & { readonly breaker: Breaker };
  define<Bound = unknown, Adds = never>(
    options: PipelineOptions<Bound, Adds>,
  ): ConfiguredPipeline<Bound, Adds>;
  /**
   * Pipelines under one name for up to `max` keys (default 1,000). The one used longest ago is let
   * go of with its state and its figures; its calls under way end as they would have.
   */
  family<Bound = unknown, Adds = never>(
    name: string,
    options: (key: string) => FamilyOptions<Bound, Adds> & {
      readonly breaker: BreakerOptions<Bound> | Breaker | true;
    },
    limits?: { readonly max?: number },
  ): Family<Bound, Adds, { readonly breaker: Breaker }>;
  family<Bound = unknown, Adds = never>(
    name: string,
    options: (key: string) => FamilyOptions<Bound, Adds>,
    limits?: { readonly max?: number },
  ): Family<Bound, Adds>;
  /** Other settings for the pipeline of this name, see {@link ConfiguredPipeline.reload}. */
  reload<Bound = unknown, Adds = never>(options: PipelineOptions<Bound, Adds>): void;
  has(name: string): boolean;
  /** Forgets a pipeline or a whole family; who holds it may go on using it. */
  remove(name: string): boolean;
  list(): readonly Listed[];
  /** The breakers of all pipelines that have one, for whoever shows or moves them by hand. */
  breakers(): readonly ListedBreaker[];
}

export function registry(): Registry {
  return new Pipelines();
}

class Pipelines implements Registry {
  readonly #kept = new Map<string, Configured | Kin>();

  define(options: PipelineOptions<never, unknown>): never {
    this.#claim(options.name);
    const made = new Configured(options);
    this.#kept.set(options.name, made);
    // What the face's types say of it is what `pipeline` made of the same options.
    return made as never;
  }

  family(
    name: string,
    options: (key: string) => FamilyOptions<never, unknown>,
    { max = 1_000 }: { readonly max?: number } = {},
  ): never {
    this.#claim(name);
    if (!(Number.isInteger(max) && max >= 1)) {
      throw new HomeostatError(
        "OPTION_INVALID",
        `registry: max of ${name} must be 1 or more, got ${max}`,
      );
    }
    const kin = new Kin(name, options, max);
    this.#kept.set(name, kin);
    return kin as never;
  }

  reload({ name, ...settings }: PipelineOptions<never, unknown>): void {
    const kept = this.#kept.get(name);
    if (!kept || kept instanceof Kin) {
      const known = [...this.#kept.keys()].join(", ") || "none";
      throw new HomeostatError(
        "OPTION_INVALID",
        `registry: there is no pipeline ${name}, but: ${known}`,
      );
    }
    kept.reload(settings);
  }

  has(name: string): boolean {
    return this.#kept.has(name);
  }

  remove(name: string): boolean {
    return this.#kept.delete(name);
  }

  list(): readonly Listed[] {
    return [...this.#kept.values()].flatMap((kept) =>
      kept instanceof Kin ? kept.list() : [listed(kept)],
    );
  }

  breakers(): readonly ListedBreaker[] {
    return [...this.#kept].flatMap(([name, kept]) =>
      kept instanceof Kin ? kept.breakers() : breakerOf(name, kept),
    );
  }

  #claim(name: string): void {
    if (!this.#kept.has(name)) return;
    throw new HomeostatError("OPTION_INVALID", `registry: the name ${name} is taken`);
  }
}

class Kin {
  readonly #name: string;
  readonly #max: number;
  readonly #kept = new Map<string, Configured>();
  #options: (key: string) => FamilyOptions<never, unknown>;

  constructor(name: string, options: (key: string) => FamilyOptions<never, unknown>, max: number) {
    this.#name = name;
    this.#options = options;
    this.#max = max;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(key: string): Configured {
    const known = this.#kept.get(key);
    const found = known ?? new Configured({ ...this.#options(key), name: this.#name }, key);
    // The order of a Map is that of insertion: the first was used longest ago.
    if (known) this.#kept.delete(key);
    this.#kept.set(key, found);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#max) break;
      this.#kept.delete(oldest);
    }
    return found;
  }

  reload(options: (key: string) => FamilyOptions<never, unknown>): void {
    const changes = [...this.#kept].map(([key, kept]) => kept.prepare(options(key)));
    for (const change of changes) change();
    this.#options = options;
  }

  delete(key: string): boolean {
    return this.#kept.delete(key);
  }

  list(): readonly Listed[] {
    return [...this.#kept].map(([key, kept]) => ({
      ...listed(kept),
      key,
    }));
  }

  breakers(): readonly ListedBreaker[] {
    return [...this.#kept].flatMap(([key, kept]) =>
      breakerOf(this.#name, kept).map((found) => ({ ...found, key })),
    );
  }
}

function breakerOf(name: string, { breaker }: Configured): readonly ListedBreaker[] {
  return breaker === undefined ? [] : [{ name, breaker }];
}

function listed({ name, counters, strategies }: Named): Listed {
  const told = new Map<string, number>();
  /** Two of the same name would be one series in metrics. */
  const unique = (given: string): string => {
    const n = (told.get(given) ?? 0) + 1;
    told.set(given, n);
    return n === 1 ? given : `${given}#${n}`;
  };
  return {
    name,
    counters,
    strategies: strategies.map((strategy) => ({
      name: unique(strategy.name),
      figures: strategy.figures?.() ?? {},
    })),
  };
}
