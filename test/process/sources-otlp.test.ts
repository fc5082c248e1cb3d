// The real exporters of OpenTelemetry push metrics, spans and logs into our receiver.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter as JsonMetrics } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtoMetrics } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { OtlpOptions } from "../../src/sources/otlp.ts";
import { otlpSource } from "../../src/sources/otlp.ts";
import { foreign } from "../support/foreign.ts";
import { metricsBody, metricsJson } from "../support/otlp-writer.ts";
import { type Heard, hear } from "./support/heard.ts";
import { freePorts, until } from "./support/project.ts";

const token = "0123456789abcdef";

async function receiver(
  t: TestContext,
  over: Partial<OtlpOptions> = {},
): Promise<{ readonly url: string; readonly heard: Heard }> {
  const [port = 0] = await freePorts(1);
  const settings = { host: "127.0.0.1", port, bodyBytes: 100_000, foreign };
  const heard = hear(
    t,
    otlpSource({ ...settings, attribute: "service.name", windowMs: 300, ...over }),
  );
  const url = `http://127.0.0.1:${port}`;
  await until("it listens", 5_000, async () =>
    fetch(url)
      .then((it) => it.text())
      .then(
        () => true,
        () => undefined,
      ),
  );
  return { url, heard };
}

const resource = resourceFromAttributes({ "service.name": "web" });
const headers = { authorization: `Bearer ${token}` };

describe("a real exporter", { timeout: 60_000 }, () => {
  for (const [name, Exporter] of [
    ["protobuf", ProtoMetrics],
    ["JSON", JsonMetrics],
  ] as const) {
    test(`of metrics, ${name}: gauges, counters and both kinds of histograms`, async (t) => {
      const { url, heard } = await receiver(t, { token });
      const exporter = new Exporter({ url: `${url}/v1/metrics`, headers });
      const reader = new PeriodicExportingMetricReader({
        exporter,
        exportIntervalMillis: 3_600_000,
      });
      const views = [
        {
          instrumentName: "fine",
          aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: {} } as const,
        },
      ];
      const provider = new MeterProvider({ resource, readers: [reader], views });
      const meter = provider.getMeter("test");
      const queue = meter.createGauge("queue");
      const done = meter.createCounter("done");
      const open = meter.createUpDownCounter("open");
      const [took, fine] = ["took", "fine"].map((it) => meter.createHistogram(it, { unit: "s" }));
      const round = async (count: number): Promise<void> => {
        queue.record(3, { 'odd "name"': "é\n" });
        done.add(count, { route: "/" });
        open.add(2);
        for (let i = 0; i < count; i++) {
          took?.record(0.2);
          fine?.record(0.2);
        }
        await provider.forceFlush();
      };
      await round(1);
      await round(10);
      const gauge = await heard.find(/^queue/);
      assert.deepEqual([gauge.metric, gauge.value], ['queue{odd "name"="é\\n"}', 3]);
      assert.equal((await heard.find("open", ({ value }) => value === 4)).value, 4);
      const rate = await heard.find('done.rate{route="/"}');
      assert.ok(rate.value > 0 && rate.unit === "per_s");
      for (const kind of ["took", "fine"]) {
        const mean = await heard.find(`${kind}.mean`);
        assert.ok(Math.abs(mean.value - 200) < 1 && mean.unit === "ms", `${mean.value}`);
        assert.ok((await heard.find(`${kind}.rate`)).value > 0);
      }
      assert.ok(Math.abs((await heard.find("fine.p95")).value - 200) < 5, "buckets of 160");
      // While somebody listens: its last export would be tried again for long.
      await provider.shutdown();
    });
  }

  test("of spans: requests, errors and durations of a window", async (t) => {
    const { url, heard } = await receiver(t);
    const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces` });
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    const provider = new TracerProvider({ resource, spanProcessors });
    t.after(() => provider.shutdown());
    const tracer = provider.getTracer("test");
    const now = Date.now();
    for (let i = 0; i < 10; i++) {
      const span = tracer.startSpan("GET /", { kind: SpanKind.SERVER, startTime: now });
      if (i === 0) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(now + 250);
    }
    await provider.forceFlush();
    const p50 = await heard.find("spans.p50");
    assert.ok(Math.abs(p50.value - 250) < 20, `${p50.value}`);
    const errors = heard.readings.filter(({ metric }) => metric === "spans.errors");
    assert.ok(errors.some(({ value }) => value > 0 && value < 1.01));
  });

  test("of logs, JSON: lines by severity, each handed on", async (t) => {
    const lines: string[] = [];
    const onLine: NonNullable<OtlpOptions["onLine"]> = (target, text, severity) => {
      lines.push(`${target} ${severity} ${text}`);
    };
    const { url, heard } = await receiver(t, { onLine });
    const exporter = new OTLPLogExporter({ url: `${url}/v1/logs` });
    const processors = [new SimpleLogRecordProcessor({ exporter })];
    const provider = new LoggerProvider({ resource, processors });
    t.after(() => provider.shutdown());
    provider.getLogger("test").emit({ severityNumber: 17, body: "the disk is full" });
    await provider.forceFlush();
    const logged = await heard.find('logs.lines{severity="error"}', ({ value }) => value > 0);
    assert.equal(logged.unit, "per_s");
    assert.deepEqual(lines, ["web error the disk is full"]);
  });
});

describe("the door", { timeout: 30_000 }, () => {
  const metric = {
    name: "queue",
    kind: "gauge",
    points: [{ labels: {}, value: 1, unixMs: Date.now() }],
  } as const;
  const labels = { "service.name": "web" };
  const json = JSON.stringify(metricsJson(labels, [metric]));

  test("lets in what is sent in the right form, packed or not, and tells why it does not", async (t) => {
    const { url, heard } = await receiver(t, { token, bodyBytes: 5_000 });
    const post = async (over: RequestInit & { path?: string } = {}): Promise<Response> => {
      const { path = "/v1/metrics", headers: more, ...rest } = over;
      const all = { ...headers, "content-type": "application/json", ...more };
      const signal = AbortSignal.timeout(5_000);
      return fetch(url + path, { method: "POST", body: json, signal, ...rest, headers: all });
    };
    const status = async (over: Parameters<typeof post>[0]): Promise<number> => {
      const answer = await post(over);
      await answer.text();
      return answer.status;
    };
    assert.equal(await status({}), 200);
    const packed = { "content-encoding": "gzip" };
    const protobuf = { "content-type": "application/x-protobuf" };
    const bytes = gzipSync(metricsBody(labels, [{ ...metric, name: "packed" }]));
    assert.equal(await status({ headers: { ...packed, ...protobuf }, body: bytes }), 200);
    await heard.find("packed");
    const refusals: readonly (readonly [number, Parameters<typeof post>[0]])[] = [
      [401, { headers: { authorization: "Bearer wrong-wrong-wrong" } }],
      [404, { path: "/v1/profiles" }],
      [405, { method: "PUT" }],
      [415, { headers: { "content-type": "text/plain" } }],
      [415, { headers: { "content-encoding": "br" } }],
      [400, { headers: packed }],
      [413, { body: "x".repeat(5_001) }],
      [413, { headers: packed, body: gzipSync("x".repeat(50_000)) }],
      [400, { body: "{" }],
      [400, { headers: protobuf }],
    ];
    for (const [code, over] of refusals)
      assert.equal(await status(over), code, JSON.stringify(over));
    const bad = await post({ body: "{" });
    assert.match(((await bad.json()) as { message: string }).message, /expected a body of JSON/);
  });

  test("answers 429 with Retry-After when too much comes at once", async (t) => {
    const { url } = await receiver(t);
    const [host = "", port = ""] = new URL(url).host.split(":");
    const sockets = Array.from({ length: 40 }, () => connect(Number(port), host));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    const head =
      "POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n";
    const answers = sockets.map(async (socket) => {
      let text = "";
      socket.on("error", () => {});
      socket.on("data", (part) => {
        text += part;
      });
      await once(socket, "connect");
      socket.write(head);
      return () => text;
    });
    const texts = await Promise.all(answers);
    const refused = await until("some are refused", 10_000, async () => {
      const all = texts.map((text) => text()).filter((text) => text.startsWith("HTTP/1.1 429"));
      return all.length > 0 ? all : undefined;
    });
    assert.match(refused[0] ?? "", /retry-after: 1/i);
    assert.ok(refused.length <= 8, "those before are waited for");
  });

  test("without a token takes nothing that was sent to another name", async (t) => {
    const { url } = await receiver(t);
    const status = async (name: string): Promise<number | undefined> => {
      const asked = request(`${url}/v1/metrics`, {
        method: "POST",
        headers: { host: name, "content-type": "application/json" },
      });
      asked.end("{}");
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    assert.equal(await status("evil.example.com:4318"), 403);
    assert.equal(await status("localhost:4318"), 200);
  });

  test("a port that is taken is tried again, and told", async (t) => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    t.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const settings = { host: "127.0.0.1", port, bodyBytes: 100_000, foreign };
    const source = otlpSource({ ...settings, attribute: "service.name", windowMs: 1_000 });
    hear(t, source);
    const trouble = await until("it tells", 5_000, async () => source.view()?.trouble);
    assert.match(trouble, /EADDRINUSE/);
  });
});
