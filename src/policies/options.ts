// Checks what strategies are told, so that a slip in plain JavaScript or in a config is named at once.
import { HomeostatError } from "../kernel/errors.ts";

/** What is expected, when the value is not it. */
type Expects = (value: unknown) => string | undefined;

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && !Number.isNaN(value);

export const anything: Expects = () => undefined;

export const called: Expects = (value) => (typeof value === "function" ? undefined : "a function");

export const named: Expects = (value) => (typeof value === "string" ? undefined : "a text");

export const flag: Expects = (value) => (typeof value === "boolean" ? undefined : "true or false");

/** A share of something, such as a failure rate. */
export const share: Expects = (value) =>
  isNumber(value) && value > 0 && value <= 1 ? undefined : "above 0 and at most 1";

/** Infinity is a number here: no limit. */
export function atLeast(least: number): Expects {
  return (value) => (isNumber(value) && value >= least ? undefined : `${least} or more`);
}

export function above(least: number): Expects {
  return (value) => (isNumber(value) && value > least ? undefined : `above ${least}`);
}

export function whole(least: number): Expects {
  return (value) => {
    const fits = value === Number.POSITIVE_INFINITY || Number.isInteger(value);
    return fits && (value as number) >= least ? undefined : `a whole number, ${least} or more`;
  };
}

/** A number of places or calls: a limit that is none is a mistake. */
export function count(least: number, most: number = Number.MAX_SAFE_INTEGER): Expects {
  const up = most === Number.MAX_SAFE_INTEGER ? "or more" : `to ${most}`;
  return (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `a whole number, ${least} ${up}`;
}

/** A time that has to pass some day. */
export function finiteAbove(least: number): Expects {
  return (value) => (value === Number.POSITIVE_INFINITY ? "finite" : above(least)(value));
}

export function oneOf(...values: readonly unknown[]): Expects {
  return (value) => (values.includes(value) ? undefined : `one of ${values.map(shown).join(", ")}`);
}

/** What an app gives to any part: a part that has no use for one of these passes it over. */
const around: ReadonlySet<string> = new Set([
  "clock",
  "random",
  "log",
  "stopping",
  "bus",
  "metrics",
]);

/** Throws a Misconfigured error that names the option, what was expected and what was given. */
export function checkOptions<Options extends object>(
  who: string,
  given: Options,
  rules: { readonly [Key in keyof Options]-?: Expects },
): void {
  if (typeof given !== "object" || given === null) wrong(`${who}: expected options`, given);
  for (const [name, value] of Object.entries(given)) {
    const expects = rules[name as keyof Options];
    if (!expects && around.has(name)) continue;
    if (!expects) {
      const known = Object.keys(rules).join(", ");
      throw new HomeostatError(
        "OPTION_INVALID",
        `${who}: there is no option "${name}", but: ${known}`,
      );
    }
    const expected = value === undefined ? undefined : expects(value);
    if (expected !== undefined) wrong(`${who}: ${name} must be ${expected}`, value);
  }
}

/** The answer of a user's predicate. A promise would always count as yes: that is an error. */
export function answered(who: string, answer: unknown): boolean {
  if (typeof answer === "object" && answer !== null && "then" in answer) {
    throw new HomeostatError("OPTION_INVALID", `${who} must answer at once, got a promise`);
  }
  return Boolean(answer);
}

function wrong(what: string, got: unknown): never {
  throw new HomeostatError("OPTION_INVALID", `${what}, got ${shown(got)}`);
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
