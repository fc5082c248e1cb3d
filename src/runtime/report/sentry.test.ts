// The Sentry reporter: the event, one ticket per issue, limits, the queue, and nothing in the way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { HomeostatError } from "../../kernel/errors.ts";
import { createLog, type Entry } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import type { Report } from "../parts/capture.ts";
import type { Fetch } from "./post.ts";
import {
  type SentryEvent,
  type SentryOptions,
  type SentryReporter,
  sentryReporter,
} from "./sentry.ts";

const dsn = "https://abc123def456@sentry.example:8443/base/42";

interface Answered {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Rig {
  readonly clock: SimClock;
  readonly reporter: SentryReporter;
  readonly entries: Entry[];
  /** Each request as its lines. */
  readonly bodies: string[][];
  readonly urls: string[];
  readonly auths: string[];
  answer: (n: number) => Answered | Promise<Answered>;
}

function rig(options: Partial<SentryOptions> = {}): Rig {
  const clock = simClock();
  const entries: Entry[] = [];
  const log = createLog({
    level: "debug",
    wall: () => 0,
    write: (entry) => void entries.push(entry),
  });
  const made = {
    clock,
    entries,
    bodies: [],
    urls: [],
    auths: [],
    answer: () => ({}),
  } as unknown as Rig;
  const fetch: Fetch = async (url, { headers, body }) => {
    made.urls.push(url);
    made.auths.push(headers["x-sentry-auth"] ?? "");
    const plain = headers["content-encoding"] === "gzip" ? gunzipSync(body) : Buffer.from(body);
    made.bodies.push(plain.toString().trimEnd().split("\n"));
    const { status = 200, headers: told = {} } = await made.answer(made.bodies.length);
    return { status, headers: new Headers(told) };
  };
  const reporter = sentryReporter({
    dsn,
    clock,
    log,
    random: () => 0.5,
    fetch,
    root: "/app",
    ...options,
  });
  return Object.assign(made, { reporter });
}

function reportOf(error: unknown, more: Partial<Report> = {}): Report {
  const time = "2026-01-01T00:00:01.500Z";
  return { error, source: "checkout", fatal: false, time, context: {}, ...more };
}

function withStack(error: Error, ...lines: string[]): Error {
  error.stack = [`${error.name}: ${error.message}`, ...lines.map((line) => `    at ${line}`)].join(
    "\n",
  );
  return error;
}

function eventIn({ bodies }: Rig, n = 0): SentryEvent {
  return JSON.parse(bodies[n]?.[2] ?? "null");
}

const never = new AbortController().signal;

test("an event says what, where, how bad, in which surroundings and after what", async () => {
  const crumb = {
    timestamp: 1,
    category: "app",
    level: "info",
    message: "password=hunter22",
  } as const;
  const of = rig({
    release: "shop@1.2.3",
    environment: "staging",
    tags: { region: "north" },
    breadcrumbs: { list: () => [crumb] },
    trace: () => ({ traceId: "a".repeat(32), spanId: "b".repeat(16) }),
  });
  const error = withStack(
    new TypeError("no stock, token=abcdefgh12345678"),
    "Shop.buy [as order] (/app/src/shop.ts:7:9)",
    "async Object.<anonymous> (file:///app/src/main.ts:3:1)",
    "/app/node_modules/lib/index.js:1:2",
    "process.processTicksAndRejections (node:internal/process/task_queues:104:5)",
  );
  of.reporter.capture(reportOf(error, { fatal: true, context: { order: 7, apiKey: "k" } }));
  await of.reporter.flush(never);

  const event = eventIn(of);
  assert.equal(of.urls[0], "https://sentry.example:8443/base/api/42/envelope/");
  assert.match(
    of.auths[0] ?? "",
    /^Sentry sentry_version=7, sentry_client=homeostat\/\S+, sentry_key=abc123def456$/,
  );
  assert.match(event.event_id, /^[\da-f]{12}4[\da-f]{19}$/);
  assert.equal(of.reporter.lastEventId(), event.event_id);
  assert.equal(of.reporter.eventIdOf(error), event.event_id);
  const { level, timestamp, release, environment, tags, extra, contexts } = event;
  assert.deepEqual(
    [level, timestamp, release, environment],
    ["fatal", 1_767_225_601.5, "shop@1.2.3", "staging"],
  );
  assert.deepEqual(tags, { source: "checkout", region: "north" });
  assert.deepEqual(extra, { order: 7, apiKey: "***" });
  assert.deepEqual(Object.keys(contexts).sort(), ["app", "os", "runtime", "trace"]);
  assert.deepEqual(event.breadcrumbs, [{ ...crumb, message: "password=***" }]);

  const [exception, ...others] = event.exception.values;
  assert.equal(others.length, 0);
  assert.deepEqual(
    [exception?.type, exception?.value, exception?.mechanism],
    ["TypeError", "no stock, token=***", { type: "generic", handled: false, exception_id: 0 }],
  );
  const frames = exception?.stacktrace?.frames.map((one) => [
    one.filename,
    one.function,
    one.lineno,
    one.in_app,
  ]);
  assert.deepEqual(frames, [
    ["node:internal/process/task_queues", "process.processTicksAndRejections", 104, false],
    ["node_modules/lib/index.js", "?", 1, false],
    ["src/main.ts", "?", 3, true],
    ["src/shop.ts", "Shop.buy", 7, true],
  ]);
});

test("causes and gathered errors are linked to what they came from, circles end", async () => {
  const of = rig();
  const root: Error = new Error("root");
  const both = new AggregateError([new Error("one"), "two"], "both", { cause: root });
  root.cause = both;
  of.reporter.capture(reportOf(both));
  await of.reporter.flush(never);
  const values = eventIn(of).exception.values.map(({ type, value, mechanism }) => [
    `${type}: ${value}`,
    mechanism.exception_id,
    mechanism.parent_id,
    mechanism.source,
  ]);
  assert.deepEqual(values, [
    ["Thrown: two", 3, 0, "errors[1]"],
    ["Error: one", 2, 0, "errors[0]"],
    ["Error: root", 1, 0, "cause"],
    ["AggregateError: both", 0, undefined, undefined],
  ]);
});

test("one ticket per issue: the same fault has one fingerprint, another has another", async () => {
  const of = rig();
  const lost = (id: string, file = "src/db.ts", line = 7): Error =>
    withStack(new Error(`order ${id} lost`), `find (/app/${file}:${line}:1)`, "node:net:1:1");
  const reports = [
    lost("7"),
    lost("99", "src/db.ts", 8),
    lost("7", "src/cache.ts"),
    withStack(
      new Error('no "7" in 3f1c9a52-6a8e-4a54-9d2c-1b7f0c5d4e21 after 12.5 s'),
      "node:net:1:1",
    ),
    withStack(
      new Error('no "x" in 00000000-6a8e-4a54-9d2c-1b7f0c5d4e21 after 1 s'),
      "node:net:1:1",
    ),
    withStack(new Error("another"), "node:net:1:1"),
  ];
  for (const error of reports) of.reporter.capture(reportOf(error));
  await of.reporter.flush(never);
  const found = reports.map((_, n) => eventIn(of, n).fingerprint);
  assert.deepEqual(found[0], ["Error in find@src/db.ts"]);
  assert.deepEqual(found[1], found[0]);
  assert.notDeepEqual(found[2], found[0]);
  assert.deepEqual(found[3], ["Error: no # in # after # s"]);
  assert.deepEqual(found[4], found[3]);
  assert.notDeepEqual(found[5], found[3]);
});

test("a bad DSN is named for what is wrong with it, and never shown", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /dsn is empty/],
    ["secretkey42", /dsn is no URL/],
    ["ftp://secretkey42@host/1", /protocol ftp: and not/],
    ["https://host.example/1", /no public key/],
    ["https://secretkey42@host.example/", /no project/],
    ["https://secretkey42@host.example/1?x=1", /goes on behind its project/],
    ["https://secret-key42@host.example/1", /public key with characters/],
  ];
  for (const [given, said] of cases) {
    assert.throws(
      () => sentryReporter({ dsn: given as string }),
      (error) =>
        error instanceof HomeostatError &&
        error.code === "OPTION_INVALID" &&
        said.test(error.message) &&
        !/secret-?key42/.test(error.message),
      String(given),
    );
  }
  assert.throws(
    () => sentryReporter(dsn as unknown as SentryOptions),
    (error) => error instanceof HomeostatError && !error.message.includes("abc123def456"),
  );
  assert.throws(() => sentryReporter({ dsn, sampleRate: 2 }), /sampleRate must be from 0 to 1/);
});

test("limits hold for their categories and their time; what is dropped meanwhile is told after", async () => {
  const of = rig();
  of.answer = (n) =>
    n === 1
      ? {
          status: 429,
          headers: { "x-sentry-rate-limits": "60:error;transaction:key, 5:unknown:org" },
        }
      : {};
  for (const n of [1, 2, 3]) {
    of.reporter.capture(reportOf(new Error(`${n}`)));
    await of.clock.advance(0);
  }
  assert.equal(of.bodies.length, 1);
  assert.equal(of.reporter.feedback({ message: "still possible" }), true);
  await of.clock.advance(59_999);
  of.reporter.capture(reportOf(new Error("just before")));
  await of.clock.advance(1);
  of.reporter.capture(reportOf(new Error("after")));
  await of.clock.advance(0);
  assert.equal(of.bodies.length, 3);
  // The feedback carried what was known by then, the event what came later.
  const reports = of.bodies.map((lines) =>
    lines.slice(3).map((line) => JSON.parse(line).discarded_events),
  );
  const told = (quantity: number) => [
    undefined,
    [{ reason: "ratelimit_backoff", category: "error", quantity }],
  ];
  assert.deepEqual(reports, [[], told(2), told(1)]);
  assert.deepEqual(of.reporter.figures(), {
    sent: 2,
    queued: 0,
    dropped: { ratelimit_backoff: 3 },
  });
});

test("Retry-After, and a minute where nothing is said, hold for all", async () => {
  for (const [headers, ms] of [
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:09 GMT" }, 9_000],
    [{}, 60_000],
  ] as const) {
    const of = rig();
    of.answer = (n) => (n === 1 ? { status: 429, headers } : {});
    of.reporter.capture(reportOf(new Error("first")));
    await of.clock.advance(ms - 1);
    assert.equal(of.reporter.feedback({ message: "too early" }), false);
    await of.clock.advance(1);
    assert.equal(of.reporter.feedback({ message: "in time" }), true);
  }
});

test("the queue is bounded: 100 wait or are on their way, more are dropped, counted and told", async () => {
  const of = rig();
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  of.answer = async () => {
    await gate;
    return {};
  };
  for (let n = 0; n < 130; n++) of.reporter.capture(reportOf(new Error(`${n}`)));
  assert.deepEqual(of.reporter.figures(), {
    sent: 0,
    queued: 100,
    dropped: { queue_overflow: 30 },
  });
  open?.();
  await of.reporter.flush(never);
  assert.deepEqual(of.reporter.figures(), {
    sent: 100,
    queued: 0,
    dropped: { queue_overflow: 30 },
  });
  const told = of.bodies.flat().filter((line) => line.includes("discarded_events"));
  assert.match(told.join(), /"queue_overflow","category":"error","quantity":30/);
  assert.equal(of.entries.filter(({ level }) => level === "warn").length, 1);
});

test("a send that hangs ends after 5 s and is tried once more; the outage is told once", async () => {
  const of = rig();
  of.answer = () => new Promise(() => {});
  of.reporter.capture(reportOf(new Error("lost")));
  of.reporter.capture(reportOf(new Error("lost too")));
  await of.clock.advance(4_999);
  assert.equal(of.bodies.length, 2);
  await of.clock.advance(1 + 750 + 5_000);
  assert.equal(of.bodies.length, 4);
  assert.deepEqual(of.reporter.figures(), { sent: 0, queued: 0, dropped: { network_error: 2 } });
  assert.equal(of.clock.pending, 0);
  const warnings = of.entries.filter(({ level }) => level === "warn");
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.message ?? "", /sentry\.example:8443 .* no answer within 5000 ms/);
  assert.ok(!JSON.stringify(of.entries).includes("abc123def456"), "the key is a secret");
});

test("a server error is tried once more, a refusal is not", async () => {
  const of = rig();
  of.answer = (n) => ({ status: n === 1 ? 503 : n === 2 ? 200 : 400 });
  of.reporter.capture(reportOf(new Error("first")));
  await of.clock.advance(750);
  assert.deepEqual([of.bodies.length, of.reporter.figures().sent], [2, 1]);
  of.reporter.capture(reportOf(new Error("refused")));
  await of.clock.advance(10_000);
  assert.equal(of.bodies.length, 3);
  assert.deepEqual(of.reporter.figures().dropped, { send_error: 1 });
});

test("a flush hurries a retry, ends with its signal and counts what it gives up", async () => {
  const of = rig();
  of.answer = (n) => (n === 1 ? { status: 500 } : {});
  of.reporter.capture(reportOf(new Error("retried")));
  await of.clock.advance(0);
  await of.reporter.flush(never);
  assert.deepEqual(of.reporter.figures(), { sent: 1, queued: 0, dropped: {} });

  of.answer = () => new Promise(() => {});
  for (let n = 0; n < 6; n++) of.reporter.capture(reportOf(new Error(`${n}`)));
  const limit = new AbortController();
  const flushed = of.reporter.flush(limit.signal);
  limit.abort();
  await flushed;
  await of.clock.advance(1_000);
  assert.deepEqual(of.reporter.figures(), { sent: 1, queued: 0, dropped: { network_error: 6 } });
  assert.equal(of.clock.pending, 0);
});

test("beforeSend changes or drops, and drops when it fails; sampling drops; all are counted", async () => {
  const of = rig({
    beforeSend: (event, { error }) => {
      if (error === "fail") throw new Error("broken");
      return error === "drop" ? null : { ...event, event_id: "forged", tags: { changed: "yes" } };
    },
  });
  for (const error of ["keep", "drop", "fail"]) of.reporter.capture(reportOf(error));
  await of.reporter.flush(never);
  assert.deepEqual(eventIn(of).tags, { changed: "yes" });
  assert.equal(eventIn(of).event_id, of.reporter.lastEventId(), "the id stays ours");
  assert.deepEqual(
    [of.reporter.eventIdOf("keep"), of.reporter.eventIdOf("drop")],
    [eventIn(of).event_id, undefined],
  );
  assert.deepEqual(of.reporter.figures().dropped, { before_send: 2 });

  const sampled = rig({ sampleRate: 0.5 });
  sampled.reporter.capture(reportOf(new Error("by chance 0.5")));
  assert.deepEqual(sampled.reporter.figures().dropped, { sample_rate: 1 });
});

test("an error that cannot be read, or is far too large, is nobody's trouble", async () => {
  const of = rig({ mask: { text: (text) => text, add: () => {} } });
  const hostile = new Error("x");
  Object.defineProperty(hostile, "message", {
    get: () => {
      throw new Error("no");
    },
  });
  of.reporter.capture(reportOf(hostile));
  assert.deepEqual(of.reporter.figures().dropped, { internal_sdk_error: 1 });
  const text = "word ".repeat(3_000);
  const context = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f${n}`, [text, text]]));
  of.reporter.capture(
    reportOf(withStack(new Error("y".repeat(100_000)), "a (/app/b.ts:1:1)"), { context }),
  );
  await of.reporter.flush(never);
  const sent = of.bodies[0]?.[2] ?? "";
  assert.ok(sent.length > 100 && sent.length < 1_000_000, `${sent.length} bytes`);
  assert.match(String(eventIn(of).extra.left_out), /^\d{7} bytes/);
});

test("feedback names the event it is about, within its bounds", async () => {
  const of = rig({ release: "shop@1" });
  const eventId = "c".repeat(32);
  of.reporter.feedback({ message: "z".repeat(9_000), name: "Ann", email: "a@b.example", eventId });
  await of.reporter.flush(never);
  const [head, item, payload] = (of.bodies[0] ?? []).map((line) => JSON.parse(line));
  assert.equal(item.type, "feedback");
  assert.equal(head.event_id, payload.event_id);
  assert.notEqual(payload.event_id, eventId);
  const { message, ...rest } = payload.contexts.feedback;
  assert.deepEqual(rest, {
    name: "Ann",
    contact_email: "a@b.example",
    associated_event_id: eventId,
  });
  assert.ok(message.length <= 4_096);
});
