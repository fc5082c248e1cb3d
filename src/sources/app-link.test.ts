// Which readings come of a report, and in which words it is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { healthy, sick } from "../../test/support/link.ts";
import { orderText, troubleLines } from "./app-link/words.ts";
import { readingsOf } from "./app-link.ts";

const values = (report: typeof healthy): Record<string, number> =>
  Object.fromEntries(readingsOf("web/1", report, 5).map(({ metric, value }) => [metric, value]));

test("a report becomes a few readings, each with its unit", () => {
  assert.deepEqual(values(sick), {
    "app.health": 0,
    "app.loop_delay_p99": 12,
    "app.heap_used": 40_000_000,
    "app.features_off": 1,
    "app.breakers_open": 1,
    "app.lost": 1,
  });
  assert.deepEqual(values(healthy)["app.health"], 1);
  assert.deepEqual(values({ ...healthy, status: "degraded" })["app.health"], 1);
});

test("what an app does not know is no reading", () => {
  const known = Object.keys(values({ ...healthy, status: "unknown", figures: {} }));
  assert.deepEqual(known, ["app.features_off", "app.breakers_open", "app.lost"]);
});

test("the reason is the note, without its secrets", () => {
  const [health] = readingsOf("web/1", sick, 5);
  assert.equal(health?.note, "database: password=*** was refused");
});

test("only what is not as it should be is told, at most 20 lines", () => {
  assert.deepEqual(troubleLines(sick), [
    "check database unhealthy: refused, since 2026-11-21T03:00:00.000Z",
    "breaker prices open",
    "worker mailer#1 restarting: exit code 1",
    "feature search off: its check database is unhealthy",
  ]);
  assert.deepEqual(troubleLines(healthy), []);
  const breakers = Array.from({ length: 60 }, (_, n) => ({
    ...({ name: `b${n}`, state: "half-open", isolated: true } as const),
  }));
  const lines = troubleLines({ ...healthy, breakers });
  assert.equal(lines.length, 20);
  assert.deepEqual([lines[0], lines[19]], ["breaker b0 half-open, held by hand", "and 41 more"]);
});

test("an order is told in the words in which it is given", () => {
  const words = [
    orderText({ kind: "drain", on: false }),
    orderText({ kind: "degrade", level: 3 }),
    orderText({ kind: "feature", name: "search", state: "off", forMs: 600_000 }),
    orderText({ kind: "breaker", name: "prices", state: "auto" }),
    orderText({ kind: "log-level", level: "debug" }),
    orderText({ kind: "capture", what: "report", folder: "/x" }),
    orderText({ kind: "do", name: "flush" }),
    orderText({ kind: "recover", type: "db.failure", source: "db" }),
  ];
  assert.deepEqual(words, [
    ...["drain off", "degrade 3", "feature search off for 10 min", "breaker prices auto"],
    ...["log-level debug", "capture report", "do flush", "recover db.failure db"],
  ]);
});
