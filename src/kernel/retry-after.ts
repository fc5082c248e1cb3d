// Reads how long a server asks to wait: the Retry-After of an answer or error, or a field in ms.
import type { Clock } from "./clock.ts";

/** What may carry a wish; each field is looked at by name, as a search would cost every failure. */
interface Asking {
  readonly retryAfterMs?: unknown;
  readonly details?: Asking | null;
  readonly headers?: unknown;
  readonly response?: Asking | null;
  readonly cause?: Asking | null;
}

/**
 * Milliseconds, or undefined when nothing is asked. Looks for `retryAfterMs` on the value or its
 * `details`, then for a `retry-after` header on the value, its `response` or its `cause`; the header
 * is in seconds or an HTTP date (RFC 9110, 10.2.3).
 */
export function retryAfterOf(value: unknown, clock: Clock): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { retryAfterMs, details, headers, response, cause }: Asking = value;
  if (retryAfterMs !== undefined) return wait(retryAfterMs);
  const told = details ? wait(details.retryAfterMs) : undefined;
  if (told !== undefined) return told;
  const found = headers ?? response?.headers ?? cause?.headers;
  return found === undefined ? undefined : parse(header(found), clock);
}

function wait(ms: unknown): number | undefined {
  return typeof ms === "number" && ms >= 0 ? ms : undefined;
}

function parse(text: string | undefined, clock: Clock): number | undefined {
  if (text === undefined) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - clock.wall());
}

function header(headers: unknown): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const named = headers as { readonly get?: unknown; readonly "retry-after"?: unknown };
  const found = typeof named.get === "function" ? named.get("retry-after") : named["retry-after"];
  return typeof found === "string" || typeof found === "number" ? String(found) : undefined;
}
