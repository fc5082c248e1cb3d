// Rate, errors and duration of the requests that a service takes, from its spans: counted, never kept.

import type { Reading } from "../../model/reading.ts";
import { metrics } from "../../model/reading.ts";
import type { Target } from "../../model/target.ts";
import { type Group, msOf, numberOf, type Span } from "../../protocol/otlp/request.ts";
import type { Tally } from "../foreign/tally.ts";
import type { Whose } from "./whose.ts";

/** Requests of one service over one window. */
interface Window {
  requests: number;
  errors: number;
  /** By duration: bucket `i` reaches up to `bound(i)`. */
  readonly counts: Uint32Array;
}

/** Kinds of spans that take something in: server and consumer. Others are parts of those. */
const [server, consumer] = [2, 5];
const error = 2;
/** From 10 µs on in steps of a twelfth of a doubling, about 6 %, up to 23 hours. */
const [lowestMs, stepsPerDoubling, buckets] = [0.01, 12, 400];
const targetsMax = 1_000;

export interface SpansTaker {
  take(groups: readonly Group<Span>[], whoseOf: (attributes: unknown) => Whose, tally: Tally): void;
  /** Readings of the window that ends now, which begins the next. */
  close(atMs: number): Reading[];
}

/** A trace that was sampled counts as it came: the rate is that of the spans that were sent. */
export function createSpansTaker(startMs: number): SpansTaker {
  let windows = new Map<Target, Window>();
  let openedMs = startMs;
  const windowOf = (target: Target): Window | undefined => {
    const known = windows.get(target);
    if (known || windows.size >= targetsMax) return known;
    const made = { requests: 0, errors: 0, counts: new Uint32Array(buckets) };
    windows.set(target, made);
    return made;
  };
  return {
    take: (groups, whoseOf, tally) => {
      for (const { attributes, items } of groups) {
        const { place, theirs } = whoseOf(attributes);
        const window = place && windowOf(place.target);
        for (const span of items) {
          const kind = numberOf(span.kind);
          if (kind !== server && kind !== consumer) continue;
          const tookMs = msOf(span.endTimeUnixNano) - msOf(span.startTimeUnixNano);
          if (!place) tally.unmapped(theirs);
          else if (!(tookMs >= 0)) tally.refuse("value");
          else if (!window) tally.refuse("series limit");
          else {
            count(window, tookMs, numberOf(span.status?.code) === error);
            tally.take();
          }
        }
      }
    },
    close: (atMs) => {
      const elapsedMs = atMs - openedMs;
      const readings = [...windows].flatMap(([target, window]) =>
        tell(target, window, elapsedMs, atMs),
      );
      windows = new Map();
      openedMs = atMs;
      return readings;
    },
  };
}

function count(window: Window, tookMs: number, isError: boolean): void {
  window.requests += 1;
  if (isError) window.errors += 1;
  const steps = Math.ceil(Math.log2(Math.max(lowestMs, tookMs) / lowestMs) * stepsPerDoubling);
  const i = Math.min(buckets - 1, steps);
  window.counts[i] = (window.counts[i] ?? 0) + 1;
}

function tell(target: Target, window: Window, elapsedMs: number, atMs: number): Reading[] {
  const { requests, errors, counts } = window;
  if (!(elapsedMs > 0)) return [];
  const reading = (metric: string, value: number, unit: Reading["unit"]): Reading => ({
    ...{ target, metric, value, unit, atMs },
  });
  return [
    reading(spanMetrics.requests, (requests * 1_000) / elapsedMs, metrics.requests.unit),
    reading(spanMetrics.errors, errors / requests, metrics.errors.unit),
    reading(spanMetrics.p50, durationIn(counts, requests * 0.5), "ms"),
    reading(spanMetrics.p95, durationIn(counts, requests * 0.95), "ms"),
    reading(spanMetrics.p99, durationIn(counts, requests * 0.99), "ms"),
  ];
}

export const spanMetrics = {
  requests: "spans.requests",
  errors: "spans.errors",
  p50: "spans.p50",
  p95: "spans.p95",
  p99: "spans.p99",
} as const;

/** By interpolation between the bounds of its bucket, which are 6 % apart. */
function durationIn(counts: Uint32Array, rank: number): number {
  let below = 0;
  for (const [i, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const position = i - 1 + (rank - below) / count;
      return lowestMs * 2 ** (Math.max(0, position) / stepsPerDoubling);
    }
    below += count;
  }
  return 0;
}
