// Judges what the end of a call tells of its target's load.
import { failureOf } from "../blame.ts";
import { answered } from "../options.ts";
import { errorOf } from "../rejection.ts";
import type { Call } from "../strategy.ts";

/** What the user says of errors and results of the target itself. */
export interface Signs {
  readonly when: (error: unknown) => boolean;
  readonly whenResult: ((value: unknown) => boolean) | undefined;
}

/**
 * A failure: nothing came in time, it is one of those meant by `when`, or another answer of the
 * target. Undefined when it says nothing of the target: refusals of strategies further in never
 * reached it, and the caller's abort is his own.
 */
export function blameOf(
  call: Call,
  value: unknown,
  when: Signs["when"],
): "timeout" | "meant" | "other" | undefined {
  const failure = failureOf(call, value);
  if (failure !== "error") return failure;
  return answered("when", when(errorOf(value))) ? "meant" : "other";
}

export function isMeant(value: unknown, whenResult: Signs["whenResult"]): boolean {
  return whenResult !== undefined && answered("whenResult", whenResult(value));
}

/** It tells the time, the load, both (a timeout: so long at least) or, undefined, nothing. */
export type Ending = "answered" | "timed-out" | "refused" | undefined;

/**
 * `before`: how often the call had been repeated when it came. What was repeated further in took more
 * than a call takes: waiting and earlier attempts are in it.
 */
export function endingOf(
  call: Call,
  before: number,
  ok: boolean,
  value: unknown,
  signs: Signs,
): Ending {
  const once = call.repeats === before;
  if (ok) {
    if (isMeant(value, signs.whenResult)) return "refused";
    return once ? "answered" : undefined;
  }
  const blame = blameOf(call, value, signs.when);
  if (blame === "timeout") return once ? "timed-out" : "refused";
  return blame === "meant" ? "refused" : undefined;
}

/** Where errors carry a status: fetch wrappers, axios, Node's and undici's own codes. */
interface Signed {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly response?: { readonly status?: unknown; readonly statusCode?: unknown } | null;
}

const timeoutCodes: ReadonlySet<unknown> = new Set([
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** A timeout of whatever make (by name or code), or HTTP 429 or 503 as `status` or `statusCode`. */
export function signsOverload(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { name, code, status, statusCode, response }: Signed = error;
  if (name === "TimeoutError" || timeoutCodes.has(code)) return true;
  const told = status ?? statusCode ?? response?.status ?? response?.statusCode;
  return told === 429 || told === 503;
}
