// What the model of the breaker leaves out: slow calls, hands, growing open times, save and restore.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import { compose } from "../compose.ts";
import { events, type PolicyEvent } from "../events.ts";
import { pipeline } from "../pipeline.ts";
import { breaker } from "./breaker.ts";
import { growingOpenMs } from "./breaker-options.ts";
import type { SavedBreaker } from "./breaker-state.ts";

const fails = async (): Promise<never> => {
  throw new Error("bad");
};
const works = async (): Promise<string> => "ok";

test("slow calls open it though all succeed", async () => {
  const clock = simClock();
  const api = pipeline({
    name: "t",
    clock,
    breaker: { slowCallMs: 100, slowCallRate: 0.5, minimumCalls: 4 },
  });
  for (const ms of [10, 10, 100, 150]) {
    const run = api.run(() => clock.sleep(ms));
    await clock.advance(ms);
    await run;
  }
  assert.equal(api.breaker.state, "open");
});

test("results of a predicate count as failures", async () => {
  const api = pipeline<number>({
    name: "t",
    breaker: { minimumCalls: 1, whenResult: (status) => status >= 500 },
  });
  await api.run(() => 503);
  assert.equal(api.breaker.state, "open");
});

test("the open time grows with each opening and starts anew after closing", async () => {
  const clock = simClock();
  const openMs = growingOpenMs(100, 300);
  const api = pipeline({ name: "t", clock, breaker: { minimumCalls: 1, probes: 1, openMs } });
  for (const ms of [100, 200, 300, 300]) {
    await api.tryRun(fails);
    await clock.advance(ms - 1);
    const refused = await api.tryRun(works);
    assert.equal(!refused.ok && refused.rejected, "open");
    await clock.advance(1);
  }
  await api.run(works);
  await api.tryRun(fails);
  await clock.advance(100);
  assert.equal(await api.run(works), "ok");
});

test("isolated it refuses until the last handle is gone, then goes on as it was", async () => {
  const api = pipeline({ name: "t", breaker: true });
  const first = api.breaker.isolate();
  const second = api.breaker.isolate();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal((await api.tryRun(works)).ok, false);
  second[Symbol.dispose]();
  assert.equal(await api.run(works), "ok");
  assert.equal(api.counters.rejected.open, 1);
});

test("saved open and restored it stays open for what was left", async () => {
  const clock = simClock();
  const options = { minimumCalls: 1, openMs: 1_000, probes: 1, clock };
  const old = breaker(options);
  await compose({ clock }, old).tryRun(fails);
  await clock.advance(300);
  const saved = JSON.parse(JSON.stringify(old.save()));
  await clock.advance(200);
  const fresh = breaker(options);
  const api = compose({ clock }, fresh);
  fresh.restore(saved);
  await clock.advance(499);
  assert.equal((await api.tryRun(works)).ok, false);
  await clock.advance(1);
  assert.equal(await api.run(works), "ok");
  assert.equal(fresh.state, "closed");
});

test("a window saved and restored opens as the old one would have", async () => {
  const options = { minimumCalls: 4, window: { kind: "count", calls: 10 } } as const;
  const old = breaker(options);
  const before = compose(old);
  for (const work of [works, fails, works]) await before.tryRun(work);
  const fresh = breaker(options);
  fresh.restore(old.save());
  assert.deepEqual(fresh.recent, { total: 3, failed: 1, slow: 0 });
  await compose(fresh).tryRun(fails);
  assert.equal(fresh.state, "open");
});

test("it tells when it opens, tries and closes, with its pipeline's name", async () => {
  const clock = simClock();
  const told: string[] = [];
  const listen = (event: unknown): void => {
    const { event: name, pipeline } = event as PolicyEvent;
    told.push(`${pipeline} ${name}`);
  };
  events.subscribe(listen);
  try {
    const options = { minimumCalls: 1, probes: 1, openMs: 100 };
    const api = pipeline({ name: "users", clock, breaker: options });
    await api.tryRun(fails);
    await api.tryRun(works);
    await clock.advance(100);
    await api.run(works);
  } finally {
    events.unsubscribe(listen);
  }
  assert.deepEqual(told, [
    "users breaker-opened",
    "users rejected",
    "users breaker-half-opened",
    "users breaker-closed",
  ]);
});

test("options that cannot be are refused when it is made", () => {
  const wrong = [
    { failureRate: 0 },
    { failureRate: 1.1 },
    { probes: 0 },
    { minimumCalls: 1.5 },
    { window: { kind: "count", calls: 5 }, minimumCalls: 10 },
  ] as const;
  for (const options of wrong) assert.throws(() => breaker(options), /breaker: /);
});

test("a saved state that no breaker saved is refused, and changes nothing", async () => {
  const circuit = breaker({ minimumCalls: 1 });
  await compose(circuit).tryRun(fails);
  const saved = circuit.save();
  const wrong = [
    { ...saved, state: "ajar" },
    { ...saved, remainingMs: Number.NaN },
    { ...saved, total: 1e12 },
    { ...saved, total: 1, failed: 2 },
    { ...saved, openings: -1 },
  ];
  for (const one of wrong) {
    assert.throws(() => circuit.restore(one as SavedBreaker), /breaker: saved \w+ must be/);
  }
  assert.equal(circuit.state, "open");
});
