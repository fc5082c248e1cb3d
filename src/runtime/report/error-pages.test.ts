// The error page: captured once, what is shown and what is not, and a form that counts once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type Entry } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { prefersHtml } from "./accept.ts";
import type { ErrorAnswer } from "./answer.ts";
import { debugErrorRoute } from "./debug-route.ts";
import { type ErrorPageOptions, type ErrorPages, errorPages } from "./error-pages.ts";
import type { Feedback } from "./feedback.ts";
import { feedbackRoute } from "./feedback-route.ts";

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const asPage = { method: "GET", path: "/buy?token=t0psecret", accept: browser } as const;
const asProgram = { ...asPage, accept: "*/*" } as const;

interface Rig {
  readonly pages: ErrorPages;
  readonly captured: unknown[][];
  readonly entries: Entry[];
}

function rig(options: Partial<ErrorPageOptions> = {}): Rig {
  const captured: unknown[][] = [];
  const entries: Entry[] = [];
  const log = createLog({
    level: "debug",
    wall: () => 0,
    write: (entry) => void entries.push(entry),
  });
  const capture: ErrorPageOptions["capture"] = (...given) => captured.push(given) > 0;
  return { captured, entries, pages: errorPages({ capture, log, clock: simClock(), ...options }) };
}

test("an error is captured and a person gets a page with its id, without a stack", () => {
  const eventId = "a".repeat(32);
  const { pages, captured, entries } = rig({ eventId: () => eventId, title: "Oh <no>" });
  const error = new Error("the secret plan");
  const { status, headers, body } = pages.answer(error, asPage);
  assert.equal(status, 500);
  assert.match(headers["content-type"] ?? "", /^text\/html/);
  assert.match(
    headers["content-security-policy"] ?? "",
    /default-src 'none'.*frame-ancestors 'none'/,
  );
  assert.ok(body.includes(eventId) && body.includes("<h1>Oh &lt;no&gt;</h1>"));
  assert.ok(!/secret plan|error-pages\.test|<form|<script/.test(body));
  assert.deepEqual(captured, [[error, "http", { method: "GET", path: "/buy" }]]);
  assert.deepEqual(entries.at(-1)?.fields, { eventId, method: "GET", path: "/buy", error });
});

test("a program gets problem details (RFC 9457)", () => {
  const { pages } = rig();
  const { status, headers, body } = pages.answer(new Error("x"), asProgram);
  const { eventId, instance, ...problem } = JSON.parse(body);
  assert.equal(headers["content-type"], "application/problem+json; charset=utf-8");
  assert.deepEqual(
    [status, problem],
    [500, { type: "about:blank", title: "Internal Server Error", status: 500 }],
  );
  assert.match(eventId, /^[\da-f]{32}$/);
  assert.equal(instance.replaceAll("-", ""), `urn:uuid:${eventId}`);
});

test("an error of the asker's is not captured; one that asks for 503 is answered so", () => {
  const { pages, captured } = rig();
  assert.equal(pages.answer(Object.assign(new Error(), { statusCode: 404 }), asPage).status, 404);
  assert.equal(captured.length, 0);
  assert.equal(pages.answer(Object.assign(new Error(), { status: 503 }), asPage).status, 503);
  assert.equal(captured.length, 1);
});

test("details show a masked stack to developers, and never in production", (t) => {
  const before = process.env.NODE_ENV;
  t.after(() => {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  });
  const { pages } = rig({ details: true });
  const error = new Error("<b>password=hunter22</b>");
  process.env.NODE_ENV = "development";
  const shown = pages.answer(error, asPage).body;
  assert.ok(shown.includes("&lt;b&gt;password=***") && shown.includes("error-pages.test"));
  assert.match(JSON.parse(pages.answer(error, asProgram).body).stack, /error-pages\.test/);
  process.env.NODE_ENV = "production";
  for (const request of [asPage, asProgram]) {
    assert.ok(!/hunter|error-pages\.test/.test(pages.answer(error, request).body));
  }
});

test("who would rather read a page", () => {
  for (const [accept, html] of [
    [browser, true],
    ["text/html", true],
    ["text/html;q=0.5, application/json;q=0.4", true],
    ["application/json, text/html;q=0.9", false],
    ["application/problem+json, text/html;q=0.9", false],
    ["text/html;q=0", false],
    ["*/*", false],
    ["", false],
    [undefined, false],
  ] as const) {
    assert.equal(prefersHtml(accept), html, accept);
  }
});

interface RouteRig {
  readonly clock: SimClock;
  readonly told: Feedback[];
  tell: (feedback: Feedback) => unknown;
  send(fields: Record<string, string>, accept?: string): Promise<ErrorAnswer>;
  readonly expect: (id: string) => void;
}

function routeRig(): RouteRig {
  const clock = simClock();
  const told: Feedback[] = [];
  const log = createLog({ level: "error", wall: () => 0, write: () => {} });
  const made = { clock, told, tell: (feedback: Feedback): unknown => told.push(feedback) };
  const route = feedbackRoute({ path: "/f", tell: (feedback) => made.tell(feedback), clock, log });
  return Object.assign(made, {
    expect: route.expect,
    send: (fields: Record<string, string>, accept = browser) =>
      route.respond(
        {
          contentType: "application/x-www-form-urlencoded",
          parsed: new URLSearchParams(fields).toString(),
        },
        accept,
      ),
  });
}

test("a form counts once, within the hour, for an event that somebody was shown", async () => {
  const of = routeRig();
  const form = { event: "e1", message: " it broke ", name: "Ann", email: "", extra: "x" };
  assert.equal((await of.send(form)).status, 410);
  of.expect("e1");
  assert.equal((await of.send({ ...form, message: "  " })).status, 400);
  assert.equal((await of.send(form)).status, 200);
  assert.deepEqual(of.told, [{ message: "it broke", eventId: "e1", name: "Ann" }]);
  assert.equal((await of.send(form)).status, 410);
  of.expect("e2");
  await of.clock.advance(3_600_000);
  assert.equal((await of.send({ ...form, event: "e2" })).status, 410);
  for (let n = 0; n < 1_001; n++) of.expect(`many${n}`);
  assert.equal((await of.send({ ...form, event: "many0" })).status, 410);
  assert.equal((await of.send({ ...form, event: "many1" }, "application/json")).status, 204);
});

test("what could not be sent is not lost: the form comes back with it", async () => {
  const of = routeRig();
  of.expect("e1");
  for (const tell of [() => false, () => Promise.reject(new Error("away"))]) {
    of.tell = tell;
    const { status, body } = await of.send({ event: "e1", message: "it <broke>" });
    assert.equal(status, 503);
    assert.ok(body.includes("it &lt;broke&gt;</textarea>"));
  }
  of.tell = () => true;
  assert.equal((await of.send({ event: "e1", message: "now" })).status, 200);
});

test("a form that is too large, or none, is refused before it is read whole", async () => {
  const log = createLog({ level: "error", wall: () => 0, write: () => {} });
  const route = feedbackRoute({ path: "/f", tell: () => {}, clock: simClock(), log });
  let read = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(16_384, read++ ? 97 : 61);
  }
  const contentType = "application/x-www-form-urlencoded; charset=UTF-8";
  assert.equal((await route.respond({ contentType, stream: endless() }, "")).status, 413);
  assert.ok(read <= 6, `${read} parts`);
  assert.equal(
    (await route.respond({ contentType: "application/json", stream: endless() }, "")).status,
    415,
  );
  assert.ok(read <= 6);
});

test("the debug route is off unless asked for, and fails once a second at most", async () => {
  const off = debugErrorRoute();
  off.fail({ method: "GET", url: "/debug/error" });
  off.install({ get: () => assert.fail("installed") });
  const clock = simClock();
  const on = debugErrorRoute({ enabled: true, clock });
  on.fail({ method: "GET", url: "/" });
  const fail = (): void => on.fail({ method: "GET", url: "/debug/error?x" });
  assert.throws(fail, { name: "DebugError" });
  assert.throws(fail, { status: 429 });
  await clock.advance(1_000);
  assert.throws(fail, { name: "DebugError" });
  assert.throws(() => debugErrorRoute({ path: "no slash" }), /begin with a slash/);
});
