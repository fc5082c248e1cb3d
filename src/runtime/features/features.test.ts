// Features: who decides whether one is available, what is used instead, and what is told.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { healthOf } from "../../../test/support/recovery-world.ts";
import { createLog, type Entry } from "../../kernel/log.ts";
import { breaker } from "../../policies/breaker/breaker.ts";
import { compose } from "../../policies/compose.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { createBus } from "../events/bus.ts";
import type { AppEvent } from "../parts/bus.ts";
import type { Status } from "../parts/health.ts";
import type { FeaturesOptions } from "./feature-options.ts";
import { createFeatures } from "./features.ts";
import { isFeatureUnavailable } from "./unavailable.ts";

function world(options: FeaturesOptions = {}, statuses: Record<string, Status> = {}) {
  const clock = simClock();
  const entries: Entry[] = [];
  const { wall } = clock;
  const log = createLog({ level: "info", wall, write: (entry) => entries.push(entry) });
  const bus = createBus({ clock });
  const heard: AppEvent[] = [];
  bus.subscribe("**", (event) => void heard.push(event));
  const checks = new Map(Object.entries(statuses));
  const features = createFeatures({ clock, log, bus, health: healthOf(checks), ...options });
  const types = (): string[] => heard.map(({ type }) => type.replace(/^feature\./, ""));
  return { clock, entries, heard, types, checks, features };
}

const yes = { run: () => "feature", fallback: () => "fallback" };

describe("the use of a feature", () => {
  it("gives what it gives, with the arguments and their types", async () => {
    const { features } = world();
    const search = features.register("search", {
      run: async (text: string, limit: number) => `${text}:${limit}`,
      fallback: (text) => text,
    });
    assert.equal(await search.use("shoes", 3), "shoes:3");
    assert.equal(await features.use<string>("search", "shoes", 4), "shoes:4");
    assert.deepEqual([search.isAvailable(), features.isAvailable("search")], [true, true]);
    const [state] = features.list();
    assert.deepEqual([state?.uses, state?.fallbacks, state?.failures], [2, 0, 0]);
    assert.equal(state?.why.text, "nothing speaks against it");
  });

  it("without a fallback, what it throws is thrown on, and switched off it is unavailable", async () => {
    const { features } = world();
    const own = new Error("own");
    const run = (): never => {
      throw own;
    };
    features.register("one", { run });
    await assert.rejects(features.use("one"), (error) => error === own);
    features.register("off", { run, flag: false });
    await assert.rejects(features.use("off"), (error) => {
      assert.ok(isFeatureUnavailable(error));
      assert.equal(error.details.feature, "off");
      assert.equal(error.family, "Refused");
      assert.match(error.message, /^feature off is not available: flag off is off$/);
      return true;
    });
    await assert.rejects(features.use("none"), (error) => isFeatureUnavailable(error));
    assert.equal(isFeatureUnavailable(own), false);
  });

  it("when the fallback fails as well, both reasons are told", async () => {
    const { features } = world();
    const failing = (what: string) => (): never => {
      throw new Error(what);
    };
    features.register("one", { run: failing("first"), fallback: failing("second") });
    await assert.rejects(features.use("one"), (error) => {
      assert.ok(isFeatureUnavailable(error));
      assert.ok(error.cause instanceof AggregateError);
      assert.deepEqual(
        error.cause.errors.map(({ message }) => message),
        ["first", "second"],
      );
      return true;
    });
  });

  it("the caller's own end is no failure and has no fallback", async () => {
    const { features } = world();
    const ended = AbortSignal.abort();
    features.register("one", { ...yes, run: () => ended.throwIfAborted() as never });
    await assert.rejects(features.use("one"), { name: "AbortError" });
    assert.equal(features.list()[0]?.failures, 0);
  });

  it("a feature that fails all the time is logged once a minute", async () => {
    const { features, entries, clock } = world();
    features.register("one", { ...yes, run: () => Promise.reject(new Error("broken")) });
    for (let i = 0; i < 130; i++) {
      assert.equal(await features.use("one"), "fallback");
      await clock.advance(1_000);
    }
    assert.equal(entries.length, 3);
    assert.equal(features.list()[0]?.failures, 130);
    assert.equal(features.list()[0]?.lastError, "broken");
  });
});

describe("flags", () => {
  it("are values or questions, by name or of one's own; one that throws is off", () => {
    const asked = { on: true };
    const { features } = world({ flags: { new_ui: () => asked.on, old: false } });
    features.register("ui", { ...yes, flag: "new_ui" });
    features.register("own", { ...yes, flag: () => asked.on });
    const broken = (): never => {
      throw new Error("flag store is down");
    };
    features.register("broken", { ...yes, flag: broken });
    features.register("promise", { ...yes, flag: (async () => true) as never });
    const available = () => features.list().map((each) => each.available);
    assert.deepEqual(available(), [true, true, false, false]);
    assert.match(features.list()[2]?.why.text ?? "", /flag store is down/);
    assert.match(features.list()[3]?.why.text ?? "", /must answer at once/);
    asked.on = false;
    assert.deepEqual(available(), [false, false, false, false]);
    assert.deepEqual([features.isOn("new_ui"), features.isOn("none")], [false, false]);
    features.setFlag("new_ui", true);
    assert.deepEqual(available(), [true, false, false, false]);
  });
});

describe("checks", () => {
  it("one that is unhealthy switches off at once; well again for 10 s, it is on", async () => {
    const { features, checks, clock, types, heard } = world({}, { api: "healthy" });
    features.register("recommendations", { ...yes, dependsOn: ["api"] });
    features.start();
    checks.set("api", "unhealthy");
    await clock.advance(1_000);
    assert.deepEqual(types(), ["unavailable"]);
    assert.equal(heard[0]?.source, "recommendations");
    assert.equal(await features.use("recommendations"), "fallback");
    checks.set("api", "degraded");
    await clock.advance(9_000);
    assert.match(
      features.list()[0]?.why.text ?? "",
      /well again, but not for long: check api is un/,
    );
    await clock.advance(3_000);
    assert.deepEqual(types(), ["unavailable", "available"]);
    assert.equal(features.list()[0]?.since, "2026-01-01T00:00:12.000Z");
    features[Symbol.dispose]();
    checks.set("api", "unhealthy");
    await clock.advance(60_000);
    assert.equal(heard.length, 2);
  });

  it("flapping is not passed on", async () => {
    const { features, checks, clock, types } = world({}, { api: "healthy" });
    features.register("a", { ...yes, dependsOn: ["api"], offAfter: { looks: 3 } });
    features.register("b", { ...yes, dependsOn: ["api"], onAfter: { looks: 4 } });
    features.register("c", { ...yes, dependsOn: ["api"], offAfter: { ms: 3_500 } });
    features.start();
    for (let i = 0; i < 60; i++) {
      checks.set("api", i % 3 === 2 ? "healthy" : "unhealthy");
      await clock.advance(1_000);
    }
    assert.deepEqual(types(), ["unavailable"], "b went off once and stayed off");
    checks.set("api", "unhealthy");
    await clock.advance(2_900);
    assert.deepEqual([features.isAvailable("a"), features.isAvailable("c")], [true, true]);
    await clock.advance(2_000);
    assert.deepEqual([features.isAvailable("a"), features.isAvailable("c")], [false, false]);
  });

  it("a thousand uses are one look", async () => {
    const { features, checks, clock } = world({}, { api: "unhealthy" });
    features.register("a", { ...yes, dependsOn: ["api"], offAfter: { looks: 3 } });
    for (let i = 0; i < 1_000; i++) await features.use("a");
    assert.equal(features.isAvailable("a"), true);
    for (let i = 0; i < 2; i++) {
      await clock.advance(1_000);
      await features.use("a");
    }
    assert.equal(features.isAvailable("a"), false);
    checks.clear();
  });

  it("one never looked at speaks against nothing; one that cannot be told, or throws, does", () => {
    const { features } = world({}, { api: "unknown" });
    features.register("a", { ...yes, dependsOn: ["api"] });
    assert.equal(features.isAvailable("a"), true);
    const db = { name: "db", status: "unknown" as const, critical: true, since: "then" };
    const blocked = { ...db, checkedAt: "now", reason: "its disk is unhealthy" };
    const health = healthOf(new Map([["db", "unknown"]]));
    const waiting = createFeatures({ health: { ...health, list: () => [blocked] } });
    waiting.register("a", { ...yes, dependsOn: ["db"] });
    assert.equal(waiting.isAvailable("a"), false);
    assert.match(waiting.list()[0]?.why.text ?? "", /db is unknown \(its disk is unhealthy\)/);
    const statusOf = (): never => {
      throw new Error("health is broken");
    };
    const broken = createFeatures({ health: { ...healthOf(new Map()), statusOf } });
    broken.register("a", { ...yes, dependsOn: ["api"] });
    assert.equal(broken.isAvailable("a"), false);
  });
});

describe("breakers", () => {
  it("an open one switches off, and trials let it find out that its target is well", async () => {
    const { features, clock } = world();
    const circuit = breaker({
      window: { kind: "consecutive", calls: 3 },
      openMs: 8_000,
      probes: 1,
      clock,
    });
    const pipeline = compose({ name: "api", clock }, circuit);
    let broken = true;
    let calls = 0;
    const run = () =>
      pipeline.run(() => {
        calls += 1;
        if (broken) throw new Error("down");
        return "feature";
      });
    features.register("a", { run, fallback: () => "fallback", breaker: circuit });
    for (let i = 0; i < 3; i++) assert.equal(await features.use("a"), "fallback");
    assert.equal(circuit.state, "open");
    assert.equal(features.isAvailable("a"), false);
    for (let i = 0; i < 7; i++) {
      await clock.advance(1_000);
      assert.equal(await features.use("a"), "fallback");
    }
    assert.equal(calls, 3, "the trials were refused by the breaker itself");
    broken = false;
    await clock.advance(5_000);
    assert.equal(await features.use("a"), "feature");
    assert.equal(features.isAvailable("a"), true);
    using _held = circuit.isolate();
    await clock.advance(60_000);
    assert.equal(await features.use("a"), "fallback");
    assert.match(features.list()[0]?.why.text ?? "", /held open by hand/);
  });
});

describe("levels", () => {
  it("switch off what matters least first", () => {
    const { features, types } = world();
    features.register("ads", { ...yes, level: 1 });
    features.register("search", { ...yes, level: 2 });
    features.register("checkout", yes);
    const available = () => features.list().map((each) => each.available);
    features.degrade(1, "daemon");
    assert.deepEqual(available(), [false, true, true]);
    features.degrade(9, "daemon");
    assert.deepEqual(available(), [false, false, true]);
    assert.equal(features.level, 9);
    const [ads] = features.list();
    assert.deepEqual([ads?.why.rule, ads?.why.value, ads?.why.limit], ["degraded", 9, 1]);
    features.restore("daemon");
    assert.deepEqual(available(), [true, true, true]);
    assert.deepEqual(types(), [
      ...["features.degraded", "unavailable", "features.degraded", "unavailable"],
      ...["features.restored", "available", "available"],
    ]);
    for (const level of [-1, 10, 1.5, Number.NaN]) {
      assert.throws(() => features.degrade(level, "me"), { code: "OPTION_INVALID" });
    }
  });
});

describe("by hand", () => {
  it("over everything else, until it ends by itself", async () => {
    const { features, clock, types } = world({}, { api: "unhealthy" });
    features.register("a", { ...yes, dependsOn: ["api"], flag: false, level: 1 });
    features.start();
    features.degrade(1, "daemon");
    features.override("a", "on", { forMs: 60_000, by: "ann" });
    const [state] = features.list();
    assert.equal(state?.available, true);
    assert.equal(state?.why.text, "switched on by ann for another 1 min");
    const override = { state: "on", by: "ann", until: "2026-01-01T00:01:00.000Z" };
    assert.deepEqual(state?.override, override);
    assert.equal(await features.use("a"), "feature");
    await clock.advance(60_000);
    assert.equal(features.list()[0]?.override, undefined);
    assert.equal(await features.use("a"), "fallback");
    assert.equal(types().at(-1), "unavailable");
  });

  it("the handle lifts its own and nobody else's", () => {
    const { features } = world();
    features.register("a", yes);
    const first = features.override("a", "off", { by: "ann" });
    assert.equal(features.isAvailable("a"), false);
    const second = features.override("a", "off", { by: "bob" });
    first[Symbol.dispose]();
    assert.equal(features.isAvailable("a"), false);
    second[Symbol.dispose]();
    assert.equal(features.isAvailable("a"), true);
    const forLong = { forMs: 1e12, by: "ann" };
    assert.throws(() => features.override("a", "on", forLong), /forMs must be within a week/);
    assert.throws(() => features.override("b", "on", { by: "ann" }), /no feature called "b"/);
    assert.throws(() => features.override("a", "on", {} as { by: string }), /say by whom/);
  });
});

describe("registering", () => {
  it("refuses what cannot be", () => {
    const { features } = world();
    const held = features.register("a", yes);
    assert.throws(() => features.register("a", yes), /already is a feature called "a"/);
    held[Symbol.dispose]();
    features.register("a", yes);
    const wrong: [object, RegExp][] = [
      [{}, /run must be a function/],
      [{ ...yes, level: 0 }, /level must be a whole number from 1 to 9/],
      [{ ...yes, dependOn: ["x"] }, /no option "dependOn"/],
      [{ ...yes, dependsOn: "x" }, /dependsOn must be a list of names/],
      [{ ...yes, onAfter: { looks: 1, ms: 1 } }, /onAfter must be \{ looks \} or \{ ms \}/],
    ];
    for (const [options, message] of wrong) {
      assert.throws(() => features.register("b", options as typeof yes), message);
    }
  });
});
