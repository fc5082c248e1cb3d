// The bridge to OpenTelemetry: each message in its own context, with a span where spans are recorded.
import type { Random } from "../../kernel/random.ts";
import { writeTraceparent } from "../parts/trace-context.ts";
import type { OpenTelemetryApi, SpanContext } from "./opentelemetry-api.ts";
import { childTrace, fieldsOf, inTrace, type Trace, type TraceFields } from "./trace.ts";

const consumer = 4;
const failed = 2;

/** Runs the work on one message in the message's own trace, whatever was active before. */
export async function traced<Result>(
  name: string,
  fields: TraceFields,
  { otel, random }: { readonly otel: OpenTelemetryApi | undefined; readonly random: Random },
  work: (trace: Trace) => Promise<Result>,
): Promise<Result> {
  const own = childTrace(fields, random);
  if (!otel) return inTrace(own, undefined, () => work(own));
  const carrier = own.parentSpanId === undefined ? {} : fieldsOf(fields);
  const from = otel.propagation.extract(otel.ROOT_CONTEXT, carrier);
  const span = otel.trace?.getTracer("homeostat").startSpan(name, { kind: consumer }, from);
  if (!otel.trace || !span) {
    return inTrace(own, otel, () => otel.context.with(from, () => work(own)));
  }
  const trace = asRecorded(own, span.spanContext());
  const active = otel.trace.setSpan(from, span as never);
  try {
    return await inTrace(trace, otel, () => otel.context.with(active, () => work(trace)));
  } catch (error) {
    span.recordException(error instanceof Error ? error : new Error(String(error)));
    span.setStatus({ code: failed });
    throw error;
  } finally {
    span.end();
  }
}

/** The span's own identifiers, unless nobody records spans: then its parent's are all it has. */
function asRecorded(own: Trace, { traceId, spanId, traceFlags }: SpanContext): Trace {
  if (/^0*$/.test(traceId) || spanId === own.parentSpanId) return own;
  const flags = traceFlags & 3;
  const traceparent = writeTraceparent({ traceId, spanId, flags });
  return { ...own, traceId, spanId, sampled: (flags & 1) === 1, traceparent };
}

/** What carries the active context to another process; empty when nothing is active or set up. */
export function injected(otel: OpenTelemetryApi): TraceFields {
  const carrier: Record<string, unknown> = {};
  otel.propagation.inject(otel.context.active(), carrier);
  const text = (key: string): string | undefined => {
    const value = carrier[key];
    return typeof value === "string" ? value : undefined;
  };
  return fieldsOf({
    traceparent: text("traceparent"),
    tracestate: text("tracestate"),
    baggage: text("baggage"),
  });
}
