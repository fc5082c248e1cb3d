// Both formats, read back by a strict parser written from the specifications alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalNumber } from "../../protocol/metric-numbers.ts";
import { contentType, expositionOf, type Format, formatFor } from "../../protocol/metric-text.ts";
import { exponentialBuckets } from "./buckets.ts";
import { createMetrics } from "./metrics.ts";
import { familiesOf } from "./text-source.ts";

interface Parsed {
  type: string;
  help: string;
  unit: string;
  readonly samples: Map<string, { name: string; labels: Map<string, string>; value: number }>;
}

const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
  unknown: [""],
  untyped: [""],
};

/** Throws at the first thing that the specification does not allow. */
function parse(text: string, format: Format): Map<string, Parsed> {
  const open = format === "openmetrics";
  assert.ok(text === "" || text.endsWith("\n"), "the last line ends");
  const lines = text.split("\n").slice(0, -1);
  if (open) assert.equal(lines.pop(), "# EOF", "the text says that it is whole");
  const families = new Map<string, Parsed>();
  let current = "";
  for (const line of lines) {
    const head = /^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line);
    const [, kind, name = "", rest = ""] = head ?? [];
    if (head) {
      if (name !== current) assert.ok(!families.has(name), `${name} is interleaved`);
      const made = families.get(name) ?? { type: "", help: "", unit: "", samples: new Map() };
      families.set(name, made);
      current = name;
      assert.equal(made.samples.size, 0, "what is said of a family comes before its samples");
      if (kind === "HELP") made.help = unescaped(rest, open ? '\\n"' : "\\n");
      if (kind === "TYPE") made.type = rest;
      if (kind === "UNIT") {
        assert.ok(open && name.endsWith(`_${rest}`), `${name} does not end in its unit`);
        made.unit = rest;
      }
      continue;
    }
    assert.ok(!line.startsWith("#"), line);
    sample(line, families.get(current), current, open);
  }
  for (const [name, family] of families) whole(name, family, open);
  return families;
}

function sample(line: string, family: Parsed | undefined, base: string, open: boolean): void {
  const [, name = "", inBraces, number = ""] =
    /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ((?:[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)|[-+]Inf|NaN)$/s.exec(
      line,
    ) ?? assert.fail(`no sample: ${line}`);
  assert.ok(family?.type, `${line} has no type`);
  const suffix = name.slice(base.length);
  const allowed = family.type === "counter" && !open ? [""] : suffixes[family.type];
  assert.ok(name.startsWith(base) && allowed?.includes(suffix), `${name} in ${base}`);
  const labels = new Map<string, string>();
  let rest = inBraces ?? "";
  while (rest !== "") {
    const [all, label = "", value = ""] =
      /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/s.exec(rest) ??
      assert.fail(`no labels: ${rest}`);
    assert.ok(!labels.has(label), `${label} twice`);
    labels.set(label, unescaped(value, '\\n"'));
    rest = rest.slice(all.length);
  }
  const key = JSON.stringify([name, [...labels].sort()]);
  assert.ok(!family.samples.has(key), `${line} is there twice`);
  family.samples.set(key, { name, labels, value: Number(number.replace("Inf", "Infinity")) });
}

function whole(name: string, { type, samples }: Parsed, open: boolean): void {
  assert.ok(type in suffixes, `${name} has the type ${type}`);
  if (type === "counter") for (const one of samples.values()) assert.ok(one.value >= 0);
  if (type !== "histogram") return;
  const buckets = Map.groupBy([...samples.values()], ({ labels }) =>
    JSON.stringify([...labels].filter(([label]) => label !== "le").sort()),
  );
  for (const all of buckets.values()) {
    const counts = all.filter((one) => one.name.endsWith("_bucket"));
    const bounds = counts.map(({ labels }) => labels.get("le") ?? "");
    assert.equal(bounds.at(-1), "+Inf");
    for (const bound of open ? bounds.slice(0, -1) : []) {
      assert.match(bound, /^-?\d+(\.\d+)?(e[-+]\d{2,})?$/);
      assert.match(bound, /[.e]/, "a bound shows that it is a float");
    }
    const values = counts.map(({ value }) => value);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
      "buckets are cumulative",
    );
    assert.equal(all.find((one) => one.name.endsWith("_count"))?.value, values.at(-1));
  }
}

function unescaped(text: string, allowed: string): string {
  return text.replaceAll(/\\(.?)/gs, (_all, char: string) => {
    assert.ok(char !== "" && allowed.includes(char), `\\${char} is no escape`);
    return char === "n" ? "\n" : char;
  });
}

const formats = ["prometheus", "openmetrics"] as const;

for (const format of formats) {
  test(`${format}: counters, gauges and histograms read back by a strict parser`, async () => {
    const metrics = createMetrics();
    metrics.counter("fatal", { help: "Fatal errors" });
    const requests = metrics.counter("requests", { help: 'Calls "in"\nall \\ of them' });
    requests.with({ code: "200", path: 'a"b\\c\nd' }).add(2);
    metrics.gauge("depth", { help: "" }).set(Number.NEGATIVE_INFINITY);
    metrics.gauge("odd", { help: "Not a number" }).set(Number.NaN);
    const took = metrics.histogram("took", {
      help: "Time",
      unit: "seconds",
      buckets: [0.5, 1, 10],
    });
    for (const value of [0.2, 0.5, 0.7, 11]) took.observe(value);
    took.with({ route: "/" }).observe(3);

    const read = parse(await metrics.text(format), format);
    const total = format === "prometheus" ? "_total" : "";
    const values = (name: string): readonly number[] =>
      [...(read.get(name)?.samples.values() ?? [])].map(({ value }) => value);
    assert.deepEqual(values(`fatal${total}`), [0], "there at 0 before anything happened");
    const found = read.get(`requests${total}`);
    assert.equal(found?.help, 'Calls "in"\nall \\ of them');
    const [only] = found?.samples.values() ?? [];
    assert.deepEqual(Object.fromEntries(only?.labels ?? []), { code: "200", path: 'a"b\\c\nd' });
    assert.equal(only?.value, 2);
    assert.deepEqual(values("depth"), [Number.NEGATIVE_INFINITY]);
    assert.deepEqual(values("odd"), [Number.NaN]);
    assert.deepEqual(values("took_seconds").slice(0, 6), [2, 3, 3, 4, 12.4, 4]);
    assert.equal(read.get("took_seconds")?.unit, format === "openmetrics" ? "seconds" : "");
  });

  test(`${format}: any label value and any help come back as they were`, async () => {
    const text = fc.string({ unit: "binary", maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(text, text, fc.double({ noNaN: false }), async (help, label, value) => {
        const metrics = createMetrics();
        metrics.gauge("any", { help }).with({ label }).set(value);
        const found = parse(await metrics.text(format), format).get("any");
        const [only] = found?.samples.values() ?? [];
        assert.equal(found?.help, help.toWellFormed());
        assert.equal(only?.labels.get("label"), label.toWellFormed());
        assert.equal(only?.value, value === 0 ? 0 : value);
      }),
      { numRuns: 300, seed: 7 },
    );
  });
}

test("text of one format can be read and told in the other", () => {
  const text = [
    "# HELP x_total Calls \\\\ of\\nall",
    "# TYPE x_total counter",
    'x_total{a="}, {",b="\\"",} 3 1700000000000',
    "# TYPE h histogram",
    'h_bucket{le="1"} 1',
    'h_bucket{le="+Inf"} 2',
    "h_sum 4.5",
    "h_count 2",
    "# a remark",
    "alone +Inf",
    "",
  ].join("\n");
  const families = familiesOf(text);
  const read = parse(expositionOf(families, "openmetrics"), "openmetrics");
  assert.deepEqual([...read.keys()], ["x", "h", "alone"]);
  assert.equal(read.get("x")?.help, "Calls \\ of\nall");
  const [x] = read.get("x")?.samples.values() ?? [];
  assert.deepEqual(
    [...(x?.labels ?? [])],
    [
      ["a", "}, {"],
      ["b", '"'],
    ],
  );
  assert.equal(x?.value, 3);
  assert.equal(read.get("h")?.samples.size, 4);
  for (const wrong of ["x{a=b} 1", "x 1 2 3", "9x 1", "x one", 'x{a="b} 1']) {
    assert.throws(() => familiesOf(`ok 1\n${wrong}\n`), /line 2/, wrong);
  }
});

test("bounds are written as OpenMetrics 1.0 lists them", () => {
  const examples = "0.0 0.001 0.5 1.0 10.0 1e-10 1e-05 0.0001 100000.0 1e+06 1e+07 1.1e+23 1e+100";
  for (const text of examples.split(" ")) assert.equal(canonicalNumber(Number(text)), text);
  assert.equal(canonicalNumber(Number.POSITIVE_INFINITY), "+Inf");
  assert.equal(canonicalNumber(-123456789), "-1.23456789e+08");
});

test("exponential buckets are exact for people", () => {
  assert.deepEqual(exponentialBuckets(0.1, 3, 4), [0.1, 0.3, 0.9, 2.7]);
  for (const [start, factor, count] of [
    [0, 2, 3],
    [1, 1, 3],
    [1, 2, 0],
    [1, 2, 1.5],
    [1, 1e9, 99],
  ]) {
    assert.throws(() => exponentialBuckets(start ?? 0, factor ?? 0, count ?? 0), /buckets/);
  }
});

test("a scraper gets the format it asks for", () => {
  const prometheus =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
  assert.equal(formatFor(prometheus), "openmetrics");
  assert.equal(formatFor("application/openmetrics-text;version=2.0.0, text/plain"), "prometheus");
  assert.equal(formatFor("application/openmetrics-text;q=0.1, text/plain;q=0.9"), "prometheus");
  assert.equal(formatFor("text/html, */*"), "prometheus");
  assert.equal(formatFor(undefined), "prometheus");
  assert.match(contentType("openmetrics"), /^application\/openmetrics-text; version=1\.0\.0;/);
  assert.match(contentType("prometheus"), /^text\/plain; version=0\.0\.4;/);
});
