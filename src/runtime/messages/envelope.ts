// The envelope of a message: its data, and the trace it belongs to.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { type Random, systemRandom } from "../../kernel/random.ts";
import { plain, redact } from "../../kernel/redact.ts";
import { readTraceparent } from "../parts/trace-context.ts";
import { injected } from "./opentelemetry.ts";
import type { OpenTelemetryApi } from "./opentelemetry-api.ts";
import {
  childTrace,
  currentOpenTelemetry,
  currentTrace,
  fieldsOf,
  type TraceFields,
} from "./trace.ts";

/** Plain data: JSON and the structured clone algorithm carry it as it is. */
export interface Envelope<Data = unknown> extends TraceFields {
  readonly data: Data;
  readonly traceparent: string;
  /** Of an answer: why there is none. */
  readonly error?: EnvelopeError;
}

export interface EnvelopeError {
  readonly message: string;
  readonly code?: string;
}

export interface EnvelopeOptions extends TraceFields {
  /** Default: that of the task whose message is processed now. */
  readonly otel?: OpenTelemetryApi;
  readonly random?: Random;
}

/**
 * The trace is the one given, else what OpenTelemetry has active, else that of the message that is
 * processed now; without any a new one begins.
 */
export function envelope<Data>(data: Data, options: EnvelopeOptions = {}): Envelope<Data> {
  const { otel = currentOpenTelemetry(), random = systemRandom } = options;
  const fields = {
    ...(currentTrace() && fieldsOf(currentTrace() ?? {})),
    ...(otel && injected(otel)),
    ...fieldsOf(options),
  };
  if (readTraceparent(fields.traceparent)) {
    return { data, ...fields, traceparent: String(fields.traceparent) };
  }
  const { traceparent } = childTrace({}, random);
  return { data, ...fieldsOf({ baggage: fields.baggage }), traceparent };
}

export interface Opened extends TraceFields {
  readonly data: unknown;
  readonly error?: EnvelopeError;
}

const known = new Set(["data", "error", "traceparent", "tracestate", "baggage"]);

/**
 * The data and the trace of a message. What has a `traceparent` beside other fields, such as a
 * CloudEvent with the distributed tracing extension, is its own data; what has none is bare data.
 */
export function open(message: unknown): Opened {
  if (typeof message !== "object" || message === null || !("traceparent" in message)) {
    return { data: message };
  }
  const text = (key: keyof TraceFields): string | undefined => {
    const value = (message as Record<string, unknown>)[key];
    return typeof value === "string" ? value : undefined;
  };
  const fields = fieldsOf({
    traceparent: text("traceparent"),
    tracestate: text("tracestate"),
    baggage: text("baggage"),
  });
  if (!Object.keys(message).every((key) => known.has(key))) return { data: message, ...fields };
  const { data, error } = message as { readonly data?: unknown; readonly error?: unknown };
  return { data, ...fields, ...(isError(error) && { error }) };
}

/** What a receiver may know of an error: its words without secrets, and its code. */
export function told(error: unknown): EnvelopeError {
  const code = error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
  const message = redact(plain(messageOf(error)));
  return { message, ...(typeof code === "string" && { code }) };
}

/** The data of an answer. @throws ACTION_FAILED with the words of the one who could not answer. */
export function answerIn(message: unknown): unknown {
  const { data, error } = open(message);
  if (!error) return data;
  throw new HomeostatError("ACTION_FAILED", `no answer: ${error.message}`, { details: error });
}

function isError(value: unknown): value is EnvelopeError {
  return typeof value === "object" && value !== null && "message" in value;
}
