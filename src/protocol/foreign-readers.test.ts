// Readers of foreign text: expositions, answers of Prometheus, messages of Alertmanager.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answersOrRefuses, damaged } from "../../test/support/sound-reader.ts";
import { readAlerts } from "./alertmanager.ts";
import { readExposition } from "./exposition.ts";
import { expositionOf } from "./metric-text.ts";
import { readInstant } from "./prometheus-query.ts";

type Line = readonly [labels: object, value: number, unixMs: number | undefined];

function read(text: string, isOpen = false): { types: object; lines: readonly Line[] } {
  const types: Record<string, string> = {};
  const lines: Line[] = [];
  readExposition(text, isOpen, {
    type: (family, type) => {
      types[family] = type;
    },
    sample: (_, labels, value, unixMs) => lines.push([labels(), value, unixMs]),
  });
  return { types, lines };
}

test("the text of Prometheus, as its documentation shows it", () => {
  const text = [
    "# HELP http_requests_total The total number of HTTP requests.",
    "# TYPE http_requests_total counter",
    'http_requests_total{method="post",code="200"} 1027 1395066363000',
    "# Escaping in label values:",
    'msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find:\\n\\"}\\""} 1.458255915e9',
    "metric_without_timestamp_and_labels 12.47",
    'something_weird{problem="division by zero"} +Inf -3982045',
    '\tspaced { a = "1" , } NaN',
    "",
    "#odd",
    "rpc_duration_seconds_count 2693.",
  ].join("\n");
  const { types, lines } = read(text);
  assert.deepEqual(types, { http_requests_total: "counter" });
  const path = { path: "C:\\DIR\\FILE.TXT", error: 'Cannot find:\n"}"' };
  assert.deepEqual(lines, [
    [{ __name__: "http_requests_total", method: "post", code: "200" }, 1027, 1395066363000],
    [{ __name__: "msdos_file_access_time_seconds", ...path }, 1.458255915e9, undefined],
    [{ __name__: "metric_without_timestamp_and_labels" }, 12.47, undefined],
    [{ __name__: "something_weird", problem: "division by zero" }, Infinity, -3982045],
    [{ __name__: "spaced", a: "1" }, Number.NaN, undefined],
    [{ __name__: "rpc_duration_seconds_count" }, 2693, undefined],
  ]);
});

test("OpenMetrics: seconds, exemplars, and an end that must be there", () => {
  const text = [
    "# TYPE foo histogram",
    'foo_bucket{le="0.1"} 8 123.5 # {trace_id="a # b"} 0.067',
    'foo_bucket{le="+Inf",x=" # "} 17 # {} 0.5 1520879607.789',
    "# EOF",
  ].join("\n");
  const { types, lines } = read(`${text}\n`, true);
  assert.deepEqual(types, { foo: "histogram" });
  assert.deepEqual(lines, [
    [{ __name__: "foo_bucket", le: "0.1" }, 8, 123_500],
    [{ __name__: "foo_bucket", le: "+Inf", x: " # " }, 17, undefined],
  ]);
  assert.throws(() => read("a 1\n", true), /ends without # EOF/);
  assert.throws(() => read("# EOF\na 1\n", true), /line 2: text after/);
});

test("a line that is none is refused by its number", () => {
  const bad = ["a", 'a{b="1" 1', "a x", "a 1 y", "1a 1", "a{b} 1", 'a{b="1"c="2"} 1', "a{b=1} 1"];
  for (const line of bad) assert.throws(() => read(`ok 1\n${line}\n`), /line 2: /, line);
});

test("what we write we read, and any text is read or refused", () => {
  const value = fc.oneof(fc.double(), fc.constantFrom(Infinity, -Infinity, 0));
  fc.assert(
    fc.property(fc.constantFrom("prometheus", "openmetrics"), value, (format, number) => {
      const sample = { suffix: "", labels: 'a="1"', value: number };
      const family = { name: "f", type: "gauge", help: "h", samples: [sample] } as const;
      const { lines, types } = read(expositionOf([family], format), format === "openmetrics");
      assert.deepEqual(types, { f: "gauge" });
      const sent = Object.is(number, -0) ? 0 : number;
      assert.deepEqual(lines, [[{ __name__: "f", a: "1" }, sent, undefined]]);
    }),
    { numRuns: 20 },
  );
  const text = Buffer.from('# TYPE a counter\na{b="c\\n",d="}"} 1.5e3 12\n# EOF\n');
  answersOrRefuses(damaged(text), (bytes) => read(bytes.toString(), bytes.length % 2 === 0));
});

test("a vector and a scalar are read, anything else is refused", () => {
  const answer = (data: object): string => JSON.stringify({ status: "success", data });
  const value = [1_767_225_600.5, "1.5"];
  const metric = { __name__: "up", job: "web" };
  assert.deepEqual(readInstant(answer({ resultType: "vector", result: [{ metric, value }] })), [
    { labels: { job: "web" }, value: 1.5, unixMs: 1_767_225_600_500 },
  ]);
  const [scalar] = readInstant(answer({ resultType: "scalar", result: [1, "+Inf"] }));
  assert.deepEqual(scalar, { labels: {}, value: Infinity, unixMs: 1_000 });
  for (const data of [
    { resultType: "matrix", result: [] },
    { resultType: "vector", result: [1] },
  ]) {
    assert.throws(() => readInstant(answer(data)), { code: "WIRE_SHAPE" });
  }
  const error = { status: "error", error: "parse error: unexpected end" };
  assert.throws(() => readInstant(JSON.stringify(error)), /parse error: unexpected end/);
  assert.throws(() => readInstant("<html>"), { code: "WIRE_SHAPE" });
});

test("alerts are read with what they say to people", () => {
  const alert = {
    status: "firing",
    labels: { alertname: "Slow", service: "web" },
    annotations: { summary: " p99\n is 2 s " },
  };
  const [read, resolved] = readAlerts({
    version: "4",
    alerts: [alert, { ...alert, status: "resolved", annotations: undefined }],
  });
  assert.deepEqual(read, { isFiring: true, labels: alert.labels, summary: "p99 is 2 s" });
  assert.deepEqual([resolved?.isFiring, resolved?.summary], [false, ""]);
  const bad = [
    { version: "3", alerts: [] },
    { version: "4" },
    { version: "4", alerts: [{ ...alert, status: "?" }] },
    { version: "4", alerts: [{ status: "firing" }] },
  ];
  for (const body of bad) assert.throws(() => readAlerts(body), { code: "WIRE_SHAPE" });
});
