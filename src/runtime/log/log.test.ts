// Lines as they are written: levels, names, forms, sinks that fail, errors that are captured.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { Writable } from "node:stream";
import { test } from "node:test";
import {
  type Context,
  type ContextManager,
  context,
  ROOT_CONTEXT,
  trace,
} from "@opentelemetry/api";
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import { simClock } from "../../testing/sim-clock.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { otelSink, pinoSink, winstonSink } from "./adapters.ts";
import { consoleSink } from "./console.ts";
import { jsonOf, textOf } from "./format.ts";
import { createLog, type LogOptions } from "./log.ts";
import { withName } from "./name.ts";
import type { Line, Sink } from "./sink.ts";
import { usualSinks } from "./usual-sinks.ts";

function memory(name = "memory"): Sink & { readonly lines: Line[]; texts(): readonly string[] } {
  const lines: Line[] = [];
  return {
    name,
    lines,
    write: (line) => void lines.push(line),
    texts: () => lines.map((line) => textOf(line)),
  };
}

function logged(options: Partial<LogOptions> = {}) {
  const sink = memory();
  const clock = simClock();
  return { sink, clock, log: createLog({ app: "shop", sinks: [sink], clock, ...options }) };
}

test("text has the form `app thread [LEVEL] message key=value`", async () => {
  const { sink, log } = logged();
  log.info("it runs", { port: 80, path: "/a b", empty: "", list: [1], none: null });
  await withName("worker 1", async () => {
    await Promise.resolve();
    log
      .named("db")
      .named("pool")
      .child({ host: "a" })
      .warn("slow\n  forged [ERROR] line", { ms: 1.5 });
  });
  assert.deepEqual(sink.texts(), [
    'shop main [INFO] it runs port=80 path="/a b" empty="" list=[1] none=null',
    "shop worker_1 [WARN] slow forged [ERROR] line logger=db.pool host=a ms=1.5",
  ]);
});

test("JSON is one object a line; a field cannot pass for the level", () => {
  const { sink, log } = logged({ fields: { version: 3 } });
  log.named("db").info("two\nlines", { level: "error", message: "other", n: Number.NaN });
  const [line] = sink.lines;
  assert.ok(line);
  assert.deepEqual(JSON.parse(jsonOf(line)), {
    time: "2026-01-01T00:00:00.000Z",
    level: "info",
    app: "shop",
    thread: "main",
    logger: "db",
    message: "two\nlines",
    version: 3,
    level_: "error",
    message_: "other",
    n: "NaN",
  });
});

test("an error reads as its message and causes, with its stack on lines of its own", () => {
  const { sink, log } = logged();
  const cause = Object.assign(new TypeError("no route"), { code: "EHOSTUNREACH" });
  log.error("order failed", { error: new Error("cannot pay", { cause }) });
  const [head, ...stack] = sink.texts()[0]?.split("\n") ?? [];
  assert.equal(
    head,
    'shop main [ERROR] order failed error="Error: cannot pay: TypeError: no route"',
  );
  assert.ok(stack.length > 0 && stack.every((line) => /^ {4}at /.test(line)));
  assert.match(JSON.stringify(sink.lines), /"cause":\{[^}]*"code":"EHOSTUNREACH"/);
});

test("the level changes while the app runs, for every logger", () => {
  const { sink, log } = logged();
  const child = log.named("db").child({ a: 1 });
  child.debug("1");
  log.setLevel("debug");
  child.debug("2");
  child.setLevel("error");
  log.warn("3");
  assert.equal(log.level, "error");
  assert.deepEqual(
    sink.lines.map(({ message }) => message),
    ["2"],
  );
});

test("all is logged while the app starts, then what the level lets through", () => {
  const { sink, log } = logged({ starting: true, level: "warn" });
  log.debug("starting");
  log.started();
  log.info("running");
  log.setLevel("debug");
  log.started();
  log.debug("looking closer");
  const early = logged({ starting: true });
  early.log.setLevel("error");
  early.log.started();
  assert.equal(early.log.level, "error", "what somebody set stays");
  assert.deepEqual(
    sink.lines.map(({ message }) => message),
    ["starting", "looking closer"],
  );
});

test("the console splits by level, and is text for a person and JSON for a machine", () => {
  const out = { written: "", isTTY: true, write: (text: string) => (out.written += text) };
  const err = { written: "", isTTY: false, write: (text: string) => (err.written += text) };
  const { log } = logged({ sinks: [consoleSink({ stdout: out, stderr: err })] });
  log.warn("close");
  log.error("over");
  assert.equal(out.written, "shop main [WARN] close\n");
  assert.equal(JSON.parse(err.written).message, "over");
});

test("a reader that went away, or does not read, costs lines and not the process", () => {
  let fail: ((error: Error) => void) | undefined;
  const stdout = {
    writableLength: 0,
    written: 0,
    write: () => void stdout.written++,
    on: (_event: "error", listener: (error: Error) => void) => {
      fail = listener;
    },
  };
  const sink = consoleSink({ stdout, stderr: stdout, maxBufferBytes: 100 });
  const other = memory("other");
  const { log } = logged({ sinks: [sink, other] });
  stdout.writableLength = 101;
  log.info("1");
  stdout.writableLength = 0;
  log.info("2");
  fail?.(new Error("write EPIPE"));
  log.info("3");
  assert.equal(stdout.written, 1);
  assert.deepEqual(log.dropped(), { console: 2, other: 0 });
  assert.match(other.texts()[2] ?? "", /\[WARN\] nobody reads the console any more.*EPIPE/);
});

test("a sink that throws is told to the others once and stops none of them", async () => {
  let broken = true;
  const bad: Sink = {
    name: "bad",
    write: () => assert.ok(!broken, "no space"),
    flush: () => new Promise(() => {}),
    close: () => assert.fail("not open"),
  };
  const good = memory("good");
  const metrics = createMetrics();
  const { log, clock } = logged({ sinks: [bad, good], metrics });
  log.info("1");
  log.info("2");
  broken = false;
  log.info("3");
  assert.deepEqual(
    good.lines.map(({ message }) => message),
    ["a log sink failed", "1", "2", "3"],
  );
  assert.deepEqual(log.dropped(), { bad: 2, good: 0 });
  assert.match(await metrics.text(), /^log_lines_total\{level="info"\} 3$/m);
  assert.match(await metrics.text(), /^log_dropped_lines 2$/m);
  const flushed = log.flush(100);
  await clock.advance(100);
  assert.equal(await flushed, false, "a sink that hangs is not waited for");
  const closed = log.close(100);
  await clock.advance(100);
  await closed;
  assert.equal(good.lines.at(-1)?.message, "a log sink could not be closed");
});

test("errors are captured, those of noisy loggers are counted and told", async () => {
  const captured: [unknown, string][] = [];
  const metrics = createMetrics();
  const { sink, clock, log } = logged({
    metrics,
    noisy: ["pika"],
    summaryMs: 60_000,
    capture: (error, source) => {
      captured.push([error, source]);
      log.error("the reporter failed");
      return true;
    },
  });
  const error = new Error("x");
  log.named("db").error("failed", { error });
  log.error("without an error object");
  log.warn("no error");
  for (let i = 0; i < 3; i++) log.named("pika.connection").error("lost", { error: new Error("y") });
  log.named("pikachu").error("not noisy", { error });
  assert.deepEqual(captured[0], [error, "db"]);
  assert.deepEqual(
    captured.map(([, source]) => source),
    ["db", "shop", "pikachu"],
  );
  assert.match(String(captured[1]?.[0]), /^Error: without an error object$/);
  assert.deepEqual(log.masked(), { pika: 3 });
  assert.match(await metrics.text(), /^log_masked_errors_total\{logger="pika.connection"\} 3$/m);
  await clock.advance(60_000);
  assert.equal(
    sink.texts().at(-1),
    'shop main [INFO] errors of noisy loggers were not captured logger=log masked="{\\"pika\\":3}"',
  );
  const lines = sink.lines.length;
  await clock.advance(600_000);
  assert.equal(sink.lines.length, lines, "told only when there is something to tell");
  assert.equal(clock.pending, 0);

  using more = log.noisy("db");
  log.named("db").error("again");
  more[Symbol.dispose]();
  log.named("db").error("heard");
  assert.deepEqual(log.masked(), { pika: 3, db: 1 });
  assert.equal(captured.length, 4);
});

test("a capture that throws is told and stops nothing", () => {
  const { sink, log } = logged({ capture: () => assert.fail("reporter down") });
  log.error("1");
  assert.deepEqual(
    sink.lines.map(({ message }) => message),
    ["1", "an error could not be captured"],
  );
});

test("pino and winston can be the sink", async () => {
  const require = createRequire(import.meta.url);
  const { pino } = require("pino") as typeof import("pino");
  const winston = require("winston") as typeof import("winston");
  const written: Record<string, string> = { pino: "", winston: "" };
  const into = (name: string): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        written[name] += String(chunk);
        done();
      },
    });
  const transports = [new winston.transports.Stream({ stream: into("winston") })];
  const { log } = logged({
    sinks: [
      pinoSink(pino({ level: "debug" }, into("pino"))),
      winstonSink(winston.createLogger({ transports, format: winston.format.json() })),
    ],
  });
  log.named("db").warn("slow", { ms: 5, level: "x", password: "hunter2" });
  assert.equal(await log.flush(), true);
  const { time, pid, hostname, ...ours } = JSON.parse(written.pino ?? "");
  const fields = { app: "shop", thread: "main", logger: "db", ms: 5, level_: "x", password: "***" };
  assert.ok(time && pid && hostname);
  assert.deepEqual(ours, { level: 40, msg: "slow", ...fields });
  assert.deepEqual(JSON.parse(written.winston ?? ""), {
    level: "warn",
    message: "slow",
    ...fields,
  });
});

test("a line reaches OpenTelemetry's own SDK with the span that its caller is in", async () => {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  const { log } = logged({
    sinks: [otelSink(provider.getLogger("shop"), { flush: () => provider.forceFlush() })],
  });
  const span = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 };
  const active = trace.setSpanContext(ROOT_CONTEXT, span);
  assert.ok(context.setGlobalContextManager(sameAlways(active)));
  try {
    log.named("db").warn("slow", { ms: 5, password: "hunter2" });
  } finally {
    context.disable();
  }
  assert.equal(await log.flush(), true);
  const [record, ...others] = exporter.getFinishedLogRecords();
  assert.deepEqual(others, []);
  assert.deepEqual(
    [record?.severityNumber, record?.severityText, record?.body],
    [13, "WARN", "slow"],
  );
  assert.deepEqual(record?.attributes, {
    ...{ app: "shop", "thread.name": "main", logger: "db", ms: 5, password: "***" },
  });
  assert.deepEqual(
    [record?.spanContext?.traceId, record?.spanContext?.spanId],
    [span.traceId, span.spanId],
  );
});

function sameAlways(active: Context): ContextManager {
  return {
    active: () => active,
    with: (_context, work, self, ...args) => work.call(self, ...args),
    bind: (_context, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  };
}

test("lines go to syslog when there is one, to the console for people and without", () => {
  const names = (options: Parameters<typeof usualSinks>[0]) =>
    usualSinks(options).sinks.map(({ name }) => name);
  assert.deepEqual(names({ syslog: "udp://127.0.0.1", terminal: false }), ["syslog"]);
  assert.deepEqual(names({ syslog: "udp://127.0.0.1", terminal: true }), ["syslog", "console"]);
  assert.deepEqual(names({ terminal: true }), ["console"]);
  assert.deepEqual(names({ terminal: false }), ["console"]);
  assert.match(usualSinks({ terminal: false }).notice ?? "", /no syslog/);
  assert.equal(usualSinks({ terminal: true }).notice, undefined);
});

test("an app's name is one word", () => {
  for (const app of ["", "a b", "[a]", "a\n"]) {
    assert.throws(() => createLog({ app, sinks: [] }), { code: "OPTION_INVALID" });
  }
});
