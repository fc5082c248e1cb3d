// The metrics that the policies publish, read back from OpenTelemetry's own SDK.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import {
  type Attributes,
  type DiagLogger,
  DiagLogLevel,
  diag,
  type Meter,
} from "@opentelemetry/api";
import {
  DataPointType,
  type HistogramMetricData,
  MeterProvider,
  type MetricData,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import { rowsOf } from "../../test/house/markdown.ts";
import { simClock } from "../testing/sim-clock.ts";
import { compose } from "./compose.ts";
import { newCounters } from "./counters.ts";
import { calls, events, type PolicyEvent } from "./events.ts";
import { breaker, fallback, pipeline, retry } from "./index.ts";
import { observePolicies, timedAttempts } from "./opentelemetry.ts";
import { registry } from "./registry.ts";

class Reader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

interface Rig {
  readonly meter: Meter;
  /** What a collection gives, without the metrics that nothing was recorded for. */
  metrics(): Promise<readonly MetricData[]>;
  /** The points of one metric: its attributes with the value, of a histogram with the sum. */
  points(name: string): Promise<readonly Attributes[]>;
}

function rig(): Rig {
  const reader = new Reader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter("test");
  const metrics = async (): Promise<readonly MetricData[]> => {
    const { resourceMetrics, errors } = await reader.collect();
    assert.deepEqual(errors, []);
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return all.filter(({ dataPoints }) => dataPoints.length > 0);
  };
  const points = async (name: string): Promise<readonly Attributes[]> => {
    const metric = (await metrics()).find(({ descriptor }) => descriptor.name.endsWith(name));
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({
      ...attributes,
      value: typeof value === "number" ? value : value.sum,
    }));
  };
  return { meter, metrics, points };
}

const stops: Disposable[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop[Symbol.dispose]();
});

function observe(...given: Parameters<typeof observePolicies>): Disposable {
  const stop = observePolicies(...given);
  stops.push(stop);
  return stop;
}

const works = (): string => "ok";
const fails = (): never => {
  throw Object.assign(new Error("away"), { code: "ECONNREFUSED" });
};

/** What has the given attributes and a value. */
function find(points: readonly Attributes[], wanted: Attributes): Attributes["value"] {
  const found = points.filter((point) =>
    Object.entries(wanted).every(([name, value]) => point[name] === value),
  );
  assert.equal(found.length, 1, JSON.stringify({ wanted, points }));
  return found[0]?.value;
}

test("events are counted with their severity and the code of their error", async () => {
  const { meter, points } = rig();
  observe({ meter });
  const api = pipeline({ name: "users", retry: { retries: 2, backoff: 0 }, fallback: () => null });
  await api.run(fails, { key: "find" });
  const counted = await points("events");
  const whose = { "pipeline.name": "users", "exception.type": "ECONNREFUSED" };
  const retries = { ...whose, "event.name": "retry", "event.severity": "warning" };
  assert.deepEqual(
    counted.map(({ value, ...attributes }) => [attributes, value]),
    [
      [{ ...retries, "strategy.name": "retry" }, 2],
      [
        {
          ...whose,
          "event.name": "retries-exhausted",
          "event.severity": "error",
          "strategy.name": "retry",
        },
        1,
      ],
      [
        {
          ...whose,
          "event.name": "fallback",
          "event.severity": "warning",
          "strategy.name": "fallback",
        },
        1,
      ],
    ],
  );
});

test("a call's duration is told in seconds with its result", async () => {
  const { meter, metrics, points } = rig();
  observe({ meter });
  const clock = simClock();
  const api = pipeline({ name: "users", breaker: true, clock });
  const slow = api.run(() => clock.sleep(1_500));
  await clock.advance(1_500);
  await slow;
  await api.tryRun(fails);
  const control = new AbortController();
  const given = api.tryRun(() => clock.sleep(9_000), { signal: control.signal });
  await clock.advance(250);
  control.abort();
  await given;
  api.breaker.isolate();
  await api.tryRun(works);
  const durations = await points("pipeline.duration");
  assert.equal(find(durations, { result: "success", "pipeline.name": "users" }), 1.5);
  assert.equal(find(durations, { result: "cancelled" }), 0.25);
  assert.equal(find(durations, { result: "failure", reason: "open" }), 0);
  assert.equal(durations.length, 4);
  const histogram = (await metrics()).find(({ descriptor }) => descriptor.unit === "s");
  assert.equal(histogram?.dataPointType, DataPointType.HISTOGRAM);
  const [point] = (histogram as HistogramMetricData).dataPoints;
  const { boundaries, counts } = (point as NonNullable<typeof point>).value.buckets;
  assert.equal(boundaries[counts.indexOf(1)], 2.5);
});

test("attempts are timed one by one, those cut off included", async () => {
  const { meter, points } = rig();
  const clock = simClock();
  const api = compose(
    { name: "users", clock },
    retry({ retries: 1, backoff: { kind: "constant", jitter: "none" }, clock }),
    timedAttempts({ meter, clock }),
  );
  const call = api.run(async ({ attempt }) => {
    await clock.sleep(attempt === 0 ? 300 : 700);
    if (attempt === 0) fails();
  });
  await clock.advance(1_100);
  await call;
  const control = new AbortController();
  const left = api.tryRun(() => clock.sleep(9_000), { signal: control.signal });
  await clock.advance(50);
  control.abort(new Error("enough"));
  await left;
  const attempts = await points("attempt.duration");
  const whose = { "pipeline.name": "users" };
  assert.deepEqual(attempts, [
    {
      ...whose,
      "attempt.number": 0,
      result: "failure",
      "exception.type": "ECONNREFUSED",
      value: 0.3,
    },
    { ...whose, "attempt.number": 1, result: "success", value: 0.7 },
    { ...whose, "attempt.number": 0, result: "cancelled", "exception.type": "Error", value: 0.05 },
  ]);
});

test("counters and figures of a registry are read at each collection", async () => {
  const { meter, points } = rig();
  const pipelines = registry();
  const users = pipelines.define({ name: "users", breaker: true, fallback: () => null });
  await users.run(works);
  observe({ meter, pipelines });
  await users.run(fails);
  const hold = users.breaker.isolate();
  await users.run(works);
  const whose = { "pipeline.name": "users" };
  assert.equal(find(await points(".calls"), whose), 3);
  assert.equal(find(await points(".results"), { ...whose, result: "success" }), 3);
  assert.equal(find(await points(".rejected"), { ...whose, reason: "open" }), 1);
  assert.equal(find(await points(".fallbacks"), whose), 2);
  const state = { ...whose, "figure.name": "breaker_state" };
  assert.equal(find(await points(".figure"), state), 3);
  hold[Symbol.dispose]();
  assert.equal(find(await points(".figure"), state), 0);
});

test("pipelines can be given as a list, a function, or what lists them", async () => {
  const users = pipeline({ name: "users", breaker: true });
  for (const pipelines of [[users], () => [users], { list: () => [users] }]) {
    const { meter, points } = rig();
    observe({ meter, pipelines });
    await users.run(works);
    assert.equal(find(await points(".calls"), { "pipeline.name": "users" }), users.counters.calls);
    const figure = { "figure.name": "window_calls" };
    assert.equal(find(await points(".figure"), figure), users.breaker.recent.total);
  }
});

test("sums do not fall when pipelines of a family come and go", async () => {
  const { meter, points } = rig();
  const pipelines = registry();
  const hosts = pipelines.family("hosts", () => ({ breaker: true }), { max: 2 });
  observe({ meter, pipelines });
  for (const [i, host] of ["a", "b", "c", "d", "a"].entries()) {
    await hosts.get(host).run(works);
    assert.deepEqual(await points(".calls"), [{ "pipeline.name": "hosts", value: i + 1 }]);
  }
  // Breakers of several hosts under one name would be told as one.
  assert.deepEqual(await points(".figure"), []);
});

test("keys are told when asked for, as many as there may be", async () => {
  const { meter, points } = rig();
  const pipelines = registry();
  const hosts = pipelines.family("hosts", () => ({
    retry: { retries: 1, backoff: 0 },
    breaker: true,
  }));
  observe({ meter, pipelines, keys: true, maxValues: 2 });
  for (const host of ["a", "b", "c", "d"]) {
    await hosts.get(host).tryRun(fails, { key: `GET ${host}` });
  }
  const total = { "pipeline.name": "hosts" };
  assert.deepEqual(await points(".calls"), [
    { ...total, "pipeline.instance": "a", value: 1 },
    { ...total, "pipeline.instance": "b", value: 1 },
    { ...total, "pipeline.instance": "_OTHER", value: 2 },
  ]);
  const told = (await points(".figure")).map((point) => point["pipeline.instance"]);
  assert.deepEqual(new Set(told), new Set(["a", "b"]));
  const retries = { "event.name": "retry" };
  const counted = await points(".events");
  assert.equal(find(counted, { ...retries, "operation.key": "GET b" }), 1);
  assert.equal(find(counted, { ...retries, "operation.key": "_OTHER" }), 2);
  const durations = (await points(".pipeline.duration")).map((point) => point["operation.key"]);
  assert.deepEqual(durations, ["GET a", "GET b", "_OTHER"]);
});

test("two thousand names end in a bounded number of series", async () => {
  const { meter, metrics } = rig();
  const many = Array.from({ length: 2_000 }, (_, i) => {
    return { name: `p${i}`, counters: { ...newCounters(), calls: 1 }, strategies: [] };
  });
  observe({ meter, pipelines: many });
  for (const { name } of many) {
    const error = Object.assign(new Error(), { name: `${name} ${"x".repeat(1_000)}` });
    events.publish({ event: "retry", pipeline: name, strategy: "retry", error });
    const ended = { ok: true, cancelled: false, repeats: 0, rejected: undefined, durationMs: 1 };
    calls.publish({ ...ended, pipeline: name, key: name });
  }
  for (const { descriptor, dataPoints } of await metrics()) {
    const names = new Set(dataPoints.map(({ attributes }) => attributes["pipeline.name"]));
    assert.equal(names.size, 101, descriptor.name);
    assert.ok(names.has("_OTHER"), descriptor.name);
    const sum = dataPoints.reduce((all, { value }) => all + Number(value), 0);
    if (descriptor.name.endsWith(".calls")) assert.equal(sum, 2_000);
    for (const { attributes } of dataPoints) {
      assert.ok(String(attributes["exception.type"] ?? "").length <= 128);
    }
  }
});

test("nothing is told after the handle is disposed of, twice does no harm", async () => {
  const { meter, points } = rig();
  const users = pipeline({ name: "users", retry: { retries: 1, backoff: 0 } });
  const stop = observe({ meter, pipelines: [users] });
  await users.tryRun(fails);
  stop[Symbol.dispose]();
  stop[Symbol.dispose]();
  assert.equal(events.hasSubscribers, false);
  assert.equal(calls.hasSubscribers, false);
  await users.tryRun(fails);
  assert.equal(find(await points(".events"), { "event.name": "retry" }), 1);
  assert.deepEqual(await points(".calls"), []);
});

test("figures that throw are told of, and take no other metric with them", async () => {
  const { meter, points } = rig();
  const told: unknown[] = [];
  const ignored = (): void => {};
  const warn = (message: string): number => told.push(message);
  const log: DiagLogger = {
    warn,
    error: ignored,
    info: ignored,
    debug: ignored,
    verbose: ignored,
  };
  diag.setLogger(log, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const mean = {
    name: "mean",
    exit: () => undefined,
    figures: (): Record<string, number> => {
      throw new Error("no figures today");
    },
  };
  observe({ meter, pipelines: [compose({ name: "users" }, mean, breaker())] });
  const figures = await points(".figure");
  diag.disable();
  assert.deepEqual(told, ["homeostat.policies: figures of mean: no figures today"]);
  find(figures, { "strategy.name": "breaker", "figure.name": "breaker_state" });
});

test("whatever is thrown has a type", async () => {
  const { meter, points } = rig();
  observe({ meter });
  const api = compose(
    { name: "t" },
    fallback(() => null),
  );
  const mean = {
    get name(): string {
      throw new Error("no name");
    },
  };
  for (const thrown of [
    "text",
    null,
    new TypeError("x"),
    new DOMException("x", "DataCloneError"),
    {},
    mean,
  ])
    await api.run(() => Promise.reject(thrown));
  const types = (await points(".events")).map((point) => point["exception.type"]);
  assert.deepEqual(types, [
    "string",
    "object",
    "TypeError",
    "DataCloneError",
    "undefined",
    "_OTHER",
  ]);
});

test("a bound below 1 is a mistake", () => {
  for (const maxValues of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => observePolicies({ maxValues }), { code: "OPTION_INVALID" });
  }
  assert.equal(events.hasSubscribers, false);
});

const page = readFileSync(join(import.meta.dirname, "../../docs/policies/telemetry.md"), "utf8");
const bare = (cell = ""): string => cell.replaceAll("`", "");

test("docs/policies/telemetry.md lists each metric with its kind, unit and attributes", async () => {
  const { meter, metrics } = rig();
  const pipelines = registry();
  const circuit = breaker();
  const hosts = pipelines.family("hosts", () => ({ breaker: circuit }));
  observe({ meter, pipelines, keys: true });
  await compose(timedAttempts({ meter })).tryRun(fails);
  circuit.isolate();
  await hosts.get("a").tryRun(works, { key: "k" });
  const error = new Error("why");
  events.publish({ event: "retry", pipeline: "p", strategy: "s", key: "k", reason: "open", error });
  const kinds = {
    [DataPointType.SUM]: "counter",
    [DataPointType.HISTOGRAM]: "histogram",
    [DataPointType.EXPONENTIAL_HISTOGRAM]: "histogram",
    [DataPointType.GAUGE]: "gauge",
  };
  const published = (await metrics()).map(({ descriptor, dataPointType, dataPoints }) => ({
    metric: descriptor.name,
    kind: kinds[dataPointType],
    unit: descriptor.unit,
    attributes: new Set(dataPoints.flatMap(({ attributes }) => Object.keys(attributes))),
  }));
  const documented = rowsOf(page, "metric").map(({ metric, kind, unit, attributes }) => ({
    metric: bare(metric),
    kind,
    unit: bare(unit),
    attributes: new Set(bare(attributes).split(" ")),
  }));
  const sorted = <Row extends { metric: string }>(rows: readonly Row[]): readonly Row[] =>
    rows.toSorted((a, b) => a.metric.localeCompare(b.metric));
  assert.deepEqual(sorted(published), sorted(documented));
});

test("docs/policies/telemetry.md lists each event with its severity", async () => {
  const { meter, points } = rig();
  observe({ meter });
  // The compiler holds this to the names that there are.
  const names: Readonly<Record<PolicyEvent["event"], true>> = {
    retry: true,
    "retries-exhausted": true,
    "retry-budget-spent": true,
    rejected: true,
    timeout: true,
    fallback: true,
    hedge: true,
    "cache-hit": true,
    chaos: true,
    "breaker-opened": true,
    "breaker-half-opened": true,
    "breaker-closed": true,
    "breaker-isolated": true,
    "breaker-released": true,
    "limit-changed": true,
    "host-ejected": true,
    "host-returned": true,
  };
  for (const event of Object.keys(names) as PolicyEvent["event"][]) {
    events.publish({ event, pipeline: "p", strategy: "s" });
  }
  const published = (await points(".events")).map((point) => [
    point["event.name"],
    point["event.severity"],
  ]);
  const documented = rowsOf(page, "event").map(({ event, severity }) => [bare(event), severity]);
  assert.deepEqual(published.toSorted(), documented.toSorted());
});
