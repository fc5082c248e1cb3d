// What an app's metrics keep, refuse and bound, and how other registries stand beside them.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { Entry } from "../../kernel/log.ts";
import { createLog } from "../../kernel/log.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { createMetrics } from "./metrics.ts";
import { processMetrics } from "./process-metrics.ts";
import { promClient } from "./prom-client.ts";
import { textSource } from "./text-source.ts";

const help = "For a test";

function recorded() {
  const entries: Entry[] = [];
  const log = createLog({ level: "debug", wall: () => 0, write: (entry) => entries.push(entry) });
  return { log, entries, messages: () => entries.map(({ message }) => message) };
}

const broken = { code: "OPTION_INVALID" };

test("asking again for a metric gives the same one", async () => {
  const metrics = createMetrics();
  metrics.counter("a", { help }).add();
  metrics.counter("a_total", { help }).add(2);
  const took = metrics.histogram("took", { help, unit: "seconds" });
  assert.equal(metrics.histogram("took_seconds", { help }), took);
  assert.match(await metrics.text(), /^a_total 3$/m);
});

test("names that cannot be are refused when they are made", () => {
  const metrics = createMetrics({ maxMetrics: 3 });
  for (const name of ["", "9a", "a-b", "ä", "a b", "x".repeat(201), "a_bucket", "a_total_total"]) {
    assert.throws(() => metrics.counter(name, { help }), broken, name);
  }
  assert.throws(() => metrics.gauge("things_total", { help }), broken);
  assert.throws(() => metrics.gauge("things", { help, unit: "per second" }), broken);
  assert.throws(() => metrics.histogram("h", { help, buckets: [2, 1] }), broken);
  metrics.counter("a", { help });
  assert.throws(() => metrics.gauge("a", { help }), /a cannot be beside a_total/);
  metrics.histogram("h", { help, buckets: [1, 2] });
  assert.throws(() => metrics.histogram("h", { help, buckets: [1, 3] }), /other buckets/);
  metrics.gauge("third", { help });
  assert.throws(() => metrics.gauge("fourth", { help }), /more than 3/);
  const counter = metrics.counter("a", { help });
  for (const label of ["le", "__name__", "a-b", "quantile", ""]) {
    assert.throws(() => counter.with({ [label]: "x" }), broken, label);
  }
});

test("a number that cannot be is left out and told once", async () => {
  const { log, messages } = recorded();
  const metrics = createMetrics({ log });
  const counter = metrics.counter("a", { help });
  counter.add(2);
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY, "3" as unknown as number]) {
    counter.add(wrong);
  }
  metrics.histogram("h", { help, buckets: [1] }).observe(Number.NaN);
  const text = await metrics.text();
  assert.match(text, /^a_total 2$/m);
  assert.match(text, /^h_sum 0$/m);
  assert.equal(messages().length, 2);
});

test("labels in any order are one series; a metric used with labels shows no bare one", async () => {
  const metrics = createMetrics();
  const counter = metrics.counter("a", { help });
  counter.with({ x: "1", y: "2" }).add();
  counter.with({ y: "2", x: "1" }).add();
  assert.equal((await metrics.families())[0]?.samples.length, 1);
  counter.with({ x: "1" }).with({ y: "2" }).add();
  assert.match(await metrics.text(), /^a_total\{x="1",y="2"\} 3$/m);
  assert.match(await metrics.text(), /^a_total\{x="1"\} 0$/m, "there at 0 since it was named");
});

test("beyond the bound series are counted as one, which is told once", async () => {
  const { log, entries } = recorded();
  const metrics = createMetrics({ log, maxSeries: 10 });
  const counter = metrics.counter("a", { help });
  const gauge = metrics.gauge("g", { help });
  for (let i = 0; i < 100; i++) {
    counter.with({ user: `u${i}` }).add();
    gauge.with({ user: `u${i}` }).set(i);
  }
  const [counted, gauged] = await metrics.families();
  assert.equal(counted?.samples.length, 11);
  assert.equal(counted?.samples.at(-1)?.labels, 'overflow="true"');
  assert.equal(counted?.samples.at(-1)?.value, 90);
  assert.equal(gauged?.samples.length, 10);
  assert.deepEqual(
    entries.map(({ fields }) => fields.metric),
    ["a_total", "g"],
  );
});

test("a gauge that is read shows nothing while its reading fails", async () => {
  const { log, messages } = recorded();
  const metrics = createMetrics({ log });
  let value: number | undefined = 4;
  metrics.gauge("depth", {
    help,
    read: () => value ?? assert.fail("no queue"),
  });
  assert.match(await metrics.text(), /^depth 4$/m);
  value = undefined;
  assert.equal(await metrics.text(), "");
  assert.equal(await metrics.text(), "");
  assert.deepEqual(messages(), ["a gauge could not be read"]);
  value = 5;
  assert.match(await metrics.text(), /^depth 5$/m);
});

test("a prom-client registry is shown whole, but for what is ours already", async () => {
  const prom = createRequire(import.meta.url)("prom-client") as typeof import("prom-client");
  const registers = [new prom.Registry()];
  new prom.Counter({ name: "orders", help, labelNames: ["x"], registers }).inc({ x: 'a"\n\\' }, 2);
  new prom.Histogram({ name: "took", help, buckets: [0.1, 1], registers }).observe(0.5);
  new prom.Summary({ name: "sums", help, percentiles: [0.5], registers }).observe(1);
  new prom.Gauge({ name: "depth", help, registers }).set(9);
  const [registry] = registers;
  assert.ok(registry);
  const { log, messages } = recorded();
  for (const given of [registry, { metrics: () => registry.metrics() }]) {
    const metrics = createMetrics({ log, sources: [promClient(given)] });
    metrics.gauge("depth", { help }).set(1);
    const text = await metrics.text();
    const theirs = (await registry.metrics()).split("\n").filter((line) => /^[a-z]/.test(line));
    assert.ok(theirs.length >= 10);
    for (const line of theirs.filter((line) => !line.startsWith("depth"))) {
      assert.ok(text.includes(`${line}\n`), line);
    }
    assert.deepEqual(text.match(/^depth .*$/gm), ["depth 1"]);
    const open = await metrics.text("openmetrics");
    assert.match(open, /^# TYPE orders counter$/m);
    assert.match(open, /^orders_total\{x="a\\"\\n\\\\"\} 2$/m);
    assert.match(open, /^took_bucket\{le="1\.0"\} 1$/m);
  }
  assert.deepEqual(messages(), [
    "metrics are there twice; the first are shown",
    "metrics are there twice; the first are shown",
  ]);
});

test("a source that fails or hangs is left out and delays nothing beyond the limit", async () => {
  const clock = simClock();
  const { log, messages } = recorded();
  const metrics = createMetrics({ clock, log, sourceLimitMs: 100 });
  metrics.counter("a", { help });
  let asked = 0;
  metrics.include({
    name: "hanging",
    families: () => {
      asked += 1;
      return new Promise(() => {});
    },
  });
  using _wrong = metrics.include(textSource("wrong", () => "not metrics at all"));
  for (let i = 0; i < 2; i++) {
    const text = metrics.text();
    await clock.advance(100);
    assert.match(await text, /^a_total 0$/m);
  }
  assert.equal(asked, 1, "it is not asked again while it has not answered");
  assert.equal(clock.pending, 0);
  assert.equal(messages().length, 2);
});

test("the figures of the process have their usual names", async () => {
  const clock = simClock();
  const metrics = createMetrics({ clock });
  let used = { user: 2_000_000, system: 500_000 };
  let resets = 0;
  const delay = { min: 0, max: 0.2, mean: 0.01, stddev: 0, p50: 0, p90: 0.1, p99: 0.2 };
  using figures = processMetrics(metrics, {
    clock,
    facts: {
      upSeconds: () => 60,
      cpu: () => used,
      memory: () => ({ rss: 1, heapTotal: 2, heapUsed: 3, external: 4, arrayBuffers: 5 }),
      heapLimitBytes: () => 6,
      heapSpaces: () => [],
      openFds: async () => 7,
      maxFds: async () => undefined,
      virtualBytes: async () => undefined,
      nodeVersion: "v24.21.0",
    },
    eventLoop: {
      delay: () => delay,
      utilization: () => 0.25,
      reset: () => void resets++,
      [Symbol.dispose]: () => {},
    },
  });
  await metrics.text();
  used = { user: 3_000_000, system: 500_000 };
  await clock.advance(10_000);
  const text = await metrics.text();
  assert.match(text, /^process_cpu_seconds_total 3\.5$/m);
  assert.match(text, /^process_cpu_user_seconds_total 3$/m);
  assert.match(text, /^process_open_fds 7$/m);
  assert.doesNotMatch(text, /process_max_fds|process_virtual/);
  assert.match(text, /^process_start_time_seconds 1767225540$/m);
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds 0\.2$/m);
  assert.match(text, /^nodejs_eventloop_utilization_ratio 0\.25$/m);
  assert.match(
    text,
    /^nodejs_version_info\{major="24",minor="21",patch="0",version="v24.21.0"\} 1$/m,
  );
  assert.equal(resets, 1, "a window lasts 10 s at least");
  figures[Symbol.dispose]();
});
