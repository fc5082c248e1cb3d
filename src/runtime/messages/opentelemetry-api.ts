// What is needed of OpenTelemetry's API object, which the app gives.

/** As `Context` of @opentelemetry/api. */
export interface OpenTelemetryContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): OpenTelemetryContext;
  deleteValue(key: symbol): OpenTelemetryContext;
}

export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

interface Span {
  spanContext(): SpanContext;
  setStatus(status: { readonly code: number }): unknown;
  recordException(error: Error): void;
  end(): void;
}

/** `import * as api from "@opentelemetry/api"` fits. */
export interface OpenTelemetryApi {
  readonly ROOT_CONTEXT: OpenTelemetryContext;
  readonly context: {
    active(): OpenTelemetryContext;
    with<Result>(context: OpenTelemetryContext, work: () => Result): Result;
  };
  readonly propagation: {
    inject(context: OpenTelemetryContext, carrier: unknown): void;
    extract(context: OpenTelemetryContext, carrier: unknown): OpenTelemetryContext;
  };
  /** With it each message is a span of its own, of kind CONSUMER. */
  readonly trace?: {
    getTracer(name: string): {
      startSpan(
        name: string,
        options: { readonly kind: number },
        context: OpenTelemetryContext,
      ): Span;
    };
    setSpan(context: OpenTelemetryContext, span: never): OpenTelemetryContext;
  };
}
