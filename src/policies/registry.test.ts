// Named pipelines: settings change under calls in flight, states stay, keys are bounded, all is listed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../testing/sim-clock.ts";
import { breaker, metricsText, registry } from "./index.ts";

const bad = new Error("bad");
const fails = (): never => {
  throw bad;
};

test("a name is defined once, and reload tells the names there are", () => {
  const policies = registry();
  policies.define({ name: "users" });
  assert.throws(() => policies.define({ name: "users" }), /the name users is taken/);
  assert.throws(() => policies.family("users", () => ({})), /the name users is taken/);
  assert.throws(() => policies.reload({ name: "user" }), /no pipeline user, but: users/);
  assert.equal(policies.remove("users"), true);
  policies.define({ name: "users" });
});

test("an open breaker stays open over a reload, and closes by the new rules", async () => {
  const clock = simClock();
  const policies = registry();
  const users = policies.define({ name: "users", clock, breaker: { minimumCalls: 1, probes: 5 } });
  const handle = users.breaker;
  await users.tryRun(fails);
  assert.equal(users.breaker.state, "open");
  policies.reload({ name: "users", breaker: { minimumCalls: 1, probes: 1 }, timeout: 100 });
  assert.equal(users.breaker, handle);
  assert.equal(users.breaker.state, "open");
  assert.deepEqual(
    users.strategies.map(({ name }) => name),
    ["timeout", "breaker"],
  );
  await clock.advance(5_000);
  assert.equal(await users.run(() => 1), 1);
  assert.equal(users.breaker.state, "closed");
});

test("what a window counted stays when the new one spans as much, and goes when not", async () => {
  const users = registry().define({ name: "users", breaker: {} });
  await users.tryRun(fails);
  users.reload({ breaker: { failureRate: 0.9 } });
  assert.equal(users.breaker.recent.failed, 1);
  users.reload({ breaker: { window: { kind: "count", calls: 50 } } });
  assert.equal(users.breaker.recent.failed, 0);
});

test("a budget stays as spent as it was, whatever the new number of retries", async () => {
  const clock = simClock();
  const budget = { perSecond: 2, ratio: 0 };
  const users = registry().define({ name: "u", clock, retry: { retries: 2, backoff: 0, budget } });
  await users.tryRun(fails);
  assert.equal(users.counters.retries, 2);
  users.reload({ retry: { retries: 9, backoff: 0, budget } });
  await users.tryRun(fails);
  assert.equal(users.counters.retries, 2);
  assert.equal(users.counters.rejected.budget, 1);
});

test("calls under way keep their timeout, later ones have the new", async () => {
  const clock = simClock();
  const users = registry().define({ name: "users", clock, timeout: 1_000 });
  const ended: string[] = [];
  const call = async (name: string): Promise<void> => {
    await users.tryRun(() => new Promise(() => {}));
    ended.push(`${name} ${Math.round(clock.now() / 100)}`);
  };
  const calls = [call("old")];
  await clock.advance(50);
  users.reload({ timeout: 100 });
  calls.push(call("new"));
  await clock.advance(2_000);
  await Promise.all(calls);
  assert.deepEqual(ended, ["new 2", "old 10"]);
});

test("a success under an old timeout leaves no entry behind", async () => {
  const clock = simClock();
  const users = registry().define({ name: "users", clock, timeout: 1_000 });
  const { promise, resolve } = Promise.withResolvers<number>();
  const call = users.run(() => promise);
  users.reload({ timeout: 100 });
  resolve(7);
  assert.equal(await call, 7);
  await clock.advance(5_000);
  assert.equal(users.counters.rejected.timeout, 0);
});

test("a wrong setting changes nothing at all", async () => {
  const users = registry().define({ name: "users", breaker: {}, retry: 1 });
  const before = users.strategies;
  const wrong = { breaker: { failureRate: 0.1 }, retry: { retries: -1 } };
  assert.throws(() => users.reload(wrong), /retries/);
  assert.equal(users.strategies, before);
  assert.throws(() => users.reload({ retries: 1 } as never), /no option "retries"/);
});

test("a strategy made by hand is never changed by a reload, only put in or taken out", async () => {
  const shared = breaker({ minimumCalls: 1 });
  const policies = registry();
  const a = policies.define({ name: "a", breaker: shared });
  const b = policies.define({ name: "b", breaker: shared });
  a.reload({ breaker: { minimumCalls: 100 } });
  assert.notEqual(a.breaker, shared);
  await b.tryRun(fails);
  assert.equal(shared.state, "open");
  a.reload({ breaker: shared });
  assert.equal(a.breaker, shared);
});

test("a wrapped function follows the reload", async () => {
  const users = registry().define({ name: "users", fallback: () => "first" });
  const wrapped = users.wrap(fails);
  assert.equal(await wrapped(), "first");
  users.reload({ fallback: () => "instead" });
  assert.equal(await wrapped(), "instead");
});

test("a family keeps the keys used last, and a reload reaches those it keeps", async () => {
  const policies = registry();
  const settings = { breaker: { minimumCalls: 1 }, fallback: () => "first" };
  const hosts = policies.family("host", () => settings, { max: 2 });
  const a = hosts.get("a");
  assert.equal(await a.run(fails), "first");
  hosts.get("b");
  assert.equal(hosts.get("a"), a);
  hosts.get("c");
  assert.equal(hosts.size, 2);
  assert.deepEqual(
    policies.list().map(({ key }) => key),
    ["a", "c"],
  );
  hosts.reload(() => ({ ...settings, fallback: () => "instead" }));
  assert.equal(hosts.get("a"), a);
  assert.equal(await a.run(fails), "instead");
  assert.equal(a.counters.rejected.open, 1);
  assert.equal(hosts.delete("a"), true);
  assert.notEqual(hosts.get("a"), a);
});

test("the listing is told in Prometheus' text format, labels escaped", async () => {
  const policies = registry();
  const users = policies.define({ name: 'us"ers\\\n', breaker: { name: "circuit" } });
  await users.tryRun(fails);
  const text = metricsText(policies.list());
  const lines = text.split("\n");
  const pipeline = 'pipeline="us\\"ers\\\\\\n"';
  assert.ok(lines.includes("# TYPE homeostat_policies_results_total counter"));
  assert.ok(lines.includes(`homeostat_policies_results_total{${pipeline},result="failure"} 1`));
  assert.ok(lines.includes("# TYPE homeostat_policies_breaker_state gauge"));
  assert.ok(lines.includes(`homeostat_policies_breaker_state{${pipeline},strategy="circuit"} 0`));
  assert.ok(text.endsWith("\n"));
  const types = lines.filter((line) => line.startsWith("# TYPE"));
  assert.equal(new Set(types).size, types.length);
});

test("a reload of a family that one key cannot have changes none", async () => {
  const hosts = registry().family("host", () => ({ retry: 1, breaker: {} }));
  const [a, b] = [hosts.get("a"), hosts.get("b")];
  const before = [a.strategies, b.strategies];
  assert.throws(() => hosts.reload((key) => ({ breaker: {}, retry: key === "b" ? -1 : 5 })));
  assert.deepEqual([a.strategies, b.strategies], before);
  assert.equal(a.breaker.state, "closed");
  const hold = a.breaker.isolate();
  await assert.rejects(
    a.run(() => 1),
    /host: breaker of a is held open by hand/,
  );
  hold[Symbol.dispose]();
});

test("two strategies of one name are told apart in the listing", () => {
  const policies = registry();
  policies.define({
    name: "t",
    timeout: { ms: 5, name: "limit" },
    attemptTimeout: { ms: 2, name: "limit" },
  });
  const [one] = policies.list();
  assert.deepEqual(
    one?.strategies.map(({ name }) => name),
    ["limit", "limit#2"],
  );
});

test("every option is taken short, whole, or as a strategy made before", async () => {
  const all = registry().define({
    name: "all",
    fallback: () => "instead",
    cache: 1_000,
    limiter: 100,
    throttle: true,
    bulkhead: 5,
    timeout: 2_000,
    retry: 1,
    hedge: 500,
    outlier: true,
    concurrency: "aimd",
    breaker: true,
    attemptTimeout: 900,
    chaos: {},
  });
  assert.equal(await all.run(() => "well", { key: "k" }), "well");
  assert.equal(await all.run(() => "other", { key: "k" }), "well");
  const names = all.strategies.map(({ name }) => name);
  assert.equal(new Set(names).size, 13);
  const again = registry().define({ name: "again", bulkhead: all.strategies[4] as never });
  assert.equal(again.strategies[0], all.strategies[4]);
});
