// The bus: who hears what, in which order, and what happens when one of them fails.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog, type Entry } from "../../kernel/log.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { Bus } from "../parts/bus.ts";
import { createBus } from "./bus.ts";
import { forJson, toCloudEvent } from "./cloud-event.ts";
import { patternOf } from "./pattern.ts";

function world() {
  const entries: Entry[] = [];
  const clock = simClock();
  const log = createLog({
    level: "debug",
    wall: clock.wall,
    write: (entry) => entries.push(entry),
  });
  return { entries, clock, log, bus: createBus({ clock, log, random: seeded(1) }) };
}

describe("patterns", () => {
  const cases: readonly [string, string, boolean][] = [
    ["system.database.failure", "system.database.failure", true],
    ["system.database.failure", "system.database.failures", false],
    ["system.*.failure", "system.cache.failure", true],
    ["system.*.failure", "system.cache.redis.failure", false],
    ["system.*.failure", "system.failure", false],
    ["system.**", "system.cache.failure", true],
    ["system.**", "system", false],
    ["system.**", "systems.cache", false],
    ["**", "anything.at.all", true],
    ["*", "one", true],
    ["*", "one.two", false],
    ["*.cache.**", "a.cache.b.c", true],
  ];
  for (const [pattern, type, expected] of cases) {
    it(`${pattern} ${expected ? "means" : "does not mean"} ${type}`, () => {
      assert.equal(patternOf(pattern).matches(type), expected);
    });
  }

  for (const wrong of ["", "a..b", "a.**.b", "a*", "***", "a.", "x".repeat(300)]) {
    it(`refuses ${JSON.stringify(wrong.slice(0, 20))}`, () => {
      assert.throws(() => patternOf(wrong), { code: "OPTION_INVALID" });
    });
  }
});

describe("the bus", () => {
  it("tells an event with id, time and severity to those who asked for its type", () => {
    const { bus } = world();
    const heard: unknown[] = [];
    bus.subscribe("system.*.failure", (event) => void heard.push(event));
    bus.subscribe("system.cache.failure", (event) => void heard.push(event));
    bus.subscribe("other", (event) => void heard.push(event));
    const event = bus.publish({
      type: "system.cache.failure",
      source: "redis",
      severity: "warning",
      data: { code: 7 },
    });
    assert.deepEqual(heard, [event, event]);
    assert.equal(event.severity, "warning");
    assert.equal(event.time, "2026-01-01T00:00:00.000Z");
    assert.match(event.id, /^[0-9a-z]{10}$/);
    assert.notEqual(bus.publish({ type: "a", source: "b" }).id, event.id);
    assert.equal(bus.publish({ type: "a", source: "b" }).severity, "info");
  });

  it("lets no listener harm another, whether it throws at once or later", async () => {
    const { bus, entries, clock } = world();
    const heard: string[] = [];
    bus.subscribe("a", () => {
      throw new Error("at once");
    });
    bus.subscribe("a", async () => {
      throw new Error("later");
    });
    bus.subscribe("a", () => void heard.push("third"));
    bus.publish({ type: "a", source: "x" });
    await clock.advance(0);
    assert.deepEqual(heard, ["third"]);
    assert.deepEqual(
      entries.map(({ level, message }) => [level, message]),
      [
        ["error", "a listener failed: at once"],
        ["error", "a listener failed: later"],
      ],
    );
  });

  it("tells those that were there when it was published, and no others", () => {
    const { bus } = world();
    const heard: string[] = [];
    bus.subscribe("a", () => {
      heard.push("first");
      second[Symbol.dispose]();
      bus.subscribe("a", () => void heard.push("late"));
    });
    const second = bus.subscribe("a", () => void heard.push("second"));
    bus.publish({ type: "a", source: "x" });
    assert.deepEqual(heard, ["first", "second"]);
    bus.publish({ type: "a", source: "x" });
    assert.deepEqual(heard, ["first", "second", "first", "late"]);
  });

  it("an event cannot be changed by one listener for the next", () => {
    const { bus, entries } = world();
    bus.subscribe("a", (event) => {
      (event as { source: string }).source = "forged";
    });
    let seen = "";
    bus.subscribe("a", ({ source }) => {
      seen = source;
    });
    bus.publish({ type: "a", source: "real" });
    assert.equal(seen, "real");
    assert.equal(entries.length, 1);
  });

  it("ends a circle of publishing listeners and says so once", () => {
    const { bus, entries } = world();
    let told = 0;
    bus.subscribe("a", () => {
      told += 1;
      bus.publish({ type: "a", source: "x" });
    });
    bus.publish({ type: "a", source: "x" });
    assert.equal(told, 64);
    assert.equal(entries.length, 1);
    assert.match(entries[0]?.message ?? "", /in a circle/);
  });

  it("takes a limited number of listeners", () => {
    const bus = createBus({ listenersMax: 2 });
    const one = bus.subscribe("a", () => {});
    bus.subscribe("a", () => {});
    assert.throws(() => bus.subscribe("a", () => {}), { code: "OPTION_INVALID" });
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    bus.subscribe("a", () => {});
    assert.equal(bus.size, 2);
  });

  it("refuses a type that no pattern could name and a severity that is none", () => {
    const { bus } = world();
    assert.throws(() => bus.publish({ type: "", source: "x" }), { code: "OPTION_INVALID" });
    assert.throws(() => bus.publish({ type: "a.*", source: "x" }), { code: "OPTION_INVALID" });
    const severity = "fatal" as "critical";
    assert.throws(() => bus.publish({ type: "a", source: "x", severity }), /severity must be/);
  });

  it("knows what the events of a type carry", () => {
    const bus = createBus<{ "order.placed": { id: number } }>();
    let id = 0;
    bus.subscribe("order.placed", (event) => {
      id = event.data.id;
    });
    bus.publish({ type: "order.placed", source: "shop", data: { id: 7 } });
    assert.equal(id, 7);
    // @ts-expect-error the data of this type is named
    bus.publish({ type: "order.placed", source: "shop", data: { id: "7" } });
    const leftOut = (): unknown =>
      // @ts-expect-error nor left out
      bus.publish({ type: "order.placed", source: "shop" });
    assert.equal(typeof leftOut, "function");
    bus.publish({ type: "another", source: "shop", data: "anything" });
    const plain: Bus = bus;
    assert.equal(plain.publish({ type: "a", source: "b" }).data, undefined);
  });
});

describe("the CloudEvents envelope", () => {
  it("carries an event with what JSON can hold of its data", () => {
    const { bus } = world();
    const circle: Record<string, unknown> = { n: 12n, at: new Date(0), list: [undefined, 1] };
    circle.self = circle;
    const error = Object.assign(new Error("down", { cause: new Error("refused") }), { code: "E" });
    const data = { error, circle, map: new Map([["a", new Set([1])]]), run: () => {} };
    const event = bus.publish({
      type: "system.api.failure",
      source: "pay",
      severity: "critical",
      data,
    });
    const envelope = JSON.parse(JSON.stringify(toCloudEvent(event, "my shop")));
    assert.equal(envelope.specversion, "1.0");
    assert.equal(envelope.id, event.id);
    assert.equal(envelope.source, "homeostat/app/my%20shop");
    assert.equal(envelope.type, "system.api.failure");
    assert.equal(envelope.subject, "pay");
    assert.equal(envelope.severitytext, "critical");
    assert.deepEqual(envelope.data.error, { name: "Error", message: "down: refused", code: "E" });
    assert.equal(envelope.data.circle.n, "12");
    assert.deepEqual(envelope.data.circle.list, [null, 1]);
    assert.deepEqual(envelope.data.map, { a: [1] });
    assert.ok(JSON.stringify(envelope.data.circle).includes("(deeper than is told)"));
    for (const name of Object.keys(envelope)) assert.match(name, /^[a-z0-9]{1,20}$/);
  });

  it("cuts what is too long", () => {
    assert.equal((forJson(new Array(5_000).fill(1)) as unknown[]).length, 1_000);
  });
});
