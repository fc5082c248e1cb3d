// Requests of OTLP by hand, the same content as protobuf and as JSON.
import { type Bytes, double, fixed64, piece, text, whole } from "./protobuf-writer.ts";

export type Pairs = Readonly<Record<string, string>>;

export interface SumPoint {
  readonly labels: Pairs;
  readonly value: number;
  readonly unixMs: number;
  readonly startMs?: number;
}

export interface SumMetric {
  readonly name: string;
  readonly unit?: string;
  readonly kind: "gauge" | "counter" | "updown";
  /** Default: cumulative. */
  readonly delta?: boolean;
  readonly points: readonly SumPoint[];
}

export const attribute = (field: number, name: string, value: string): Bytes =>
  piece(field, text(1, name), piece(2, text(1, value)));

const pairs = (field: number, labels: Pairs): readonly Bytes[] =>
  Object.entries(labels).map(([name, value]) => attribute(field, name, value));

const nanos = (ms: number): bigint => BigInt(Math.round(ms * 1_000)) * 1_000n;

/** One resource with one scope. */
export const resource = (labels: Pairs, items: readonly Bytes[]): Bytes =>
  piece(1, piece(1, ...pairs(1, labels)), piece(2, ...items));

export function metric({ name, unit = "", kind, delta, points }: SumMetric): Bytes {
  const list = points.map(({ labels, value, unixMs, startMs = 0 }) =>
    piece(
      1,
      fixed64(2, nanos(startMs)),
      fixed64(3, nanos(unixMs)),
      double(4, value),
      ...pairs(7, labels),
    ),
  );
  const how = [whole(2, delta === true ? 1 : 2), whole(3, kind === "counter" ? 1 : 0)];
  const data = kind === "gauge" ? piece(5, ...list) : piece(7, ...list, ...how);
  return piece(2, text(1, name), text(3, unit), data);
}

export function metricsBody(labels: Pairs, metrics: readonly SumMetric[]): Bytes {
  return resource(labels, metrics.map(metric));
}

const jsonPairs = (labels: Pairs): readonly object[] =>
  Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } }));

export function metricsJson(labels: Pairs, metrics: readonly SumMetric[]): object {
  const items = metrics.map(({ name, unit = "", kind, delta, points }) => {
    const dataPoints = points.map(({ labels: own, value, unixMs, startMs = 0 }) => ({
      attributes: jsonPairs(own),
      startTimeUnixNano: String(nanos(startMs)),
      timeUnixNano: String(nanos(unixMs)),
      asDouble: value,
    }));
    if (kind === "gauge") return { name, unit, gauge: { dataPoints } };
    const aggregationTemporality = delta === true ? 1 : 2;
    const sum = { dataPoints, aggregationTemporality, isMonotonic: kind === "counter" };
    return { name, unit, sum };
  });
  const attributes = jsonPairs(labels);
  const scopeMetrics = [{ scope: { name: "test" }, metrics: items }];
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics }] };
}
