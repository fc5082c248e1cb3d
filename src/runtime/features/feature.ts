// One feature: whether it is available, and its use with the fallback where it is not or throws.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { HealthView } from "../parts/health.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import {
  type Answer,
  breakerOpen,
  breakerSays,
  checksSay,
  flagSays,
  levelSays,
  no,
  type Override,
  overrideSays,
  unknownCheck,
} from "./availability.ts";
import type { FeatureOptions, FeatureState, Flag } from "./feature-options.ts";
import { looked, type Steady, steadyAtFirst } from "./steadiness.ts";
import { featureUnavailable } from "./unavailable.ts";

/** What a feature sees of the others. */
export interface Around extends Surroundings {
  readonly health: HealthView | undefined;
  readonly level: () => number;
  readonly flag: (name: string) => Flag | undefined;
  readonly everyMs: number;
  /** Hears when a feature becomes available or is so no longer. */
  readonly changed: (name: string, answer: Answer) => void;
}

export type AnyOptions = FeatureOptions<readonly unknown[], unknown>;

const trialMsUsual = 5_000;
/** A feature that throws all the time is told of so often. */
const logEveryMs = 60_000;

export class Unit {
  readonly name: string;
  readonly options: AnyOptions;
  override: Override | undefined;
  readonly #around: Around;
  #steady: Steady = steadyAtFirst;
  #answer: Answer | undefined;
  /** Why the checks were bad last. */
  #bad: Answer | undefined;
  #sinceWall: number;
  #trialAt = Number.NEGATIVE_INFINITY;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #uses = 0;
  #fallbacks = 0;
  #failures = 0;
  #lastError: string | undefined;

  constructor(name: string, options: AnyOptions, around: Around) {
    this.name = name;
    this.options = options;
    this.#around = around;
    this.#sinceWall = around.clock.wall();
  }

  /** Looks, and tells when it is another answer than before. */
  answer(): Answer {
    const { clock, log, changed } = this.#around;
    const now = clock.now();
    if (this.override && now >= this.override.untilMs) this.override = undefined;
    const checks = this.#checks(now);
    const answer = this.override ? overrideSays(this.override, now) : this.#rules(checks);
    const before = this.#answer;
    this.#answer = answer;
    if (answer.why.rule === unknownCheck && before?.why.rule !== unknownCheck) {
      log.error(`feature ${this.name} can never be available: ${answer.why.text}`);
    }
    // At first it is taken for available: that it is not is news.
    if (answer.available !== (before?.available ?? true)) {
      this.#sinceWall = clock.wall();
      changed(this.name, answer);
    }
    return answer;
  }

  async use(args: readonly unknown[]): Promise<unknown> {
    this.#uses += 1;
    const answer = this.answer();
    if (!answer.available && !this.#mayTry(answer)) return this.#instead(args, answer);
    try {
      return await this.options.run(...args);
    } catch (error) {
      if (isCancelled(error)) throw error;
      this.#failed(error);
      if (!this.options.fallback) throw error;
      return this.#instead(args, no("failed", `it failed: ${messageOf(error)}`), error);
    }
  }

  state(): FeatureState {
    const { available, why } = this.answer();
    const { level, dependsOn = [] } = this.options;
    const by = this.override;
    return {
      ...{ name: this.name, available, why, dependsOn },
      since: new Date(this.#sinceWall).toISOString(),
      ...(level === undefined ? {} : { level }),
      ...(by === undefined ? {} : { override: { state: by.state, by: by.by, until: by.until } }),
      ...{ uses: this.#uses, fallbacks: this.#fallbacks, failures: this.#failures },
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  /** Checks are looked at also while something else decides, so that they are known when it ends. */
  #checks(now: number): Answer {
    const { dependsOn = [], offAfter = { looks: 1 }, onAfter = { ms: 10_000 } } = this.options;
    const { health, everyMs } = this.#around;
    const seen = checksSay(dependsOn, health);
    if (!seen.available) this.#bad = seen;
    this.#steady = looked(this.#steady, seen.available, now, { offAfter, onAfter, everyMs });
    if (this.#steady.good) return seen.available ? seen : { ...seen, available: true };
    if (!seen.available) return seen;
    return no("settling", `well again, but not for long: ${this.#bad?.why.text ?? "it was not"}`);
  }

  #rules(checks: Answer): Answer {
    const { level, flag, breaker } = this.options;
    const { level: now, flag: find } = this.#around;
    const degraded = level === undefined ? undefined : levelSays(level, now());
    if (degraded) return degraded;
    if (flag !== undefined) {
      const [name, value] = typeof flag === "string" ? [flag, find(flag)] : [this.name, flag];
      const says = flagSays(name, value);
      if (!says.available) return says;
    }
    if (!checks.available) return checks;
    return breakerSays(breaker) ?? checks;
  }

  /**
   * A breaker finds out by calls whether its target is well: without any it would stay open for ever.
   */
  #mayTry({ why }: Answer): boolean {
    if (why.rule !== breakerOpen) return false;
    const now = this.#around.clock.now();
    if (now - this.#trialAt < (this.options.trialMs ?? trialMsUsual)) return false;
    this.#trialAt = now;
    return true;
  }

  async #instead(args: readonly unknown[], { why }: Answer, error?: unknown): Promise<unknown> {
    const { fallback } = this.options;
    if (!fallback) throw featureUnavailable(this.name, why, error);
    this.#fallbacks += 1;
    try {
      return await fallback(...args);
    } catch (second) {
      if (isCancelled(second)) throw second;
      const both =
        error === undefined ? second : new AggregateError([error, second], messageOf(second));
      throw featureUnavailable(this.name, why, both);
    }
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    this.#lastError = messageOf(error);
    const now = this.#around.clock.now();
    if (now - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now;
    const fields = { feature: this.name, failures: this.#failures, error };
    this.#around.log.warn(`a feature failed: ${this.#lastError}`, fields);
  }
}

/** The caller's own end is no failure of the feature. */
function isCancelled(error: unknown): boolean {
  if (error instanceof HomeostatError) return error.family === "Cancelled";
  return error instanceof Error && error.name === "AbortError";
}
