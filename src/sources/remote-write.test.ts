// Series that a Prometheus writes: counters, gauges, classic histograms put together, ends of series.
import assert from "node:assert/strict";
import { test } from "node:test";
import { foreign, world } from "../../test/support/foreign.ts";
import * as write from "../../test/support/protobuf-writer.ts";
import {
  exemplar,
  metadata,
  nativeHistogram,
  series,
  stale,
} from "../../test/support/remote-writer.ts";
import { snappy } from "../../test/support/snappy-writer.ts";
import { answersOrRefuses, damaged } from "../../test/support/sound-reader.ts";
import { createRemoteWriteDesk } from "./remote-write.ts";

function open() {
  const it = world();
  const settings = { where: "x", label: "job", bodyBytes: 100_000, foreign };
  const desk = createRemoteWriteDesk(settings, it);
  const send = (...parts: readonly Buffer[]): Record<string, number> => {
    desk.take(snappy(Buffer.concat(parts)));
    return it.values();
  };
  const of = (name: string, more: Record<string, string> = {}): Record<string, string> => ({
    ...{ __name__: name, job: "web" },
    ...more,
  });
  return { ...it, desk, send, of };
}

test("a gauge is as it is, a total is a rate, and seconds are milliseconds", () => {
  const { send, of, clock } = open();
  const now = clock.wall();
  const got = send(
    series(of("queue", { instance: "a:1" }), [now - 2_000, 3], [now, 4]),
    series(of("http_requests_total"), [now - 10_000, 100], [now, 130]),
    series(of("lag_seconds"), [now, 0.5]),
  );
  assert.deepEqual(got, {
    'web queue{instance="a:1",job="web"}': 4,
    'web http_requests_total.rate{job="web"}': 3,
    'web lag_seconds{job="web"}': 500,
  });
});

test("what a family is said to be wins over its name", async () => {
  const { send, of, clock } = open();
  send(metadata("odd", "counter"), series(of("odd"), [clock.wall(), 1]));
  await clock.advance(2_000);
  assert.deepEqual(send(series(of("odd"), [clock.wall(), 5])), { 'web odd.rate{job="web"}': 2 });
  send(series(of("pods_count"), [clock.wall() - 1, 6]));
  const known = send(metadata("pods_count", "gauge"), series(of("pods_count"), [clock.wall(), 7]));
  assert.deepEqual(known, { 'web pods_count{job="web"}': 7 });
});

test("the buckets of a histogram are put together by their moment, in whichever requests they come", async () => {
  const { send, of, clock } = open();
  const name = "took_seconds";
  const bucket = (le: string): Record<string, string> => of(`${name}_bucket`, { le });
  const at = (t: number, counts: readonly [number, number, number], sum: number): Buffer[] => [
    series(bucket("0.1"), [t, counts[0]]),
    series(bucket("0.2"), [t, counts[1]]),
    series(bucket("+Inf"), [t, counts[2]]),
    series(of(`${name}_count`), [t, counts[2]]),
    series(of(`${name}_sum`), [t, sum]),
  ];
  const first = clock.wall();
  assert.deepEqual(send(...at(first, [0, 0, 0], 0)), {});
  await clock.advance(10_000);
  const second = at(clock.wall(), [0, 100, 100], 15);
  assert.deepEqual(send(...second.slice(0, 2)), {});
  assert.deepEqual(send(...second.slice(2)), {});
  await clock.advance(10_000);
  const third = at(clock.wall(), [0, 100, 100], 15);
  assert.deepEqual(send(...third), {
    'web took_seconds.rate{job="web"}': 10,
    'web took_seconds.mean{job="web"}': 150,
    'web took_seconds.p50{job="web"}': 150,
    'web took_seconds.p95{job="web"}': 195,
    'web took_seconds.p99{job="web"}': 199,
  });
  await clock.advance(10_000);
  assert.deepEqual(send(...at(clock.wall(), [0, 100, 100], 15).slice(1)), {
    'web took_seconds.rate{job="web"}': 0,
  });
  await clock.advance(10_000);
  assert.deepEqual(send(...at(clock.wall(), [9, 100, 100], 15)), {}, "of what is missing nothing");
});

test("a series that has ended is not compared with what comes after", async () => {
  const { send, of, clock, desk } = open();
  const labels = of("jobs_total");
  send(series(labels, [clock.wall(), 10]));
  await clock.advance(1_000);
  send(series(labels, [clock.wall(), stale]));
  await clock.advance(1_000);
  assert.deepEqual(send(series(labels, [clock.wall(), 500])), {}, "the first point again");
  await clock.advance(1_000);
  assert.deepEqual(send(series(labels, [clock.wall(), 502])), {
    'web jobs_total.rate{job="web"}': 2,
  });
  assert.deepEqual(desk.view().refused, {}, "an end is no loss");
});

test("what comes twice or late is left out, exemplars are passed over, the rest counted", () => {
  const { send, of, clock, desk } = open();
  const now = clock.wall();
  send(series(of("queue"), [now, 1], [now, 1], [now - 5_000, 2], [now - 9_000_000, 3]));
  send(Buffer.concat([write.piece(1, label("__name__", "a"), label("job", "web"), exemplar)]));
  send(write.piece(1, label("__name__", "b"), label("job", "web"), nativeHistogram));
  send(series({ __name__: "c", job: "shop" }, [now, 1]));
  send(series(of("queue"), [now + 1, Number.NaN], [now + 2, Number.POSITIVE_INFINITY]));
  const refused = { duplicate: 1, "out of order": 1, late: 1, kind: 1, value: 2 };
  assert.deepEqual(desk.view().refused, refused);
  assert.deepEqual(desk.view().unmapped, { shop: 1 });
});

const label = (name: string, value: string): Buffer =>
  write.piece(1, write.text(1, name), write.text(2, value));

test("labels may come after samples, and in pieces", () => {
  const { desk, values, clock } = open();
  const point = write.piece(2, write.double(1, 5), write.whole(2, clock.wall()));
  const odd = write.piece(1, label("__name__", "queue"), point, label("job", "web"));
  desk.take(snappy(odd));
  assert.deepEqual(values(), { 'web queue{job="web"}': 5 });
});

test("what was read before a fault is kept, and any bytes are taken or refused", () => {
  const { desk, of, clock, values } = open();
  const good = series(of("queue"), [clock.wall(), 1]);
  const cut = Buffer.concat([good, good.subarray(0, 9)]);
  assert.throws(() => desk.take(snappy(cut)), { code: "WIRE_SHAPE" });
  assert.deepEqual(values(), { 'web queue{job="web"}': 1 });
  answersOrRefuses(damaged(good), (bytes) => desk.take(snappy(bytes)));
  answersOrRefuses(damaged(snappy(good)), (bytes) => desk.take(bytes));
});

/** A request of version 2.0: the table of symbols, then series that refer to it. */
function request2(
  symbols: readonly string[],
  ...all: readonly (readonly [refs: readonly number[], type: number, ...samples: Buffer[]])[]
): Buffer {
  const table = symbols.map((symbol) => write.text(4, symbol));
  const list = all.map(([refs, type, ...samples]) => {
    const labels = write.piece(1, ...refs.map((ref) => write.varint(ref)));
    return write.piece(5, labels, ...samples, write.piece(5, write.whole(1, type)));
  });
  return Buffer.concat([...list, ...table]);
}

const sample2 = (value: number, unixMs: number): Buffer =>
  write.piece(2, write.double(1, value), write.whole(2, unixMs));

test("version 2.0 says the same, with its types at once", async () => {
  const { desk, clock, values } = open();
  const symbols = ["", "__name__", "odd", "job", "web", "lag_seconds"];
  const at = (value: number): Buffer =>
    request2(
      symbols,
      [[1, 2, 3, 4], 1, sample2(value, clock.wall())],
      [[1, 5, 3, 4], 2, sample2(0.5, clock.wall())],
    );
  assert.equal(desk.take(snappy(at(10)), 2), 2);
  assert.deepEqual(values(), { 'web lag_seconds{job="web"}': 500 });
  await clock.advance(5_000);
  desk.take(snappy(at(20)), 2);
  assert.equal(values()['web odd.rate{job="web"}'], 2);
  const stranger = request2(symbols, [[1, 99], 2, sample2(1, clock.wall())]);
  assert.throws(() => desk.take(snappy(stranger), 2), { code: "WIRE_SHAPE" });
  answersOrRefuses(damaged(at(1)), (bytes) => desk.take(snappy(bytes), 2));
});
