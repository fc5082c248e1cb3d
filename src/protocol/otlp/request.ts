// What an OTLP request is once it is read, from JSON or from protobuf: every field may be absent.

import { HomeostatError } from "../../kernel/errors.ts";

/** JSON writes 64-bit numbers as text. */
export type Num = number | string | null | undefined;

/** From JSON as a list, from protobuf as the bytes of its fields in a latin1 text. */
export type Attributes = unknown;

export interface Point {
  readonly attributes?: Attributes;
  readonly startTimeUnixNano?: Num;
  readonly timeUnixNano?: Num;
  readonly flags?: Num;
}

export interface NumberPoint extends Point {
  readonly asDouble?: Num;
  readonly asInt?: Num;
}

export interface CountedPoint extends Point {
  readonly count?: Num;
  readonly sum?: Num;
}

export interface HistogramPoint extends CountedPoint {
  readonly bucketCounts?: readonly Num[];
  readonly explicitBounds?: readonly Num[];
}

export interface ExponentialBuckets {
  readonly offset?: Num;
  readonly bucketCounts?: readonly Num[];
}

export interface ExponentialPoint extends CountedPoint {
  readonly scale?: Num;
  readonly zeroCount?: Num;
  readonly zeroThreshold?: Num;
  readonly positive?: ExponentialBuckets;
  readonly negative?: ExponentialBuckets;
}

export interface SummaryPoint extends CountedPoint {
  readonly quantileValues?: readonly { readonly quantile?: Num; readonly value?: Num }[];
}

export interface Data<P> {
  readonly dataPoints?: readonly P[];
  /** 1 delta, 2 cumulative. */
  readonly aggregationTemporality?: Num;
  readonly isMonotonic?: boolean | Num;
}

export interface Metric {
  readonly name?: unknown;
  readonly unit?: unknown;
  readonly gauge?: Data<NumberPoint>;
  readonly sum?: Data<NumberPoint>;
  readonly histogram?: Data<HistogramPoint>;
  readonly exponentialHistogram?: Data<ExponentialPoint>;
  readonly summary?: Data<SummaryPoint>;
}

export interface Span {
  readonly name?: unknown;
  readonly kind?: Num;
  readonly startTimeUnixNano?: Num;
  readonly endTimeUnixNano?: Num;
  readonly status?: { readonly code?: Num };
}

export interface LogRecord {
  readonly timeUnixNano?: Num;
  readonly observedTimeUnixNano?: Num;
  readonly severityNumber?: Num;
  readonly severityText?: unknown;
  readonly body?: unknown;
}

/** The items of one resource, from all its scopes. */
export interface Group<Item> {
  readonly attributes: Attributes;
  readonly items: readonly Item[];
}

export function numberOf(value: Num): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value !== "" ? Number(value) : Number.NaN;
}

/** @throws WIRE_SHAPE for what is no list; one that is absent is empty */
export function numbersOf(values: unknown): readonly number[] {
  if (values === undefined || values === null) return [];
  if (Array.isArray(values)) return (values as readonly Num[]).map(numberOf);
  throw new HomeostatError("WIRE_SHAPE", "expected a list of numbers");
}

/** Milliseconds since 1970; NaN when it is not said. */
export function msOf(nanos: Num): number {
  const value = typeof nanos === "number" ? nanos : numberOf(nanos);
  return value > 0 ? value / 1e6 : Number.NaN;
}
