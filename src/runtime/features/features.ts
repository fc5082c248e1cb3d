// Features that can be switched off one by one, so that the rest of the app goes on without them.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { because } from "../../model/reason.ts";
import { checkOptions } from "../../policies/options.ts";
import { surroundings } from "../parts/surroundings.ts";
import { type Answer, flagSays } from "./availability.ts";
import { createBeat } from "./beat.ts";
import { type AnyOptions, type Around, Unit } from "./feature.ts";
import type {
  Feature,
  FeatureOptions,
  Features,
  FeaturesOptions,
  Flag,
  OverrideOptions,
} from "./feature-options.ts";
import { featureRules, overrideRules } from "./rules.ts";
import { featureUnavailable } from "./unavailable.ts";

const featuresMax = 1_000;
const hourMs = 3_600_000;
const levelMax = 9;

/** Usable alone; see {@link Features}. */
export function createFeatures(options: FeaturesOptions = {}): Features {
  return new Register(options);
}

class Register implements Features {
  readonly #units = new Map<string, Unit>();
  readonly #flags: Map<string, Flag>;
  readonly #options: FeaturesOptions;
  readonly #around: Around;
  #beat: Disposable | undefined;
  #level = 0;

  constructor(options: FeaturesOptions) {
    const { health, everyMs = 1_000, flags = {} } = options;
    this.#options = options;
    this.#flags = new Map(Object.entries(flags));
    this.#around = {
      ...surroundings(options),
      ...{ health, everyMs },
      level: () => this.#level,
      flag: (name) => this.#flags.get(name),
      changed: (name, answer) => this.#changed(name, answer),
    };
  }

  get level(): number {
    return this.#level;
  }

  register<Args extends readonly unknown[], Result>(
    name: string,
    options: FeatureOptions<Args, Result>,
  ): Feature<Args, Result> {
    checkOptions(`feature ${name}`, options, featureRules);
    if (typeof options.run !== "function") throw wrong(`feature ${name}: run must be a function`);
    if (typeof name !== "string" || name === "") throw wrong("a feature needs a name");
    if (this.#units.has(name)) throw wrong(`there already is a feature called "${name}"`);
    if (this.#units.size >= featuresMax) throw wrong(`there are ${featuresMax} features`);
    // A name gives back what was registered under it; the types are with the handle.
    const unit = new Unit(name, options as unknown as AnyOptions, this.#around);
    this.#units.set(name, unit);
    return {
      name,
      use: (...args) => unit.use(args) as Promise<Result>,
      isAvailable: () => unit.answer().available,
      [Symbol.dispose]: () => {
        if (this.#units.get(name) === unit) this.#units.delete(name);
      },
    };
  }

  async use<Result = unknown>(name: string, ...args: readonly unknown[]): Promise<Result> {
    const unit = this.#units.get(name);
    if (!unit) {
      const why = because("unknown-feature", `there is no feature called "${name}"`);
      throw featureUnavailable(name, why);
    }
    return (await unit.use(args)) as Result;
  }

  isAvailable(name: string): boolean {
    return this.#units.get(name)?.answer().available ?? false;
  }

  override(name: string, state: "on" | "off", given: OverrideOptions): Disposable {
    const unit = this.#units.get(name);
    if (!unit) throw wrong(`there is no feature called "${name}" to switch ${state}`);
    if (state !== "on" && state !== "off")
      throw wrong(`a feature is switched on or off, not ${state}`);
    checkOptions(`override of ${name}`, given, overrideRules);
    const { forMs = hourMs, by } = given;
    if (!by) throw wrong(`override of ${name}: say by whom`);
    const { clock, log } = this.#around;
    const until = new Date(clock.wall() + forMs).toISOString();
    const override = { state, by, untilMs: clock.now() + forMs, until };
    unit.override = override;
    log.warn(`feature ${name} is switched ${state} by hand`, { by, until });
    unit.answer();
    return {
      [Symbol.dispose]: () => {
        // A later one by somebody else is not this one's to lift.
        if (unit.override !== override) return;
        unit.override = undefined;
        unit.answer();
      },
    };
  }

  degrade(level: number, by: string): void {
    if (!Number.isInteger(level) || level < 0 || level > levelMax) {
      throw wrong(`a level is a whole number from 0 to ${levelMax}, got ${level}`);
    }
    if (level === this.#level) return;
    const worse = level > this.#level;
    this.#level = level;
    const { log } = this.#around;
    log[worse ? "warn" : "info"](`features are degraded to level ${level}`, { by });
    this.#say(worse ? "features.degraded" : "features.restored", "features", worse, { level, by });
    this.#lookAtAll();
  }

  restore(by: string): void {
    this.degrade(0, by);
  }

  setFlag(name: string, on: Flag): void {
    this.#flags.set(name, on);
    this.#lookAtAll();
  }

  isOn(name: string): boolean {
    return flagSays(name, this.#flags.get(name)).available;
  }

  list(): ReturnType<Features["list"]> {
    return [...this.#units.values()].map((unit) => unit.state());
  }

  problems(): readonly string[] {
    const checks = new Set(this.#options.health?.list().map(({ name }) => name));
    return [...this.#units.values()].flatMap(({ name, options: { dependsOn = [], flag } }) => {
      const missing = dependsOn
        .filter((check) => !checks.has(check))
        .map(
          (check) => `feature ${name} depends on health check "${check}", which is not registered`,
        );
      if (typeof flag === "string" && !this.#flags.has(flag)) {
        missing.push(`feature ${name} has the flag "${flag}", which is not set`);
      }
      return missing;
    });
  }

  start(): void {
    const problems = this.problems();
    if (problems.length > 0) {
      throw new HomeostatError("OPTION_INVALID", problems.join("; "), { details: problems });
    }
    const { clock, everyMs } = this.#around;
    this.#beat ??= createBeat(clock, everyMs, () => this.#lookAtAll());
  }

  [Symbol.dispose](): void {
    this.#beat?.[Symbol.dispose]();
    this.#beat = undefined;
  }

  #lookAtAll(): void {
    for (const unit of this.#units.values()) unit.answer();
  }

  #changed(name: string, { available, why }: Answer): void {
    const { log } = this.#around;
    const word = available ? "available" : "unavailable";
    log[available ? "info" : "warn"](`feature ${name} is ${word}: ${why.text}`);
    this.#say(`feature.${word}`, name, !available, { why });
  }

  #say(type: string, source: string, bad: boolean, data: unknown): void {
    const severity = bad ? "warning" : "info";
    try {
      this.#options.bus?.publish({ type, source, severity, data });
    } catch (error) {
      this.#around.log.error(`${type} could not be told: ${messageOf(error)}`, { error });
    }
  }
}

function wrong(message: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", message);
}
