// Reports over real sockets: our envelope beside the official client's, pages in real frameworks.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createAdaptorServer } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { createCapture } from "../../src/runtime/capture/capture.ts";
import { breadcrumbs } from "../../src/runtime/report/breadcrumbs.ts";
import { debugErrorRoute } from "../../src/runtime/report/debug-route.ts";
import { type ErrorPages, errorPages } from "../../src/runtime/report/error-pages.ts";
import { type SentryOptions, sentryReporter } from "../../src/runtime/report/sentry.ts";
import { type Ingest, sentryIngest, type Taken } from "./support/sentry-ingest.ts";

type Fact = string | { readonly [name: string]: Fact } | readonly Fact[];

/** What @sentry/node sent to the stand-in: names and types of fields, no more. */
const facts = JSON.parse(
  readFileSync(new URL("./support/sentry-facts.json", import.meta.url), "utf8"),
);

const limit = (): AbortSignal => AbortSignal.timeout(5_000);

interface Rig extends AsyncDisposable {
  readonly ingest: Ingest;
  readonly reporter: ReturnType<typeof sentryReporter>;
  readonly capture: ReturnType<typeof createCapture>["capture"];
}

async function rig(options: Partial<SentryOptions> = {}): Promise<Rig> {
  const ingest = await sentryIngest();
  const reporter = sentryReporter({ dsn: ingest.dsn, ...options });
  const { capture } = createCapture({ reporters: [reporter] });
  return { ingest, reporter, capture, [Symbol.asyncDispose]: () => ingest[Symbol.asyncDispose]() };
}

/** Each field that the official client has is there, with the type it has there. */
function holds(value: unknown, fact: Fact, path: string): void {
  if (typeof fact === "string") {
    assert.equal(typeof value, fact, path);
    return;
  }
  if (Array.isArray(fact)) {
    assert.ok(Array.isArray(value) && value.length > 0, path);
    for (const each of value) holds(each, fact[0] as Fact, `${path}[]`);
    return;
  }
  assert.ok(typeof value === "object" && value !== null, path);
  for (const [name, inner] of Object.entries(fact)) {
    holds((value as Record<string, unknown>)[name], inner, `${path}.${name}`);
  }
}

/** What is looked at in payloads of any type. */
interface Payload {
  readonly event_id: string;
  readonly type: string;
  readonly level: string;
  readonly platform: string;
  readonly timestamp: unknown;
  readonly extra: unknown;
  readonly discarded_events: unknown;
  readonly contexts: { readonly feedback: Readonly<Record<string, string>> };
  readonly exception: { readonly values: readonly Thrown[] };
}

interface Thrown {
  readonly type: string;
  readonly mechanism: object;
  readonly stacktrace: { readonly frames: readonly { filename: string; in_app: boolean }[] };
}

function payloadsOf(taken: readonly Taken[], type: string): Payload[] {
  const items = taken.flatMap((each) => each.items.filter((item) => item.type === type));
  return items.map(({ payload }) => payload as unknown as Payload);
}

test("our envelopes have what the official client's have, of the same types", async () => {
  const crumbs = breadcrumbs();
  await using of = await rig({
    release: "shop@1.2.3",
    environment: "test",
    tags: { shop: "north" },
    breadcrumbs: crumbs,
  });
  const { ingest, reporter, capture } = of;
  crumbs.add({ category: "db", message: "select", data: { rows: 3 } });
  const chained = new Error("buying failed", { cause: new TypeError("no stock") });
  const group = new AggregateError([new Error("one"), new Error("two")], "both");
  for (const error of [chained, group]) capture(error, "shop", { order: 7 });
  const eventId = reporter.eventIdOf(chained) ?? "";
  reporter.feedback({ message: "it broke", email: "a@b.example", name: "Ann", eventId });
  await reporter.flush(limit());

  assert.deepEqual(ingest.refused, []);
  const first = ingest.taken.find(({ header }) => header.event_id === eventId);
  assert.ok(first && !first.packed);
  holds(first.header, facts.envelopeHeader, "header");
  const [event, second] = [reporter.eventIdOf(chained), reporter.eventIdOf(group)].map((id) =>
    payloadsOf(ingest.taken, "event").find((each) => each.event_id === id),
  );
  holds(event, facts.event, "event");
  assert.deepEqual([event?.level, event?.platform], ["error", "node"]);
  for (const [got, name] of [
    [event, "chained"],
    [second, "group"],
  ] as const) {
    const values = got?.exception.values ?? [];
    assert.deepEqual(
      values.map(({ mechanism }) => mechanism),
      facts.mechanisms[name],
    );
    for (const { stacktrace } of values) holds(stacktrace.frames, [facts.frame], "frames");
  }
  const last = event?.exception.values.at(-1)?.stacktrace.frames.at(-1);
  assert.deepEqual([last?.filename, last?.in_app], ["test/process/runtime-report.test.ts", true]);
  const [feedback] = payloadsOf(ingest.taken, "feedback");
  holds(feedback?.contexts.feedback, facts.feedback.context, "feedback");
  assert.equal(feedback?.contexts.feedback.associated_event_id, eventId);
  assert.deepEqual([feedback?.type, feedback?.level], [facts.feedback.type, facts.feedback.level]);
});

test("a large event is packed, a limit is kept and what it dropped is told at the flush", async () => {
  await using of = await rig();
  const { ingest, reporter, capture } = of;
  capture(new Error("large"), "shop", { lines: Array(20).fill("word ".repeat(800)) });
  await reporter.flush(limit());
  assert.equal(ingest.taken[0]?.packed, true);
  const headers = { "x-sentry-rate-limits": "60:error:organization:quota" };
  ingest.next.push({ status: 429, headers });
  capture(new Error("limited"), "shop");
  await reporter.flush(limit());
  for (const n of [1, 2, 3]) capture(new Error(`${n}`), "shop");
  await reporter.flush(limit());
  assert.equal(payloadsOf(ingest.taken, "event").length, 2);
  const reports = payloadsOf(ingest.taken, "client_report");
  assert.deepEqual(
    reports.map((each) => each.discarded_events),
    [facts.clientReport.discarded_events],
  );
  assert.equal(typeof reports[0]?.timestamp, facts.clientReport.timestamp);
});

test("a process ends by itself when its last report has left", async () => {
  await using of = await rig();
  const code = `
    const { sentryReporter } = await import(process.argv[1]);
    const reporter = sentryReporter({ dsn: process.argv[2] });
    const time = new Date().toISOString();
    reporter.capture({ error: new Error("last words"), source: "x", fatal: true, time, context: {} });
  `;
  const module = new URL("../../src/runtime/report/sentry.ts", import.meta.url).href;
  const args = ["--conditions=source", "--input-type=module", "-e", code, module, of.ingest.dsn];
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  const [exit] = await once(child, "exit", { signal: AbortSignal.timeout(10_000) });
  assert.equal(exit, 0);
  assert.equal(payloadsOf(of.ingest.taken, "event")[0]?.level, "fatal");
});

const browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { headers: { accept: browser }, signal: limit(), ...init });
}

function post(url: string, fields: Record<string, string>): Promise<Response> {
  return ask(`${url}/error/feedback`, { method: "POST", body: new URLSearchParams(fields) });
}

/** The same talk with every framework: a person meets an error and says something about it. */
async function converse(of: Rig, url: string): Promise<void> {
  assert.equal(await (await ask(`${url}/well`)).text(), "well");
  const failed = await ask(`${url}/fail`);
  const page = await failed.text();
  assert.equal(failed.status, 500);
  assert.equal(failed.headers.get("content-type"), "text/html; charset=utf-8");
  assert.equal(failed.headers.get("cache-control"), "no-store");
  const event = /name="event" value="(\w{32})"/.exec(page)?.[1] ?? "";
  assert.ok(page.includes(`<code>${event}</code>`) && !page.includes("jammed"), page);

  const fields = { event, message: "I pressed “buy”.\nThen this.", email: "a@b.example" };
  const [thanks, again] = [await post(url, fields), await post(url, fields)];
  assert.deepEqual([thanks.status, again.status], [200, 410]);
  assert.match(await thanks.text(), /Thank you/);
  const stranger = await post(url, { ...fields, event: "0".repeat(32) });
  assert.equal(stranger.status, 410);
  const large = await post(url, { ...fields, message: "x".repeat(70_000) });
  assert.equal(large.status, 413);

  const problem = await ask(`${url}/fail`, { headers: { accept: "application/json" } });
  assert.match(problem.headers.get("content-type") ?? "", /^application\/problem\+json/);
  assert.match(await problem.text(), /"eventId":"\w{32}"/);
  assert.equal((await ask(`${url}/teapot`)).status, 418);
  assert.equal((await ask(`${url}/debug/error`)).status, 500);

  await of.reporter.flush(limit());
  assert.deepEqual(of.ingest.refused, []);
  const events = payloadsOf(of.ingest.taken, "event");
  const what = events.map((each) => each.exception.values.at(-1)?.type);
  assert.deepEqual(what, ["RangeError", "RangeError", "DebugError"], "each once, the teapot never");
  assert.deepEqual(
    [events[0]?.event_id, events[0]?.extra],
    [event, { method: "GET", path: "/fail" }],
  );
  const [said, ...others] = payloadsOf(of.ingest.taken, "feedback");
  assert.equal(others.length, 0);
  const { message, contact_email, associated_event_id } = said?.contexts.feedback ?? {};
  assert.deepEqual([contact_email, associated_event_id], [fields.email, event]);
  assert.equal(message?.replaceAll("\r", ""), fields.message);
}

const debug = debugErrorRoute({ enabled: true });
const jammed = (): never => {
  throw new RangeError("the till is jammed");
};
const teapot = (): never => {
  throw Object.assign(new Error("short and stout"), { status: 418, statusCode: 418 });
};

function pagesOf({ capture, reporter, ingest }: Rig, own = false): ErrorPages {
  const eventId = reporter.eventIdOf;
  // With a DSN alone what people write has a reporter of its own.
  const feedback = own ? { dsn: ingest.dsn } : { feedback: reporter.feedback };
  return errorPages({ capture, eventId, ...feedback });
}

test("node:http: what a listener throws or rejects with; an answer that has begun is cut", async () => {
  await using of = await rig();
  const pages = pagesOf(of, true);
  const routed = debugErrorRoute({ enabled: true });
  const server = createServer(
    pages.wrap(
      routed.wrap(async ({ url }, response) => {
        response.setHeader("content-length", "4").setHeader("etag", "its own");
        response.setHeader("access-control-allow-origin", "*");
        if (url === "/begun") response.writeHead(200).write("be");
        if (url === "/teapot") teapot();
        if (url !== "/well") jammed();
        response.end("well");
      }),
    ),
  );
  const url = await listening(server);
  await converse({ ...of, reporter: { ...of.reporter, flush: both(of, pages) } }, url);
  await assert.rejects(async () => (await ask(`${url}/begun`)).text());
  const { headers } = await ask(`${url}/fail`);
  assert.deepEqual([headers.get("etag"), headers.get("access-control-allow-origin")], [null, "*"]);
  server.closeAllConnections();
  server.close();
});

/** The reporter's flush and that of the pages, which have one of their own when they have a DSN. */
function both({ reporter }: Rig, pages: ErrorPages): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    await Promise.all([reporter.flush(signal), pages.flush(signal)]);
  };
}

test("Express 5, also when the app parses forms itself", async () => {
  for (const parses of [false, true]) {
    await using of = await rig();
    const app = express();
    if (parses) app.use(express.urlencoded({ limit: "64kb" }));
    app.get("/well", (_request, response) => void response.send("well"));
    app.get("/fail", async () => jammed());
    app.get("/teapot", teapot);
    debugErrorRoute({ enabled: true }).install(app);
    pagesOf(of).express(app);
    // Express's own answer to errors below 500 would be written to the console.
    app.set("env", "test");
    const server = createServer(app);
    await converse(of, await listening(server));
    server.closeAllConnections();
    server.close();
  }
});

test("Fastify 5", async () => {
  await using of = await rig();
  const app = fastify();
  pagesOf(of).fastify(app);
  app.get("/well", async () => "well");
  app.get("/fail", async () => jammed());
  app.get("/teapot", teapot);
  debugErrorRoute({ enabled: true }).install(app);
  await converse(of, await app.listen({ port: 0, host: "127.0.0.1" }));
  await app.close();
});

test("Hono 4", async () => {
  await using of = await rig();
  const app = new Hono();
  app.get("/well", (context) => context.text("well"));
  app.get("/fail", jammed);
  app.get("/teapot", () => {
    throw new HTTPException(418, { message: "short and stout" });
  });
  debug.install(app);
  pagesOf(of).hono(app);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await converse(of, await listening(server));
  server.closeAllConnections();
  server.close();
});
