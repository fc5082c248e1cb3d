// Checks of values that came over a wire: each returns what it promises or throws WIRE_SHAPE.
import { HomeostatError } from "../kernel/errors.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** @throws WIRE_SHAPE naming the field, what was expected and what came. */
export function mismatch(at: string, expected: string, got: unknown): never {
  throw new HomeostatError("WIRE_SHAPE", `${at}: expected ${expected}, got ${shown(got)}`);
}

function shown(got: unknown): string {
  try {
    return (JSON.stringify(got) ?? "nothing").slice(0, 80);
  } catch {
    // It can be read, but not written: some thousand lists inside each other.
    return "something nested too deep";
  }
}

export function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    const shown = JSON.stringify(line.slice(0, 80));
    throw new HomeostatError("WIRE_SHAPE", `expected a line of JSON, got ${shown}`, { cause });
  }
}

export function fields(value: unknown, at: string): Fields {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : mismatch(at, "an object", value);
}

export function list<T>(
  value: unknown,
  at: string,
  limit: number,
  item: (value: unknown, at: string) => T,
): T[] {
  if (!Array.isArray(value) || value.length > limit) {
    return mismatch(at, `a list of at most ${limit}`, value);
  }
  return value.map((entry, i) => item(entry, `${at}[${i}]`));
}

export function text(value: unknown, at: string): string {
  const fits = typeof value === "string" && value.length > 0 && value.length <= 1_024;
  return fits ? value : mismatch(at, "text of 1 to 1024 characters", value);
}

/** A whole number from `low` to `high`. */
export function whole(
  value: unknown,
  at: string,
  low = 0,
  high: number = Number.MAX_SAFE_INTEGER,
): number {
  const fits = Number.isSafeInteger(value) && Number(value) >= low && Number(value) <= high;
  return fits ? Number(value) : mismatch(at, `a whole number from ${low} to ${high}`, value);
}

/** A finite number from 0 to `high`. */
export function amount(value: unknown, at: string, high: number): number {
  const fits = typeof value === "number" && value >= 0 && value <= high;
  return fits ? value : mismatch(at, `a number from 0 to ${high}`, value);
}

export function flag(value: unknown, at: string): boolean {
  return typeof value === "boolean" ? value : mismatch(at, "true or false", value);
}

/** One of the words that are given. */
export function word<Word extends string>(
  value: unknown,
  at: string,
  words: readonly Word[],
): Word {
  const found = words.find((each) => each === value);
  if (found !== undefined) return found;
  const [last, ...others] = words.toReversed();
  return mismatch(at, `${others.toReversed().join(", ")} or ${last}`, value);
}

/** Text that may be empty: a reason, a sentence. */
export function sentence(value: unknown, at: string): string {
  return value === "" ? value : text(value, at);
}

/** ISO 8601 */
export function moment(value: unknown, at: string): string {
  const fits = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
  if (typeof value === "string" && fits.test(value) && !Number.isNaN(Date.parse(value))) {
    return value;
  }
  return mismatch(at, "a moment as 2026-11-21T03:00:00.000Z", value);
}

/** The field under its name, checked; nothing when it is absent. */
export function maybe<Key extends string, T>(
  key: Key,
  value: unknown,
  at: string,
  check: (value: unknown, at: string) => T,
): { readonly [K in Key]?: T } {
  if (value === undefined) return {};
  return { [key]: check(value, `${at}.${key}`) } as { readonly [K in Key]?: T };
}
