// Reads Prometheus remote-write 1.0: a `prometheus.WriteRequest`, prompb/remote.proto and types.proto.
import type { Labels } from "../model/series.ts";
import { type Cursor, cursorOf, double, enter, signed, skip, text, varint } from "./wire/cursor.ts";

/** What hears of each series, then of each of its samples. */
export interface WriteVisitor {
  /** `key` is the same for the same labels; `labels` reads them, the name of the metric among them. */
  series(key: string, labels: () => Labels): void;
  /** `isStale`: not a value but the end of the series, for now. */
  sample(value: number, unixMs: number, isStale: boolean): void;
  /** A native histogram: its content is not read. */
  histogram(): void;
  metadata(metric: string, type: MetricType): void;
}

export type MetricType = "counter" | "gauge" | "histogram" | "summary" | "unknown";

/** By number, in both versions. */
export const types: readonly MetricType[] = [
  ...([
    "unknown",
    "counter",
    "gauge",
    "histogram",
    "unknown",
    "summary",
    "gauge",
    "gauge",
  ] as const),
];

/** Tags: the number of a field times 8, and how it is written. */
const [timeseries, metadata] = [10, 26];
const [label, sample, nativeHistogram] = [10, 18, 34];
const seriesMax = 200_000;

/** @throws WIRE_SHAPE */
export function readWriteRequest(bytes: Buffer, visitor: WriteVisitor): void {
  const it = cursorOf(bytes, seriesMax);
  while (it.at < it.end) {
    const tag = varint(it);
    if (tag === timeseries) inside(it, () => readSeries(it, visitor));
    else if (tag === metadata) inside(it, () => readMetadata(it, visitor));
    else skip(it, tag & 7);
  }
}

export function inside(it: Cursor, read: () => unknown): void {
  const outer = enter(it);
  read();
  it.at = it.end;
  it.end = outer;
}

function readSeries(it: Cursor, visitor: WriteVisitor): void {
  const { at: start, end } = it;
  let key = "";
  let from = start;
  // Labels come before samples as a rule, in one run: its bytes are the key.
  while (it.at < end) {
    from = it.at;
    const tag = varint(it);
    skip(it, tag & 7);
    if (tag !== label) continue;
    while (it.at < end && it.bytes[it.at] === label) {
      it.at += 1;
      skip(it, 2);
    }
    key += it.bytes.toString("latin1", from, it.at);
  }
  visitor.series(key, () => labelsOfKey(key));
  it.at = start;
  while (it.at < end) {
    const tag = varint(it);
    if (tag === sample) readSample(it, visitor);
    else {
      skip(it, tag & 7);
      if (tag === nativeHistogram) visitor.histogram();
    }
  }
}

/** The marker is a NaN with one payload: which a double need not keep. */
const [staleHigh, staleLow] = [0x7ff00000, 2];

export function readSample(it: Cursor, visitor: WriteVisitor): void {
  const outer = enter(it);
  let [value, unixMs, isStale] = [0, 0, false];
  while (it.at < it.end) {
    const tag = varint(it);
    if (tag === 9) {
      const { at, bytes } = it;
      value = double(it);
      isStale =
        Number.isNaN(value) &&
        bytes.readUInt32LE(at + 4) === staleHigh &&
        bytes.readUInt32LE(at) === staleLow;
    } else if (tag === 16) unixMs = signed(it);
    else skip(it, tag & 7);
  }
  it.end = outer;
  visitor.sample(value, unixMs, isStale);
}

function labelsOfKey(key: string): Labels {
  const labels: Record<string, string> = {};
  const it = cursorOf(Buffer.from(key, "latin1"));
  while (it.at < it.end) {
    varint(it);
    inside(it, () => {
      let [name, value] = ["", ""];
      while (it.at < it.end) {
        const tag = varint(it);
        if (tag === 10) name = text(it);
        else if (tag === 18) value = text(it);
        else skip(it, tag & 7);
      }
      labels[name] = value;
    });
  }
  return labels;
}

function readMetadata(it: Cursor, visitor: WriteVisitor): void {
  let [type, metric] = [0, ""];
  while (it.at < it.end) {
    const tag = varint(it);
    if (tag === 8) type = varint(it);
    else if (tag === 18) metric = text(it);
    else skip(it, tag & 7);
  }
  if (metric !== "") visitor.metadata(metric, types[type] ?? "unknown");
}
