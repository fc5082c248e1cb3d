// Requests of Prometheus remote-write 1.0 by hand.
import { type Bytes, double, piece, text, whole } from "./protobuf-writer.ts";

export type Sample = readonly [unixMs: number, value: number];

/** The marker of a series that has ended for now: Prometheus, model/value. */
export const stale: unique symbol = Symbol("stale");

export function series(
  labels: Readonly<Record<string, string>>,
  ...samples: readonly (Sample | readonly [unixMs: number, value: typeof stale])[]
): Bytes {
  const pairs = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => piece(1, text(1, name), text(2, value)));
  const points = samples.map(([unixMs, value]) => {
    const number = value === stale ? staleBytes : double(1, value);
    return piece(2, number, whole(2, Math.round(unixMs)));
  });
  return piece(1, ...pairs, ...points);
}

const staleBytes = Buffer.from([9, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f]);

const types = { counter: 1, gauge: 2, histogram: 3, summary: 5 } as const;

export const metadata = (metric: string, type: keyof typeof types): Bytes =>
  piece(3, whole(1, types[type]), text(2, metric), text(4, "help"));

/** What is not read: an exemplar, a native histogram. */
export const exemplar: Bytes = piece(3, double(2, 1));
export const nativeHistogram: Bytes = piece(4, whole(1, 1));
