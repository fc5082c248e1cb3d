// Lines for InfluxDB: what a reader of the documented grammar gets back is what was given.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseLine } from "../../../test/support/line-protocol-grammar.ts";
import { familiesOf } from "../metrics/text-source.ts";
import { fromMetrics } from "./from-metrics.ts";
import { encodePoint, type Point } from "./line-protocol.ts";

describe("one point", () => {
  const cases: readonly (readonly [string, Point, string | undefined])[] = [
    [
      "floats",
      { measurement: "m", fields: { a: 1, b: -1.5, c: 1e21, d: 5e-324 } },
      "m a=1,b=-1.5,c=1e+21,d=5e-324",
    ],
    [
      "integers",
      { measurement: "m", fields: { a: 1n, b: -(2n ** 63n) } },
      "m a=1i,b=-9223372036854775808i",
    ],
    ["booleans and texts", { measurement: "m", fields: { a: true, b: "x" } }, 'm a=true,b="x"'],
    [
      "what is not finite or too large is left out",
      { measurement: "m", fields: { a: Number.NaN, b: Infinity, c: 2n ** 63n, d: 1 } },
      "m d=1",
    ],
    ["a measurement", { measurement: "a b,c=d", fields: { a: 1 } }, "a\\ b\\,c=d a=1"],
    [
      "tags, sorted, empty ones left out",
      { measurement: "m", tags: { z: "a b", "k,=": "c,d=e", no: "" }, fields: { a: 1 } },
      "m,k\\,\\==c\\,d\\=e,z=a\\ b a=1",
    ],
    [
      "field keys and texts",
      { measurement: "m", fields: { 'a" b,=': 'say "\\"' } },
      'm a"\\ b\\,\\=="say \\"\\\\\\""',
    ],
    [
      "line ends, in each place",
      { measurement: "m\n", tags: { a: "b\r\nc\t" }, fields: { d: "e\nf\0" } },
      'm\\n,a=b\\r\\nc\\t d="e\\\\nf "',
    ],
    [
      "a backslash",
      { measurement: "m", tags: { p: "C:\\dir\\", q: "\\\\x\\ y" }, fields: { a: 1 } },
      "m,p=C:\\dir/,q=/\\x/\\ y a=1",
    ],
    [
      "a time",
      { measurement: "m", fields: { a: 1 }, at: 1_767_225_600_000.6 },
      "m a=1 1767225600001",
    ],
    ["a time that is none", { measurement: "m", fields: { a: 1 }, at: Number.NaN }, "m a=1"],
    ["no field", { measurement: "m", fields: { a: Number.NaN } }, undefined],
    ["no name", { measurement: "", fields: { a: 1 } }, undefined],
    ["a comment", { measurement: "#m", fields: { a: 1 } }, undefined],
    [
      "a line that is too long",
      {
        measurement: "m",
        fields: Object.fromEntries(
          Array.from({ length: 20 }, (_, i) => [`f${i}`, "x".repeat(16_384)]),
        ),
      },
      undefined,
    ],
  ];
  for (const [name, point, line] of cases) {
    test(name, () => assert.equal(encodePoint(point), line));
  }

  test("is one line whatever stands in it, and reads back as it was", () => {
    const nasty = fc.string({ unit: fc.constantFrom(..."ab0,= \"\\'#\n\r\té🍭"), maxLength: 12 });
    const value = fc.oneof(
      nasty,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    );
    const point = fc.record({
      measurement: nasty.map((name) => `m${name}`),
      tags: fc.dictionary(nasty, nasty, { maxKeys: 4 }),
      fields: fc.dictionary(nasty, value, { maxKeys: 4 }),
      at: fc.integer({ min: 0, max: 4e12 }),
    });
    fc.assert(
      fc.property(point, (given) => {
        const line = encodePoint({ ...given, fields: { sure: 1, ...given.fields } });
        assert.ok(line !== undefined && !/[\n\r\0]/.test(line));
        assert.deepEqual(parseLine(line), expected({ sure: 1, ...given.fields }, given));
      }),
      { numRuns: 100 },
    );
  });
});

/** What may be said of a name or a tag: the three white spaces spelled, no backslash that escapes. */
function plainName(text: string): string {
  const spelled = text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
  return [...spelled]
    .map((char, i, all) =>
      char === "\\" && (all[i + 1] === undefined || ',= "\\'.includes(all[i + 1] ?? ""))
        ? "/"
        : char,
    )
    .join("");
}

function plainValue(value: unknown): unknown {
  if (typeof value === "number") return Object.is(value, -0) ? 0 : value;
  if (typeof value !== "string") return value;
  return value.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
}

function expected(
  fields: Readonly<Record<string, unknown>>,
  {
    measurement,
    tags,
    at,
  }: { measurement: string; tags: Readonly<Record<string, string>>; at: number },
): unknown {
  const pairs = (given: Readonly<Record<string, unknown>>, value: (each: unknown) => unknown) =>
    Object.entries(given)
      .map(([key, each]) => [plainName(key), value(each)] as const)
      .filter(([key]) => key !== "");
  return {
    measurement: plainName(measurement),
    tags: pairs(tags, (each) => plainName(String(each)))
      .filter(([, value]) => value !== "")
      .sort(([one = ""], [other = ""]) => (one < other ? -1 : 1)),
    fields: pairs(fields, plainValue),
    at,
  };
}

describe("metric families as points", () => {
  test("counters, gauges and others; labels are tags, one point a series", () => {
    const text = [
      "# TYPE app_requests_total counter",
      'app_requests_total{path="/a\\"b\\\\c\\n",code="200"} 7',
      'app_requests_total{path="/",code="500"} 0',
      "# TYPE temperature gauge",
      "temperature 21.5",
      "other NaN",
    ].join("\n");
    assert.deepEqual(fromMetrics(familiesOf(text), { tags: { host: "h", code: "-" }, at: 5 }), [
      {
        measurement: "app_requests_total",
        tags: { host: "h", code: "200", path: '/a"b\\c\n' },
        fields: { counter: 7 },
        at: 5,
      },
      {
        measurement: "app_requests_total",
        tags: { host: "h", code: "500", path: "/" },
        fields: { counter: 0 },
        at: 5,
      },
      {
        measurement: "temperature",
        tags: { host: "h", code: "-" },
        fields: { gauge: 21.5 },
        at: 5,
      },
      {
        measurement: "other",
        tags: { host: "h", code: "-" },
        fields: { value: Number.NaN },
        at: 5,
      },
    ]);
  });

  test("a histogram and a summary are one point a series", () => {
    const text = [
      "# TYPE took_seconds histogram",
      'took_seconds_bucket{path="/",le="0.5"} 2',
      'took_seconds_bucket{path="/",le="+Inf"} 3',
      'took_seconds_sum{path="/"} 1.5',
      'took_seconds_count{path="/"} 3',
      "# TYPE size summary",
      'size{quantile="0.9"} 12',
      "size_sum 30",
      "size_count 4",
    ].join("\n");
    assert.deepEqual(fromMetrics(familiesOf(text)), [
      {
        measurement: "took_seconds",
        tags: { path: "/" },
        fields: { "0.5": 2, "+Inf": 3, sum: 1.5, count: 3 },
      },
      { measurement: "size", tags: {}, fields: { "0.9": 12, sum: 30, count: 4 } },
    ]);
  });
});
