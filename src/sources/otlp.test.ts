// Metrics of OTLP as readings, whichever encoding they come in.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { foreign, type World, world } from "../../test/support/foreign.ts";
import {
  metricsBody,
  metricsJson,
  type Pairs,
  type SumMetric,
  type SumPoint,
} from "../../test/support/otlp-writer.ts";
import { answersOrRefuses, damaged } from "../../test/support/sound-reader.ts";
import { createOtlpDesk, type OtlpDesk } from "./otlp.ts";

type Settings = Partial<Parameters<typeof createOtlpDesk>[0]>;

const web: Pairs = { "service.name": "web" };

function deskIn(it: World, over: Settings = {}): OtlpDesk {
  const base = { where: "http://127.0.0.1:4318", attribute: "service.name", windowMs: 60_000 };
  return createOtlpDesk({ ...base, foreign, ...over }, it);
}

/** A desk with a clock, and what one request of it yields. */
function open(over: Settings = {}) {
  const it = world();
  const desk = deskIn(it, over);
  const send = (metrics: readonly SumMetric[], labels: Pairs = web): Record<string, number> => {
    desk.take("metrics", "protobuf", metricsBody(labels, metrics));
    return it.values();
  };
  /** One point of one metric, `value` at this moment. */
  const one = (
    kind: SumMetric["kind"],
    value: number,
    more: Partial<SumPoint & SumMetric> = {},
  ) => {
    const { name = "m", unit = "", delta = false, labels = {}, ...point } = more;
    const points = [{ labels, value, unixMs: it.clock.wall(), ...point }];
    return send([{ name, unit, kind, delta, points }]);
  };
  return { ...it, desk, send, one };
}

test("both encodings say the same", () => {
  const told = (["protobuf", "json"] as const).map((encoding) => {
    const { desk, clock, readings } = open();
    const labels = { route: '/a"b', method: "GET" };
    const points = [{ labels, value: 1, unixMs: clock.wall() }];
    const metrics: readonly SumMetric[] = [{ name: "queue", unit: "By", kind: "gauge", points }];
    const json = Buffer.from(JSON.stringify(metricsJson(web, metrics)));
    desk.take("metrics", encoding, encoding === "json" ? json : metricsBody(web, metrics));
    return readings();
  });
  assert.deepEqual(told[0], told[1]);
  const [reading] = told[0] ?? [];
  assert.deepEqual(
    [reading?.target, reading?.metric, reading?.value, reading?.unit],
    ["web", 'queue{method="GET",route="/a\\"b"}', 1, "bytes"],
  );
});

test("attributes of JSON are told apart by name and value, whatever their order", () => {
  const { desk, clock, values } = open();
  const at = (value: number, labels: Pairs): SumPoint => ({ labels, value, unixMs: clock.wall() });
  const points = [at(1, { a: "1", b: "2" }), at(2, { a: "2", b: "1" }), at(3, { ab: "12" })];
  const again = { ...at(4, { b: "1", a: "2" }), unixMs: clock.wall() + 1 };
  const all = [...points, again];
  const json = JSON.stringify(metricsJson(web, [{ name: "m", kind: "gauge", points: all }]));
  desk.take("metrics", "json", Buffer.from(json));
  assert.deepEqual(values(), {
    'web m{a="1",b="2"}': 1,
    'web m{a="2",b="1"}': 4,
    'web m{ab="12"}': 3,
  });
  assert.equal(desk.view().series, 3);
});

test("a total becomes a rate, from its second point on", async () => {
  const { one, clock } = open();
  assert.deepEqual(one("counter", 100), {});
  await clock.advance(10_000);
  assert.deepEqual(one("counter", 150), { "web m.rate": 5 });
  await clock.advance(5_000);
  assert.deepEqual(one("counter", 150), { "web m.rate": 0 });
});

test("a total that fell, or counts from later on, began anew", async () => {
  const { one, clock } = open();
  const startMs = clock.wall() - 60_000;
  one("counter", 100, { startMs });
  await clock.advance(10_000);
  assert.deepEqual(one("counter", 20, { startMs }), { "web m.rate": 2 }, "it fell");
  await clock.advance(10_000);
  const anew = clock.wall() - 4_000;
  assert.deepEqual(one("counter", 40, { startMs: anew }), { "web m.rate": 10 }, "in 4 s");
});

test("a delta is of the time that it says, and one that may fall is summed up", async () => {
  const { one, clock } = open();
  const startMs = clock.wall() - 2_000;
  assert.deepEqual(one("counter", 6, { delta: true, startMs }), { "web m.rate": 3 });
  one("updown", 5, { name: "u", delta: true });
  await clock.advance(1_000);
  assert.deepEqual(one("updown", -2, { name: "u", delta: true }), { "web u": 3 });
  assert.deepEqual(one("updown", 7, { name: "v" }), { "web v": 7 });
});

test("times are told in milliseconds, and seconds in a second as a share", async () => {
  const { one, clock } = open();
  assert.deepEqual(one("gauge", 0.25, { name: "lag", unit: "s" }), { "web lag": 250 });
  one("counter", 10, { name: "cpu", unit: "s" });
  await clock.advance(10_000);
  assert.deepEqual(one("counter", 15, { name: "cpu", unit: "s" }), { "web cpu.rate": 0.5 });
});

test("what comes twice, too late or from the future is left out and counted", async () => {
  const { one, clock, desk, lines } = open();
  const now = clock.wall();
  one("gauge", 1, { unixMs: now - 10_000 });
  assert.deepEqual(one("gauge", 2, { unixMs: now - 10_000 }), {});
  assert.deepEqual(one("gauge", 3, { unixMs: now - 11_000 }), {});
  assert.deepEqual(one("gauge", 4, { unixMs: now - 4_000_000 }), {});
  assert.deepEqual(one("gauge", 5, { unixMs: now + 120_000 }), {});
  assert.deepEqual(one("gauge", Number.NaN), {});
  assert.deepEqual(one("gauge", 6, { unixMs: now + 5_000 }), { "web m": 6 }, "a clock ahead");
  const expected = { duplicate: 1, "out of order": 1, late: 1, future: 1, value: 1 };
  assert.deepEqual(desk.view().refused, expected);
  assert.equal(desk.view().taken, 2);
  assert.equal(lines.filter((line) => line.includes("leaves something out")).length, 4);
});

test("a reading is never of later than now", () => {
  const { desk, clock, readings } = open();
  const points = [{ labels: {}, value: 1, unixMs: clock.wall() + 5_000 }];
  desk.take("metrics", "protobuf", metricsBody(web, [{ name: "m", kind: "gauge", points }]));
  assert.equal(readings()[0]?.atMs, clock.now());
});

test("a name of theirs is mapped, an instance is known by its id, a stranger counted", () => {
  const { send, desk, clock, lines } = open();
  const point = { labels: {}, value: 1, unixMs: clock.wall() };
  const metric: SumMetric = { name: "m", kind: "gauge", points: [point] };
  const of = (name: string, id?: string): Pairs => ({
    "service.name": name,
    ...(id === undefined ? {} : { "service.instance.id": id }),
  });
  assert.deepEqual(send([metric], of("cart-api")), { "cart m": 1 });
  assert.deepEqual(send([metric], of("web", "web/2")), { "web/2 m": 1 });
  assert.deepEqual(send([metric], of("web", "627c")), { 'web m{instance="627c"}': 1 });
  assert.deepEqual(send([metric], of("shop")), {});
  assert.deepEqual(send([metric, metric], of("shop")), {});
  assert.deepEqual(desk.view().unmapped, { shop: 3 });
  assert.equal(lines.filter((line) => line.includes("no service here")).length, 1);
});

test("what fits no service can be kept", () => {
  const { send, clock } = open({ foreign: { ...foreign, keepsUnmapped: true } });
  const points = [{ labels: {}, value: 1, unixMs: clock.wall() }];
  const metric: SumMetric = { name: "m", kind: "gauge", points };
  assert.deepEqual(send([metric], { "service.name": "shop" }), {
    '@unmapped m{service="shop"}': 1,
  });
});

test("only what is wanted is taken", () => {
  const { send, clock } = open({
    foreign: { ...foreign, metrics: ["http.*", "up"], labels: { env: "prod" } },
  });
  const point = (env: string): SumPoint => ({ labels: { env }, value: 1, unixMs: clock.wall() });
  const metric = (name: string): SumMetric => ({
    name,
    kind: "gauge",
    points: [point("prod"), point("test")],
  });
  const got = send([metric("http.size"), metric("https"), metric("up"), metric("ups")]);
  assert.deepEqual(Object.keys(got), ['web http.size{env="prod"}', 'web up{env="prod"}']);
});

test("series are bounded, told once, and make room when nobody writes to them", async () => {
  const { send, desk, clock, lines } = open({ foreign: { ...foreign, seriesMax: 10 } });
  const metric = (from: number): SumMetric => ({
    name: "m",
    kind: "gauge",
    points: Array.from({ length: 15 }, (_, i) => ({
      labels: { n: String(from + i) },
      value: 1,
      unixMs: clock.wall(),
    })),
  });
  assert.equal(Object.keys(send([metric(0)])).length, 10);
  assert.deepEqual([desk.view().series, desk.view().refused], [10, { "series limit": 5 }]);
  assert.equal(lines.filter((line) => line.includes("series")).length, 1);
  await clock.advance(3_700_000);
  assert.equal(Object.keys(send([metric(100)])).length, 10, "the old ones have made room");
  assert.equal(desk.view().series, 10);
  assert.deepEqual(send([metric(0)]), {}, "and have to wait themselves");
});

test("nobody else says what Homeostat measures", () => {
  const { one, desk } = open();
  assert.deepEqual(one("gauge", 0, { name: "alerts" }), {});
  assert.deepEqual(one("gauge", 0, { name: "up" }), {});
  assert.deepEqual(one("gauge", 0, { name: "up", labels: { job: "web" } }), {
    'web up{job="web"}': 0,
  });
  assert.deepEqual(desk.view().refused, { name: 2 });
});

test("labels without bound are refused", () => {
  const { one, desk } = open();
  assert.deepEqual(one("gauge", 1, { labels: { long: "x".repeat(401) } }), {});
  const many = Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`l${i}`, "x"]));
  assert.deepEqual(one("gauge", 1, { labels: many }), {});
  assert.deepEqual(desk.view().refused, { labels: 2 });
});

test("the answer tells what was refused, in the encoding of the request", () => {
  const { desk, clock } = open();
  const points = [{ labels: {}, value: 1, unixMs: clock.wall() - 4_000_000 }];
  const metric: SumMetric = { name: "m", kind: "gauge", points };
  const json = Buffer.from(JSON.stringify(metricsJson(web, [metric])));
  const said = JSON.parse(desk.take("metrics", "json", json).toString());
  assert.equal(said.partialSuccess.rejectedDataPoints, "1");
  const bytes = desk.take("metrics", "protobuf", metricsBody(web, [metric]));
  assert.deepEqual([...bytes.subarray(0, 1), ...bytes.subarray(2, 4)], [0x0a, 0x08, 1]);
  assert.equal(desk.take("metrics", "protobuf", Buffer.alloc(0)).length, 0, "nothing to tell");
  assert.equal(desk.take("metrics", "json", Buffer.from("{}")).toString(), "{}");
});

test("any bytes are answered or refused", () => {
  const { desk, clock } = open();
  const points = [{ labels: { a: "b" }, value: 1, unixMs: clock.wall() }];
  const body = metricsBody(web, [{ name: "m", kind: "counter", points }]);
  const json = Buffer.from(
    JSON.stringify(metricsJson(web, [{ name: "m", kind: "gauge", points }])),
  );
  for (const signal of ["metrics", "traces", "logs"] as const) {
    answersOrRefuses(damaged(body), (bytes) => desk.take(signal, "protobuf", bytes));
  }
  answersOrRefuses(damaged(json), (bytes) => desk.take("metrics", "json", bytes));
  const fields = fc.constantFrom(
    ...["attributes", "timeUnixNano", "flags", "asDouble", "asInt", "count", "sum", "scale"],
    ...["bucketCounts", "explicitBounds", "positive", "quantileValues"],
  );
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(String(clock.wall() * 1e6)));
  const kinds = fc.constantFrom("gauge", "sum", "histogram", "exponentialHistogram", "summary");
  const data = fc.record({ dataPoints: fc.array(fc.dictionary(fields, value), { maxLength: 3 }) });
  const odd = fc.tuple(kinds, fc.oneof(data, value), value).map(([kind, points, attributes]) => {
    const scopeMetrics = [{ metrics: [{ name: "m", [kind]: points }] }];
    return JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics }] });
  });
  const kept = open({ foreign: { ...foreign, keepsUnmapped: true } });
  answersOrRefuses(odd, (text) => kept.desk.take("metrics", "json", Buffer.from(text)));
  for (const text of ["[]", "1", '{"resourceMetrics":{}}', '{"resourceMetrics":[null]}']) {
    assert.throws(() => desk.take("metrics", "json", Buffer.from(text)), { code: "WIRE_SHAPE" });
  }
});
