// What is registered for which failures, and which of several is meant.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Random } from "../../kernel/random.ts";
import { type BackoffOptions, backoff } from "../../policies/retry/backoff.ts";
import { type Pattern, patternOf } from "./pattern.ts";
import type { Delay } from "./recovery-case.ts";
import {
  type Recover,
  type RecoveryOptions,
  type RegisterOptions,
  type Settings,
  settingsOf,
} from "./recovery-options.ts";
import type { Recipe } from "./step.ts";

export interface Registered {
  readonly pattern: Pattern;
  readonly recipe: Recipe;
  readonly settings: Settings;
  readonly delay: Delay;
}

/** All that is registered. */
export interface Registrations {
  /** @throws OPTION_INVALID for a pattern that is taken or options that cannot be. */
  add(text: string, recipe: Recipe | Recover, options: RegisterOptions): Registered;
  remove(one: Registered): void;
  /** The type itself before a pattern, then the pattern that says more, then the first. */
  bestFor(type: string): Registered | undefined;
  /** Checks that are named and are not there; ends of the process that nobody would remember. */
  problems(around: Pick<RecoveryOptions, "health" | "kept">): readonly string[];
}

export function createRegistrations(random: Random): Registrations {
  let all: readonly Registered[] = [];
  return {
    add: (text, recipe, options) => {
      const pattern = patternOf(text);
      if (all.some((other) => other.pattern.text === text)) {
        throw new HomeostatError("OPTION_INVALID", `there already is a recovery of ${text}`);
      }
      const settings = settingsOf(text, options);
      const delay = delayOf(settings.backoff, random);
      const one = { pattern, recipe: recipeOf(text, recipe), settings, delay };
      all = [...all, one];
      return one;
    },
    remove: (one) => {
      all = all.filter((other) => other !== one);
    },
    bestFor: (type) => bestFor(all, type),
    problems: (around) => problemsOf(all, around),
  };
}

function bestFor(all: readonly Registered[], type: string): Registered | undefined {
  const rank = ({ exact, said }: Pattern): number => (exact ? Number.POSITIVE_INFINITY : said);
  return all
    .filter(({ pattern }) => pattern.matches(type))
    .reduce<Registered | undefined>(
      (best, one) => (best && rank(best.pattern) >= rank(one.pattern) ? best : one),
      undefined,
    );
}

function recipeOf(pattern: string, given: Recipe | Recover): Recipe {
  if (typeof given !== "function") return given;
  const name = given.name || pattern;
  return { name, steps: [{ name, run: given }] };
}

/** A jitter that looks at the last wait is given its state, one for all sources of a pattern. */
function delayOf(options: BackoffOptions, random: Random): Delay {
  const wait = backoff(options);
  const state = { last: 0 };
  return (n) => wait(n - 1, state, random);
}

function problemsOf(
  all: readonly Registered[],
  { health, kept }: Pick<RecoveryOptions, "health" | "kept">,
): readonly string[] {
  const checks = new Set(health?.list().map(({ name }) => name));
  return all.flatMap(({ pattern, settings: { verify, endsProcess } }) => {
    const who = `recovery of ${pattern.text}`;
    const isUnknown = typeof verify === "string" && !checks.has(verify);
    return [
      ...(isUnknown ? [`${who}: there is no health check called "${verify}"`] : []),
      ...(endsProcess && !kept
        ? [
            `${who}: endsProcess needs a state file, so that the next process does not end itself too`,
          ]
        : []),
    ];
  });
}
