// Tests of the lines of the link: every message comes back, and what is wrong is named.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HomeostatError } from "../kernel/errors.ts";
import {
  type AppReport,
  type FromApp,
  linkFiguresMax,
  linkListMax,
  type Order,
  type ToApp,
} from "./link.ts";
import { encodeLink, parseFromApp, parseToApp } from "./link-wire.ts";

const isWireShape = (error: unknown): error is HomeostatError =>
  error instanceof HomeostatError && error.code === "WIRE_SHAPE";

function refused(parse: (line: string) => unknown, message: unknown, text: RegExp): void {
  assert.throws(
    () => parse(JSON.stringify(message)),
    (error) => isWireShape(error) && text.test(error.message),
  );
}

const runs = { numRuns: 60 };
const text = fc.string({ minLength: 1, maxLength: 20, unit: "binary" });
const sentence = fc.string({ maxLength: 20, unit: "binary" });
const count = fc.nat();
const time = fc
  .date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString());
const status = fc.constantFrom("unknown", "healthy", "degraded", "unhealthy" as const);
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 3 });
const whole = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true });

const check = fc.record(
  { name: text, status, critical: fc.boolean(), since: time, reason: sentence, latencyMs: count },
  { requiredKeys: ["name", "status", "critical", "since"], noNullPrototype: true },
);
const feature = fc.record(
  {
    name: text,
    available: fc.boolean(),
    why: sentence,
    override: fc.constantFrom("on" as const, "off" as const),
  },
  { requiredKeys: ["name", "available", "why"], noNullPrototype: true },
);
const report = fc.record(
  {
    status,
    reason: sentence,
    live: fc.boolean(),
    ready: fc.boolean(),
    started: fc.boolean(),
    stopping: fc.boolean(),
    logLevel: text,
    level: fc.nat(9),
    checks: some(check),
    features: some(feature),
    breakers: some(
      whole({
        name: text,
        state: fc.constantFrom("closed", "open", "half-open" as const),
        isolated: fc.boolean(),
      }),
    ),
    watched: some(whole({ id: text, kind: text, state: text, restarts: count })),
    recoveries: some(
      whole({
        type: text,
        source: text,
        state: fc.constantFrom("running", "queued", "waiting", "given-up", "quiet" as const),
        failures: count,
      }),
    ),
    commands: some(text),
    left: count,
    figures: fc.dictionary(
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
      { noNullPrototype: true },
    ),
  },
  {
    requiredKeys: [
      ...["status", "live", "ready", "started", "stopping", "logLevel", "level"],
      ...["checks", "features", "breakers", "watched", "recoveries", "commands", "left", "figures"],
    ] as never,
    noNullPrototype: true,
  },
) as fc.Arbitrary<AppReport>;

const fromApp: fc.Arbitrary<FromApp> = fc.oneof(
  whole({
    kind: fc.constant("hello" as const),
    protocol: count,
    app: text,
    instance: text,
    pid: fc.integer({ min: 1 }),
    version: text,
    orders: some(text),
  }),
  whole({ kind: fc.constant("report" as const), report }),
  whole({
    kind: fc.constant("event" as const),
    type: text,
    source: text,
    severity: fc.constantFrom("info", "warning", "critical" as const),
    time,
    text: sentence,
    missed: count,
  }),
  whole({
    kind: fc.constant("answer" as const),
    id: count,
    done: sentence,
    file: whole({ path: text, bytes: count }),
  }),
  whole({ kind: fc.constant("answer" as const), id: count, error: sentence, code: text }),
);

const orders: readonly Order[] = [
  { kind: "drain", on: true },
  { kind: "degrade", level: 0 },
  { kind: "feature", name: "search", state: "off", forMs: 60_000 },
  { kind: "feature", name: "search", state: "auto" },
  { kind: "breaker", name: "stock:eu", state: "open" },
  { kind: "log-level", level: "debug" },
  { kind: "capture", what: "cpu-profile", ms: 500, folder: "/var/tmp" },
  { kind: "capture", what: "open", folder: "/var/tmp" },
  { kind: "do", name: "flush the cache" },
  { kind: "recover", type: "database.lost", source: "database" },
];

test("what an app says comes back as it was said", () => {
  const property = fc.property(fromApp, (message) =>
    assert.deepEqual(parseFromApp(encodeLink(message)), message),
  );
  fc.assert(property, runs);
});

test("what a daemon says comes back as it was said", () => {
  const said: ToApp[] = [
    { kind: "welcome", protocol: 1, everyMs: 1_000 },
    { kind: "welcome", protocol: 1, everyMs: 60_000, run: "k3v9" },
    { kind: "refused", why: "the daemon is older" },
    ...orders.map((order, id): ToApp => ({ kind: "order", id, order, by: "guard G3" })),
  ];
  for (const message of said) assert.deepEqual(parseToApp(encodeLink(message)), message);
});

test("any line is read or refused as WIRE_SHAPE", () => {
  const message = fc.record(
    {
      kind: fc.constantFrom("hello", "report", "event", "answer", "welcome", "refused", "order"),
      id: fc.oneof(count, fc.jsonValue()),
      report: fc.oneof(report, fc.jsonValue()),
      order: fc.oneof(fc.constantFrom(...orders), fc.jsonValue()),
      by: fc.oneof(text, fc.jsonValue()),
    },
    { requiredKeys: ["kind"] },
  );
  const torn = message.map((said) => JSON.stringify(said).slice(0, -3));
  const lines = fc.oneof(
    fc.string(),
    fc.json(),
    torn,
    message.map((said) => JSON.stringify(said)),
  );
  const property = fc.property(lines, (line) => {
    for (const parse of [parseFromApp, parseToApp]) {
      try {
        parse(line);
      } catch (error) {
        if (!isWireShape(error)) throw error;
      }
    }
  });
  fc.assert(property, { numRuns: 100 });
});

test("a line that is nested too deep to be written again is refused as any other", () => {
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  for (const line of [deep, `{"kind":${deep}}`, `{"kind":"order","id":1,"order":${deep}}`]) {
    assert.throws(() => parseFromApp(line), isWireShape);
  }
  const unfit = parseToApp(`{"kind":"order","id":1,"by":"x","order":${deep}}`);
  assert.equal(unfit.kind, "unfit");
});

test("fields that are not known are passed over", () => {
  const message = { kind: "welcome", protocol: 1, everyMs: 500 } as const;
  assert.deepEqual(parseToApp(JSON.stringify({ ...message, colour: "green" })), message);
});

test("an order that is not known, or wrong, is there to be answered", () => {
  const read = (order: unknown, over: object = {}) =>
    parseToApp(JSON.stringify({ kind: "order", id: 7, by: "someone", order, ...over }));
  assert.deepEqual(read({ kind: "self-destruct" }), {
    kind: "unfit",
    id: 7,
    why:
      "order.kind: expected drain, degrade, feature, breaker, log-level, capture, do or recover, " +
      'got "self-destruct"',
  });
  for (const order of [undefined, [], { kind: "degrade", level: 10 }, { kind: "drain", on: 1 }]) {
    assert.equal(read(order).kind, "unfit");
  }
  assert.equal(read(orders[0], { by: "" }).kind, "unfit");
  refused(parseToApp, { kind: "order", order: orders[0], by: "x" }, /^id: expected a whole/);
});

test("limits are kept, and a refusal names the field, what was expected and what came", () => {
  const [whole] = fc.sample(report, { numRuns: 1, seed: 1 });
  const with_ = (over: object) => ({ kind: "report", report: { ...whole, ...over } });
  const many = (length: number) => Array.from({ length }, (_, i) => `${i}`);
  const figures = (length: number) => Object.fromEntries(many(length).map((name) => [name, 1]));
  parseFromApp(JSON.stringify(with_({ commands: many(linkListMax) })));
  parseFromApp(JSON.stringify(with_({ figures: figures(linkFiguresMax) })));
  const no = (over: object, text: RegExp) => refused(parseFromApp, with_(over), text);
  no({ commands: many(linkListMax + 1) }, /^report\.commands: expected a list of at most 256/);
  no({ figures: figures(linkFiguresMax + 1) }, /^report\.figures: expected at most 512 figures/);
  no({ figures: { rss: "1" } }, /^report\.figures\.rss: expected a finite number, got "1"/);
  no({ checks: [{ name: "x".repeat(1_025) }] }, /checks\[0\]\.name: expected text of 1 to 1024/);
  no({ status: "ill" }, /^report\.status: expected unknown, healthy, degraded or unhealthy, got/);
  no({ level: 10 }, /^report\.level: expected a whole number from 0 to 9, got 10/);
  const huge = JSON.stringify(with_({ figures: { rss: 7 } })).replace('"rss":7', '"rss":1e999');
  assert.throws(() => parseFromApp(huge), /figures\.rss: expected a finite number/);
  refused(parseToApp, { kind: "welcome", protocol: 1, everyMs: 99 }, /everyMs: expected .* 100 to/);
  const event = { kind: "event", type: "a", source: "b", severity: "info", text: "", missed: 0 };
  refused(parseFromApp, { ...event, time: "now" }, /^time: expected a moment as .*, got "now"/);
  refused(parseFromApp, { kind: "answer", id: 1 }, /^done: expected text/);
});
