// What features can be told, and what is shown of them.
import type { Reason } from "../../model/reason.ts";
import type { Bus } from "../parts/bus.ts";
import type { HealthView } from "../parts/health.ts";
import type { Surroundings } from "../parts/surroundings.ts";

/** True, false, or a question that is asked each time; one that throws is answered no. */
export type Flag = boolean | (() => boolean);

/** So many looks in a row, or so many milliseconds without a break. */
export type Lasting = { readonly looks: number } | { readonly ms: number };

/** What a feature sees of a breaker of homeostat/policies, or of any other. */
export interface BreakerView {
  readonly state: "closed" | "open" | "half-open";
  /** Held open by hand. */
  readonly isolated?: boolean;
}

export interface FeatureOptions<Args extends readonly unknown[], Result> {
  readonly run: (...args: Args) => Result | Promise<Result>;
  /** Answers in its place, also when `run` throws; may answer less. */
  readonly fallback?: (...args: Args) => Result | Promise<Result>;
  /** The name of a flag, or one of its own. */
  readonly flag?: string | Flag;
  /** Names of health checks; it is not available while one of them is unhealthy. */
  readonly dependsOn?: readonly string[];
  /** Not available while it is open, but for one trial every `trialMs`. */
  readonly breaker?: BreakerView;
  /** Switched off when the app is degraded to this level or a higher one; 1 to 9. Default never. */
  readonly level?: number;
  /** How long what it needs must be bad before it is off; default one look. */
  readonly offAfter?: Lasting;
  /** How long what it needs must be good before it is on again; default 10 s. */
  readonly onAfter?: Lasting;
  /** Milliseconds between two trials while its breaker is open; default 5,000. */
  readonly trialMs?: number;
}

export interface FeaturesOptions extends Partial<Surroundings> {
  readonly health?: HealthView;
  /** Hears `feature.unavailable` and `feature.available`, `features.degraded` and `.restored`. */
  readonly bus?: Bus;
  readonly flags?: Readonly<Record<string, Flag>>;
  /** Milliseconds between two looks at what features need, once started; default 1,000. */
  readonly everyMs?: number;
}

export interface OverrideOptions {
  /** Milliseconds after which it ends by itself; default an hour, at most a week. */
  readonly forMs?: number;
  readonly by: string;
}

/** One feature, as `list()` shows it. */
export interface FeatureState {
  readonly name: string;
  readonly available: boolean;
  readonly why: Reason;
  /** ISO 8601; since when it is or is not available. */
  readonly since: string;
  readonly level?: number;
  readonly dependsOn: readonly string[];
  readonly override?: { readonly state: "on" | "off"; readonly by: string; readonly until: string };
  /** Calls of `use`. */
  readonly uses: number;
  /** Those that were answered by the fallback. */
  readonly fallbacks: number;
  /** Times that `run` threw. */
  readonly failures: number;
  readonly lastError?: string;
}

/** A registered feature, with the types of what it takes and gives. */
export interface Feature<Args extends readonly unknown[], Result> extends Disposable {
  readonly name: string;
  use(...args: Args): Promise<Result>;
  isAvailable(): boolean;
}

export interface Features extends Disposable {
  /** @throws OPTION_INVALID for a name that is taken or options that cannot be. */
  register<Args extends readonly unknown[], Result>(
    name: string,
    options: FeatureOptions<Args, Result>,
  ): Feature<Args, Result>;
  /**
   * The feature, else its fallback. What `run` throws without a fallback is thrown on.
   * @throws FeatureUnavailable when it is not available, or unknown, and there is no fallback.
   */
  use<Result = unknown>(name: string, ...args: readonly unknown[]): Promise<Result>;
  /** False for a feature that is not known, or whose flag, check or breaker throws. */
  isAvailable(name: string): boolean;
  /** By hand, whatever flag, level, checks and breaker say; ends by itself or with the handle. */
  override(name: string, state: "on" | "off", options: OverrideOptions): Disposable;
  /** Switches off all features of this level and those below it; 0 restores. */
  degrade(level: number, by: string): void;
  restore(by: string): void;
  readonly level: number;
  setFlag(name: string, on: Flag): void;
  /** False for a flag that is not known or throws. */
  isOn(flag: string): boolean;
  list(): readonly FeatureState[];
  /** Checks and flags that are named and are not there. */
  problems(): readonly string[];
  /**
   * Begins to look at what the features need, so that changes are told also while nobody uses them.
   * @throws OPTION_INVALID with all `problems()`.
   */
  start(): void;
}
