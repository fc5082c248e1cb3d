// Reads how long a server asks to wait: the Retry-After of an answer or error, or a field in ms.
import type { Clock } from "../kernel/clock.ts";

/**
 * Milliseconds, or undefined when nothing is asked. Looks for `retryAfterMs` on the value or its
 * `details`, then for a `retry-after` header on the value, its `response` or its `cause`; the header
 * is in seconds or an HTTP date (RFC 9110, 10.2.3).
 */
export function retryAfterOf(value: unknown, clock: Clock): number | undefined {
  for (const place of [value, field(value, "details")]) {
    const ms = field(place, "retryAfterMs");
    if (typeof ms === "number" && ms >= 0) return ms;
  }
  for (const place of [value, field(value, "response"), field(value, "cause")]) {
    const text = header(field(place, "headers"));
    if (text !== undefined) return parse(text, clock);
  }
  return undefined;
}

function parse(text: string, clock: Clock): number | undefined {
  if (/^\s*\d+(\.\d+)?\s*$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - clock.wall());
}

function header(headers: unknown): string | undefined {
  const get = field(headers, "get");
  const found =
    typeof get === "function" ? get.call(headers, "retry-after") : field(headers, "retry-after");
  return typeof found === "string" || typeof found === "number" ? String(found) : undefined;
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
