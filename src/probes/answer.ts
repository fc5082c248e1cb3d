// The readings that every kind of probe answers with.
import { HomeostatError } from "../kernel/errors.ts";
import { plain, redact } from "../kernel/redact.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import type { ProbeContext, ProbeTarget } from "./probe.ts";

/** One check that has begun; the loop time of its beginning is where its latency counts from. */
export interface Check {
  readonly of: ProbeTarget;
  readonly ctx: ProbeContext;
  readonly startedAtMs: number;
}

export function begin(of: ProbeTarget, ctx: ProbeContext): Check {
  return { of, ctx, startedAtMs: ctx.clock.now() };
}

/** An answer came `latencyMs` after the start; a note says what is wrong with it. */
export function answered(check: Check, latencyMs: number, note?: string): readonly Reading[] {
  const { target } = check.of;
  const now = check.ctx.clock.now();
  return [
    note === undefined
      ? reading(target, metrics.probe, 1, now)
      : reading(target, metrics.probe, 0, now, note),
    reading(target, metrics.probeLatency, latencyMs, now),
  ];
}

/** No answer can come: refused, reset. */
export function failed(check: Check, note: string): readonly Reading[] {
  return [reading(check.of.target, metrics.probe, 0, check.ctx.clock.now(), note)];
}

/** The signal ended the check. Its own words are used when they say so, as those of `deadline` do. */
export function noAnswer(check: Check, detail?: string): readonly Reading[] {
  const reason: unknown = check.ctx.signal.reason;
  const told = reason instanceof Error && reason.message.startsWith("no answer");
  const spentMs = Math.round(check.ctx.clock.now() - check.startedAtMs);
  const text = told ? reason.message : `no answer within ${spentMs} ms`;
  return failed(check, detail === undefined ? text : `${text} (${detail})`);
}

/** @throws CONFIG_INVALID when neither the probe nor the instance has a port. */
export function portOf(kind: string, of: ProbeTarget, port: number | undefined): number {
  const found = port ?? of.port;
  if (found !== undefined) return found;
  const text = `the ${kind} probe of ${of.target} has no port: expected one in the probe or service`;
  throw new HomeostatError("CONFIG_INVALID", text);
}

/** The beginning of what was answered, on one line and without secrets. */
export function excerpt(text: string, length: number): string {
  const line = redact(
    plain(text.slice(0, length * 4))
      .replaceAll(/\s+/g, " ")
      .trim(),
  );
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

/** What a refused or broken connection is called. */
export function connectionFault(error: Error & { readonly code?: string }): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ECONNRESET":
    case "EPIPE":
      return "connection closed before the answer";
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired";
    default:
      if (error.code?.startsWith("HPE_")) return `the answer is not HTTP (${error.code})`;
      return `connection failed: ${error.code ?? error.message}`;
  }
}
