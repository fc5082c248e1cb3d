// Predicates and back-offs put together from smaller ones, as a sentence is from words.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Backoff, BackoffState } from "./backoff.ts";

/** Whether an error is worth a repeat, as `when` of retry asks. */
export type Worth = (error: unknown, attempt: number) => boolean;

/** Worth it when one of them says so. @throws Misconfigured without any */
export function anyOf(...ones: readonly Worth[]): Worth {
  some("anyOf", ones);
  return (error, attempt) => ones.some((one) => one(error, attempt));
}

/** Worth it when all of them say so. @throws Misconfigured without any */
export function allOf(...ones: readonly Worth[]): Worth {
  some("allOf", ones);
  return (error, attempt) => ones.every((one) => one(error, attempt));
}

export function not(one: Worth): Worth {
  some("not", [one]);
  return (error, attempt) => !one(error, attempt);
}

type Class = abstract new (...args: never[]) => unknown;

/** Errors of these classes. */
export function ofType(...classes: readonly Class[]): Worth {
  some("ofType", classes);
  return (error) => classes.some((one) => error instanceof one);
}

/** Errors with one of these codes, such as "ECONNRESET" or "40001". */
export function ofCode(...codes: readonly string[]): Worth {
  const known = new Set(codes);
  if (codes.length === 0) throw wrong("ofCode", "at least one code");
  return (error) =>
    typeof error === "object" && error !== null && known.has(String(Reflect.get(error, "code")));
}

/** Causes are followed so far: one may be its own. */
const deepest = 20;

/** An error that fits, or has one that fits among its causes. */
export function causedBy(one: Worth): Worth {
  some("causedBy", [one]);
  return (error, attempt) => {
    let next: unknown = error;
    for (let depth = 0; depth < deepest && next !== undefined; depth++) {
      if (one(next, attempt)) return true;
      next = next instanceof Error ? next.cause : undefined;
    }
    return false;
  };
}

/** All of their delays, one after the other: a fixed pause and some chance on top of it. */
export function sumOf(...ones: readonly Backoff[]): Backoff {
  some("sumOf", ones);
  const statesOf = ownStates(ones.length);
  return (n, state, random) => {
    const states = statesOf(state);
    return ones.reduce((sum, one, i) => sum + one(n, states[i] ?? { last: 0 }, random), 0);
  };
}

/** The first one for the first repeat, and so on; the last one for all that follow. */
export function chainOf(...ones: readonly Backoff[]): Backoff {
  some("chainOf", ones);
  const statesOf = ownStates(ones.length);
  const last = ones.length - 1;
  return (n, state, random) => {
    const i = Math.min(n, last);
    const one = ones[i];
    // The last one counts from its own first repeat.
    return one ? one(n - i, statesOf(state)[i] ?? { last: 0 }, random) : 0;
  };
}

/** What one back-off remembers of a call is no business of another. */
function ownStates(count: number): (state: BackoffState) => readonly BackoffState[] {
  const all = new WeakMap<BackoffState, readonly BackoffState[]>();
  return (state) => {
    const known = all.get(state) ?? Array.from({ length: count }, () => ({ last: state.last }));
    all.set(state, known);
    return known;
  };
}

function some(name: string, ones: readonly unknown[]): void {
  if (ones.length > 0 && ones.every((one) => typeof one === "function")) return;
  throw wrong(name, "at least one function, and nothing else");
}

function wrong(name: string, expected: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `${name}: expected ${expected}`);
}
