// What is counted of others: histograms of each kind, spans and log lines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { foreign, world } from "../../test/support/foreign.ts";
import { resource } from "../../test/support/otlp-writer.ts";
import * as write from "../../test/support/protobuf-writer.ts";
import type { SignalName } from "../protocol/otlp/groups.ts";
import { quantileIn } from "./foreign/histogram.ts";
import { coarser, countedOf, exponentialOf } from "./otlp/exponential.ts";
import { createOtlpDesk, type OtlpDesk, type OtlpOptions } from "./otlp.ts";

const web = { "service.name": "web" };
const nanos = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;

function open(onLine?: NonNullable<OtlpOptions["onLine"]>) {
  const it = world();
  const settings = { where: "x", attribute: "service.name", windowMs: 60_000, foreign };
  const desk = createOtlpDesk({ ...settings, ...(onLine && { onLine }) }, it);
  return { ...it, desk };
}

const send = (desk: OtlpDesk, signal: SignalName, ...items: readonly Buffer[]): Buffer =>
  desk.take(signal, "protobuf", resource(web, items));

/** A metric in seconds with one point of a kind (its field), cumulative or delta. */
const metric = (field: number, temporality: number, ...point: readonly Buffer[]): Buffer =>
  write.piece(
    2,
    write.text(1, "took"),
    write.text(3, "s"),
    write.piece(field, write.piece(1, ...point), write.whole(2, temporality)),
  );

const [delta, cumulative] = [1, 2];

function histogram(
  unixMs: number,
  counts: readonly number[],
  sum: number,
  how: number,
  upTo: readonly number[] = [0.1, 0.2, 0.4],
): Buffer {
  const count = counts.reduce((all, it) => all + it, 0);
  const [bounds, buckets] = [write.doubles(upTo), write.fixeds(counts)];
  const times = [write.fixed64(3, nanos(unixMs)), write.fixed64(4, count), write.double(5, sum)];
  return metric(9, how, ...times, write.piece(6, buckets), write.piece(7, bounds));
}

test("a histogram is told by its rate, its mean and quantiles inside buckets", async () => {
  const { desk, clock, values } = open();
  send(desk, "metrics", histogram(clock.wall(), [50, 0, 0, 0], 1, cumulative));
  assert.deepEqual(values(), {});
  await clock.advance(10_000);
  send(desk, "metrics", histogram(clock.wall(), [50, 100, 0, 0], 16, cumulative));
  assert.deepEqual(values(), {
    "web took.rate": 10,
    "web took.mean": 150,
    "web took.p50": 150,
    "web took.p95": 195,
    "web took.p99": 199,
  });
  await clock.advance(10_000);
  send(desk, "metrics", histogram(clock.wall(), [50, 100, 0, 0], 16, cumulative));
  assert.deepEqual(values(), { "web took.rate": 0 }, "of nothing there is no quantile");
  await clock.advance(10_000);
  send(desk, "metrics", histogram(clock.wall(), [0, 0, 10, 0], 3, cumulative));
  assert.equal(values()["web took.p50"], 300, "it began anew");
  await clock.advance(10_000);
  const others = histogram(clock.wall(), [0, 0, 90, 0], 9, cumulative, [0.1, 0.3, 0.4]);
  send(desk, "metrics", others);
  assert.deepEqual(values(), {}, "other buckets cannot be compared");
});

test("a histogram of what came since is told at once", async () => {
  const { desk, clock, values } = open();
  send(desk, "metrics", histogram(clock.wall(), [0, 0, 0, 4], 40, delta));
  const first = values();
  assert.deepEqual([first["web took.mean"], first["web took.p99"]], [10_000, 400]);
  await clock.advance(2_000);
  send(desk, "metrics", histogram(clock.wall(), [4, 0, 0, 0], 0.2, delta));
  assert.equal(values()["web took.rate"], 2);
});

test("a histogram whose buckets do not fit its bounds is refused", () => {
  const { desk, clock } = open();
  send(desk, "metrics", histogram(clock.wall(), [1, 2], 3, delta));
  assert.deepEqual(desk.view().refused, { value: 1 });
});

function exponential(
  unixMs: number,
  of: { scale: number; zero: number; offset: number; counts: readonly number[]; sum: number },
  how: number,
): Buffer {
  const { scale, zero, offset, counts, sum } = of;
  const count = counts.reduce((all, it) => all + it, zero);
  const buckets = write.piece(2, ...counts.map((it) => write.varint(it)));
  return metric(
    10,
    how,
    ...[write.fixed64(3, nanos(unixMs)), write.fixed64(4, count), write.double(5, sum)],
    ...[write.zigzag(6, scale), write.fixed64(7, zero)],
    write.piece(8, write.zigzag(1, offset), buckets),
  );
}

test("an exponential histogram is told alike, also when its sender makes its buckets coarser", async () => {
  const { desk, clock, values } = open();
  // At scale 0 bucket i lies between 2^i and 2^(i+1).
  const first = { scale: 1, zero: 0, offset: -4, counts: [0, 0, 4, 0], sum: 2 };
  send(desk, "metrics", exponential(clock.wall(), first, cumulative));
  await clock.advance(1_000);
  const joined = { scale: 0, zero: 0, offset: -2, counts: [0, 4, 8], sum: 14 };
  send(desk, "metrics", exponential(clock.wall(), joined, cumulative));
  assert.deepEqual(values(), {
    "web took.rate": 8,
    "web took.mean": 1_500,
    "web took.p50": 1_500,
    "web took.p95": 1_950,
    "web took.p99": 1_990,
  });
  await clock.advance(1_000);
  const finer = { scale: 1, zero: 0, offset: 0, counts: [20], sum: 24 };
  send(desk, "metrics", exponential(clock.wall(), finer, cumulative));
  assert.equal(values()["web took.rate"], 20, "buckets that became finer began anew");
  await clock.advance(1_000);
  const few = { scale: 0, zero: 3, offset: 0, counts: [1], sum: 1.5 };
  send(desk, "metrics", exponential(clock.wall(), few, cumulative));
  assert.deepEqual(values()["web took.p50"], 0, "it began anew, and most took no time");
  await clock.advance(1_000);
  send(desk, "metrics", exponential(clock.wall(), few, delta));
  assert.equal(values()["web took.rate"], 4);
});

test("coarser buckets hold what the finer ones held", () => {
  const fine = { count: 10, sum: 1, scale: 3, zero: 0, offset: -5, counts: [1, 2, 3, 4] };
  assert.deepEqual(coarser(fine, 1), { ...fine, scale: 1, offset: -2, counts: [1, 9] });
  const { bounds, counts } = countedOf(fine);
  assert.equal(bounds.length + 1, counts.length);
  assert.ok(Math.abs((bounds.at(-1) ?? 0) - 2 ** (-1 / 8)) < 1e-12, "2^((offset + n) / 2^scale)");
  assert.equal(exponentialOf({ scale: 99, positive: { bucketCounts: [1] } }), undefined);
});

test("quantiles reach down to zero, and not beyond the highest bound", () => {
  assert.equal(quantileIn([10, 20], [4, 0, 0], 0.5), 5);
  assert.equal(quantileIn([10, 20], [0, 0, 4], 0.5), 20);
  assert.equal(quantileIn([-5, 20], [4, 0, 0], 0.5), -5);
  assert.equal(quantileIn([10], [0, 0], 0.5), undefined);
});

test("a summary is told by its own quantiles, and by the rate and mean of what came since", async () => {
  const { desk, clock, values } = open();
  const summary = (count: number, sum: number): Buffer => {
    const quantile = write.piece(6, write.double(1, 0.99), write.double(2, 0.5));
    const time = write.fixed64(3, nanos(clock.wall()));
    return metric(11, 0, time, write.fixed64(4, count), write.double(5, sum), quantile);
  };
  send(desk, "metrics", summary(10, 1));
  assert.deepEqual(values(), { "web took.p99": 500 });
  await clock.advance(5_000);
  send(desk, "metrics", summary(20, 2));
  assert.deepEqual(values(), { "web took.rate": 2, "web took.mean": 100, "web took.p99": 500 });
});

const span = (kind: number, tookMs: number, code = 0): Buffer =>
  write.piece(
    2,
    ...[write.text(5, "GET /"), write.whole(6, kind)],
    ...[write.fixed64(7, nanos(1_000)), write.fixed64(8, nanos(1_000 + tookMs))],
    ...(code > 0 ? [write.piece(15, write.whole(3, code))] : []),
  );

test("spans are told as rate, errors and duration of a window, those of requests only", async () => {
  const { desk, clock, values } = open();
  const fast = Array.from({ length: 90 }, () => span(2, 20));
  send(
    desk,
    "traces",
    ...fast,
    ...Array.from({ length: 10 }, () => span(5, 400, 2)),
    span(3, 9_000),
  );
  await clock.advance(10_000);
  desk.close();
  const told = values();
  assert.deepEqual([told["web spans.requests"], told["web spans.errors"]], [10, 0.1]);
  const near = (value: number | undefined, ms: number): boolean =>
    value !== undefined && Math.abs(value - ms) / ms < 0.06;
  assert.ok(near(told["web spans.p50"], 20), String(told["web spans.p50"]));
  assert.ok(near(told["web spans.p95"], 400), String(told["web spans.p95"]));
  await clock.advance(10_000);
  desk.close();
  assert.deepEqual(values(), {}, "no requests, no reading");
  assert.equal(desk.view().taken, 100);
});

const line = (text: string, severity: number | string): Buffer =>
  write.piece(
    2,
    typeof severity === "number" ? write.whole(2, severity) : write.text(3, severity),
    write.piece(5, write.text(1, text)),
  );

test("log lines are counted by severity, and each is handed on", async () => {
  const heard: unknown[] = [];
  const { desk, clock, values } = open((...all) => heard.push(all));
  send(desk, "logs", line("boom", 17), line("boom", "Error"), line("fine", 9), line("odd", "?"));
  assert.deepEqual(heard[0], ["web", "boom", "error", clock.now()]);
  assert.equal(heard.length, 4);
  await clock.advance(2_000);
  desk.close();
  const told = values();
  assert.deepEqual(
    [told['web logs.lines{severity="error"}'], told['web logs.lines{severity="info"}']],
    [1, 1],
  );
  await clock.advance(2_000);
  desk.close();
  assert.equal(values()['web logs.lines{severity="error"}'], 0, "who sends lines may send none");
});

test("lines and spans of no service are counted", () => {
  const { desk } = open();
  const other = { "service.name": "shop" };
  desk.take("logs", "protobuf", resource(other, [line("a", 9), line("b", 9)]));
  desk.take("traces", "protobuf", resource(other, [span(2, 1)]));
  assert.deepEqual(desk.view().unmapped, { shop: 3 });
});
