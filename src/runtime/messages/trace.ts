// One message, one trace: the trace of the message that is processed now, and what carries it on.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Random } from "../../kernel/random.ts";
import {
  newSpanId,
  newTraceId,
  readTraceparent,
  writeTraceparent,
} from "../parts/trace-context.ts";
import type { OpenTelemetryApi } from "./opentelemetry-api.ts";

/** The headers of W3C Trace Context and W3C Baggage, as they travel. */
export interface TraceFields {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  readonly baggage?: string | undefined;
}

/** The work on one message. */
export interface Trace extends TraceFields {
  readonly traceId: string;
  /** Of this work. */
  readonly spanId: string;
  /** Of who sent the message; absent when the trace begins here. */
  readonly parentSpanId?: string;
  readonly sampled: boolean;
  /** Names this work as the parent: what is sent on its behalf carries it. */
  readonly traceparent: string;
}

interface Current {
  readonly trace: Trace;
  readonly otel: OpenTelemetryApi | undefined;
}

const current = new AsyncLocalStorage<Current>();

/** The trace of the message that is processed by the code that asks. */
export function currentTrace(): Trace | undefined {
  return current.getStore()?.trace;
}

export function currentOpenTelemetry(): OpenTelemetryApi | undefined {
  return current.getStore()?.otel;
}

export function inTrace<Result>(
  trace: Trace,
  otel: OpenTelemetryApi | undefined,
  work: () => Result,
): Result {
  return current.run({ trace, otel }, work);
}

/** Continues the trace that the fields name by a span of its own; without one a trace begins. */
export function childTrace(fields: TraceFields, random: Random): Trace {
  const parent = readTraceparent(fields.traceparent);
  const span = {
    traceId: parent?.traceId ?? newTraceId(random),
    spanId: newSpanId(random),
    flags: parent?.flags ?? 1,
  };
  // The state of a trace is meaningless in another one.
  const tracestate = parent && headerOf(fields.tracestate, 512);
  const baggage = headerOf(fields.baggage, 8_192);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(parent && { parentSpanId: parent.spanId }),
    sampled: (span.flags & 1) === 1,
    traceparent: writeTraceparent(span),
    ...(tracestate !== undefined && { tracestate }),
    ...(baggage !== undefined && { baggage }),
  };
}

export function fieldsOf({ traceparent, tracestate, baggage }: TraceFields): TraceFields {
  return {
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    ...(baggage !== undefined && { baggage }),
  };
}

/** A header is passed on whole or not at all: half of one would say something else. */
function headerOf(value: unknown, longest: number): string | undefined {
  if (typeof value !== "string" || value.length > longest) return undefined;
  return /^[\x20-\x7e]+$/.test(value) ? value : undefined;
}

/** Pairs that travel with a trace, such as the device a message is about. Source: W3C Baggage. */
export function writeBaggage(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join(",");
}

/** Values that cannot be decoded stay as they are; properties of entries are left out. */
export function readBaggage(text: string | undefined): Readonly<Record<string, string>> {
  const pairs = (text ?? "").split(",", 180).flatMap((entry) => {
    const [pair = ""] = entry.split(";", 1);
    const at = pair.indexOf("=");
    return at < 1 ? [] : [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())] as const];
  });
  return Object.fromEntries(pairs);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
