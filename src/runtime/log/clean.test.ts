// What never leaves the process: secrets by name, by shape and by being told; and any value is bounded.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { cleanFields } from "../parts/clean.ts";
import { createMask, isSecretName } from "../parts/mask.ts";
import { jsonOf, textOf } from "./format.ts";
import { createLog } from "./log.ts";
import type { Line } from "./sink.ts";

const mask = createMask();

/** All that a line with these fields shows, in both forms. */
function shownOf(message: string, fields: Record<string, unknown>, secrets: string[] = []): string {
  const lines: Line[] = [];
  const sink = { name: "memory", write: (line: Line) => void lines.push(line) };
  createLog({ app: "shop", sinks: [sink], secrets }).info(message, fields);
  return lines.map((line) => `${textOf(line)}\n${jsonOf(line)}`).join("\n");
}

test("fault: HC_PING_URL printed to syslog", async () => {
  type Show = (message: string, fields: Record<string, unknown>) => string;
  const url = "https://hc-ping.com/3f1c9a52-6a8e-4a54-9d2c-1b7f0c5d4e21";
  const secret = "3f1c9a52";
  // The original: every minute the job logs the address that it pings.
  const original: Show = (message, fields) =>
    `app MainThread [INFO] ${message} ${inspect(fields, { depth: 9 })}`;
  const subjects = { imitation: () => original, ours: (): Show => shownOf };
  for (const [message, fields] of [
    [`HC_PING_URL=${url}`, {}],
    [`pinging ${url}`, {}],
    ["pinging", { url }],
    ["pinging", { HC_PING_URL: url, env: { HC_PING_URL: url } }],
    ["pinging", { args: ["curl", "-fsS", url] }],
    ["failed", { error: new Error(`GET ${url}: 500`, { cause: new Error(url) }) }],
  ] as const) {
    await onlyOursHolds<Show>({ ...subjects, shows: /whoever reads it can ping/ }, (show) => {
      const shown = show(message, fields);
      assert.ok(!shown.includes(secret), `whoever reads it can ping: ${shown}`);
      assert.match(shown, /hc-ping\.com\/\*\*\*/, "where it goes stays to be seen");
    });
  }
  const own = `https://ping.example/${secret}`;
  assert.ok(!shownOf("go", { PING_URL: own, pingUrl: own, "hook-url": own }).includes(secret));
  assert.ok(!shownOf(`pingUrl: "${own}"`, {}).includes(secret));
  assert.ok(!shownOf(`calling ${own}`, { deep: [own] }, [secret]).includes(secret), "when told");
});

test("secrets go by the name of their field and by their shape in text", () => {
  const secret = "hunter2hunter2";
  const fields = {
    password: secret,
    dbPassword: { old: secret },
    API_KEY: secret,
    "x-api-key": [secret],
    accessToken: secret,
    auth: { user: "ada", pass: secret },
    headers: { Authorization: `Bearer ${secret}`, cookie: `sid=${secret}` },
    url: `postgres://app:${secret}@db/shop`,
    hook: `https://hooks.slack.com/services/T0/B0/${secret}`,
    bot: `https://api.telegram.org/bot123:${secret}/sendMessage`,
    signed: `https://store.example/a?sig=${secret}&page=2`,
    argv: `mysql --password ${secret}`,
    [`token=${secret}`]: 1,
    pem: `-----BEGIN PRIVATE KEY-----\n${secret}\n${secret}\n-----END PRIVATE KEY-----`,
    map: new Map([["client_secret", secret]]),
    error: Object.assign(new Error(`password=${secret}`), { token: secret }),
    coloured: `password\x1b[0m=\x1b[31m${secret}`,
    long: `${"a ".repeat(2_020)}postgres://app:${secret}${"b".repeat(200)}@db/shop`,
  };
  const shown = shownOf(`token=${secret}`, fields);
  assert.ok(!shown.includes("hunter2"), shown);
  const names = ["hasPassword", "maxTokens", "author", "signatures", "keyboard", "passenger"];
  assert.deepEqual(names.filter(isSecretName), ["hasPassword"]);
  assert.deepEqual(cleanFields({ hasPassword: true, token: null, author: "ada" }, mask), {
    hasPassword: true,
    token: null,
    author: "ada",
  });
});

test("values that were told are masked wherever they stand, the longest first", () => {
  const told = createMask(["a.b+c(d", "short", "no"]);
  told.add("a.b+c(d)e");
  assert.equal(told.text("x a.b+c(d)e y a.b+c(d z aXb+c(d no"), "x *** y *** z aXb+c(d no");
  assert.equal(told.text("short"), "short", "what is shorter than 6 would mask half of a line");
});

test("circles, hostile values and much of anything come out bounded", () => {
  const circle: Record<string, unknown> = { name: "a" };
  circle.self = circle;
  circle.list = [circle];
  const cause = new Error("a");
  cause.cause = cause;
  const hostile = new Proxy({}, { ownKeys: () => assert.fail("hands off") });
  const fields = cleanFields(
    {
      circle,
      cause,
      hostile,
      getter: Object.defineProperty({}, "x", { enumerable: true, get: () => assert.fail() }),
      big: 10n,
      symbol: Symbol("s"),
      date: new Date(0),
      noDate: new Date(Number.NaN),
      bytes: Buffer.alloc(1_000),
      set: new Set([1, "2"]),
      many: Array.from({ length: 1_000 }, (_, i) => i),
      both: new AggregateError([new Error("1"), "2"], "all failed"),
      json: { toJSON: () => ({ password: "hunter2" }) },
    },
    mask,
  );
  assert.deepEqual(fields.circle, { name: "a", self: "[circular]", list: ["[circular]"] });
  assert.equal((fields.cause as { cause: unknown }).cause, "[circular]");
  assert.deepEqual(
    [fields.hostile, fields.getter, fields.big, fields.symbol],
    ["[unreadable]", "[unreadable]", "10", "Symbol(s)"],
  );
  assert.deepEqual([fields.date, fields.noDate], ["1970-01-01T00:00:00.000Z", "no date"]);
  assert.deepEqual([fields.bytes, fields.set], ["[Buffer of 1000 bytes]", [1, "2"]]);
  assert.equal((fields.many as unknown[]).at(-1), "… 950 more");
  assert.equal((fields.both as { errors: unknown[] }).errors.length, 2);
  assert.deepEqual(fields.json, { password: "***" });

  let deep: unknown = "end";
  for (let i = 0; i < 10_000; i++) deep = { deep };
  const wide = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, { a: [1, 2] }]));
  const tree = (n: number): unknown =>
    n === 0
      ? "leaf"
      : Array(50)
          .fill(0)
          .map(() => tree(n - 1));
  for (const value of [deep, wide, "x".repeat(10_000_000), tree(3)]) {
    const text = JSON.stringify(cleanFields({ value }, mask));
    assert.ok(text.length < 40_000, `${text.length} characters`);
  }
});

test("whatever is logged, a line is written, as one line of text and one of JSON", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withNullPrototype: true,
    withObjectString: true,
  });
  const property = fc.property(
    fc.string({ unit: "binary" }),
    fc.dictionary(fc.string(), anything),
    (message, fields) => {
      const lines: Line[] = [];
      const sink = { name: "memory", write: (line: Line) => void lines.push(line) };
      createLog({ app: "a", sinks: [sink] }).info(message, fields);
      const [line] = lines;
      assert.ok(line);
      assert.match(textOf(line), /^a main \[INFO\] [^\r\n]*$/);
      assert.doesNotMatch(jsonOf(line), /\n/);
      JSON.parse(jsonOf(line));
    },
  );
  fc.assert(property, { numRuns: 300, seed: 11 });
});

test("a hostile text costs little time", () => {
  const units = [
    "a",
    "https://hc-ping.com/",
    "ping_url=",
    "?key=",
    "-----BEGIN PRIVATE KEY-----",
    "\n",
  ];
  for (const unit of units) {
    const text = unit.repeat(Math.floor(200_000 / unit.length));
    const before = process.cpuUsage().user;
    mask.text(text);
    const spentMs = (process.cpuUsage().user - before) / 1_000;
    assert.ok(spentMs < 1_000, `${JSON.stringify(unit)} took ${spentMs} ms`);
  }
});
