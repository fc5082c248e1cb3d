// What chaos injects, how often, and that it injects nothing without its switches.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../../kernel/errors.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { breaker } from "../breaker/breaker.ts";
import { compose } from "../compose.ts";
import { events, type PolicyEvent } from "../events.ts";
import { retry } from "../retry/retry.ts";
import { type ChaosOptions, chaos } from "./chaos.ts";
import { timeout } from "./timeout.ts";

const bad = new Error("bad");

/** Chaos alone, armed and for every call, around work that counts its runs. */
function always<Adds = never>(options: ChaosOptions<Adds> = {}) {
  const clock = simClock();
  const strategy = chaos<Adds>({ armed: true, rate: 1, clock, ...options });
  const api = compose({ name: "t", clock }, strategy);
  const runs: number[] = [];
  const work = async (): Promise<string> => {
    runs.push(clock.now());
    return "ok";
  };
  return { clock, api, work, runs, strategy };
}

function inEnvironment<T>(name: string | undefined, run: () => T): T {
  const before = process.env.NODE_ENV;
  if (name === undefined) delete process.env.NODE_ENV;
  else process.env.NODE_ENV = name;
  try {
    return run();
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

test("it injects nothing unless it is armed", async () => {
  for (const armed of [undefined, false, () => false]) {
    const { api, work } = always(armed === undefined ? { armed: false } : { armed });
    assert.equal(await api.run(work), "ok");
    assert.equal(api.counters.injected, 0);
  }
  const quiet = compose(chaos({ rate: 1 }));
  assert.equal(await quiet.run(async () => "ok"), "ok");
});

test("in production being armed is not enough", async (t) => {
  const warnings: string[] = [];
  t.mock.method(process, "emitWarning", (text: string) => warnings.push(text));
  const options = { rate: 1, armed: () => true };
  const kinds = inEnvironment("production", () => [
    compose(chaos(options)),
    compose(chaos({ ...options, armed: true })),
    compose(chaos({ ...options, production: true })),
    compose(chaos({ production: true, rate: 1 })),
  ]);
  const outcomes = await Promise.all(kinds.map((api) => api.tryRun(async () => "ok")));
  assert.deepEqual(
    outcomes.map(({ ok }) => ok),
    [true, true, false, true],
  );
  const told = 'chaos: stays unarmed in production, "production: true" is not set';
  assert.deepEqual(warnings, [told, told]);
  const elsewhere = inEnvironment("staging", () => compose(chaos(options)));
  assert.equal((await elsewhere.tryRun(async () => "ok")).ok, false);
});

test("armed may change with time", async () => {
  let armed = false;
  const { api, work } = always({ armed: () => armed });
  assert.equal((await api.tryRun(work)).ok, true);
  armed = true;
  assert.equal((await api.tryRun(work)).ok, false);
});

test("the rate is the share of the calls, the same with the same seed", async () => {
  const share = async (rate?: number): Promise<number> => {
    const given = rate === undefined ? {} : { rate };
    const api = compose(chaos({ armed: true, random: seeded(1), ...given }));
    for (let i = 0; i < 5_000; i++) await api.tryRun(async () => "ok");
    assert.equal(api.counters.injected, api.counters.failures);
    return api.counters.injected / 5_000;
  };
  assert.ok(Math.abs((await share(0.25)) - 0.25) < 0.02);
  const usual = await share();
  assert.ok(usual > 0 && usual < 0.003, `${usual}`);
  assert.equal(await share(0), 0);
  assert.equal(await share(0.25), await share(0.25));
});

test("a fault is our own, a given error, or one that is made", async () => {
  const errorOf = async (options: ChaosOptions): Promise<unknown> => {
    const { api, work, runs } = always(options);
    const outcome = await api.tryRun(work, { key: "k" });
    assert.equal(runs.length, 0);
    return outcome.ok ? undefined : outcome.error;
  };
  const own = await errorOf({});
  assert.ok(own instanceof HomeostatError && own.code === "CHAOS" && own.retryable);
  assert.equal(own.message, "t: fault injected by chaos");
  assert.equal(await errorOf({ fault: bad }), bad);
  assert.equal(await errorOf({ fault: ({ key }) => `for ${key}` }), "for k");
  const thrown = (): never => {
    throw bad;
  };
  assert.equal(await errorOf({ fault: thrown }), bad);
  assert.equal(await errorOf({ behaviour: thrown }), bad);
  assert.equal(await errorOf({ behaviour: () => Promise.reject(bad) }), bad);
});

test("an outcome takes the place of the work, and may be a promise", async () => {
  for (const outcome of [() => null, async () => null]) {
    const { api, work, runs } = always({ outcome });
    const result: string | null = await api.run(work);
    assert.equal(result, null);
    assert.equal(runs.length, 0);
  }
  const { api, work } = always({ outcome: () => Promise.reject(bad) });
  await assert.rejects(api.run(work), bad);
});

test("latency comes before the work, fixed or between bounds", async () => {
  const fixed = always({ latencyMs: 250 });
  const run = fixed.api.run(fixed.work);
  await fixed.clock.advance(300);
  assert.equal(await run, "ok");
  assert.deepEqual(fixed.runs, [250]);
  const { api, work, runs, clock } = always({ latencyMs: [100, 200], random: seeded(2) });
  const all = Array.from({ length: 50 }, () => api.run(work));
  await clock.advance(200);
  await Promise.all(all);
  assert.ok(Math.min(...runs) >= 100 && Math.max(...runs) <= 200);
  assert.ok(Math.max(...runs) - Math.min(...runs) > 80, "the bounds are made use of");
});

test("behaviour comes first and is waited for, then latency, then the fault", async () => {
  const clock = simClock();
  const seen: unknown[] = [];
  const behaviour = async (): Promise<void> => {
    await clock.sleep(10);
    seen.push(["behaviour", clock.now()]);
  };
  const fault = (): Error => {
    seen.push(["fault", clock.now()]);
    return bad;
  };
  const { api, work } = always({ behaviour, latencyMs: 20, fault, clock });
  const run = api.tryRun(work);
  await clock.advance(100);
  const outcome = await run;
  assert.equal(!outcome.ok && outcome.error, bad);
  assert.deepEqual(seen, [
    ["behaviour", 10],
    ["fault", 30],
  ]);
});

test("a call that is ended while it waits does not go on, nor does its timer", async () => {
  const { clock, api, work, runs } = always({ latencyMs: 1_000 });
  const caller = new AbortController();
  const run = api.tryRun(work, { signal: caller.signal });
  await clock.advance(10);
  caller.abort();
  assert.equal((await run).ok, false);
  await clock.advance(0);
  assert.equal(clock.pending, 0);
  assert.equal(runs.length, 0);
});

test("an attempt that timed out while it waited is not confused with its repeat", async () => {
  const clock = simClock();
  const again = retry({ retries: 1, backoff: 0, clock });
  const slow = chaos({ armed: true, rate: 1, latencyMs: 200, clock });
  const api = compose({ clock }, again, timeout({ ms: 150, clock }), slow);
  let runs = 0;
  const run = api.tryRun(async () => ++runs);
  await clock.advance(1_000);
  const outcome = await run;
  assert.equal(!outcome.ok && outcome.rejected, "timeout");
  assert.equal(runs, 0);
  assert.equal(api.counters.injected, 2);
});

test("other strategies take its faults for real ones", async () => {
  const clock = simClock();
  const circuit = breaker({ minimumCalls: 2, clock });
  const api = compose({ clock }, circuit, chaos({ armed: true, rate: 1, clock }));
  for (let i = 0; i < 2; i++) await api.tryRun(async () => "ok");
  assert.equal(circuit.state, "open");
});

test("`when` chooses among the calls, and what was injected is told", async () => {
  const told: unknown[] = [];
  const listen = (event: unknown): void => {
    const { event: name, pipeline, key, delayMs, details } = event as PolicyEvent;
    told.push([name, pipeline, key, delayMs, details]);
  };
  const { api, work, clock, strategy } = always({ when: ({ key }) => key === "a", latencyMs: 5 });
  events.subscribe(listen);
  const runs = [api.run(work, { key: "a" }), api.run(work, { key: "b" })];
  await clock.advance(10);
  await Promise.all(runs);
  events.unsubscribe(listen);
  assert.deepEqual(told, [["chaos", "t", "a", 5, { kinds: ["latencyMs"] }]]);
  assert.deepEqual(strategy.figures?.(), { injected_ratio: 1 });
  assert.equal(strategy.reload?.(chaos({ rate: 1 })), true);
  assert.deepEqual(strategy.figures?.(), { injected_ratio: 0 });
});

test("options that cannot be are refused when it is made", () => {
  const wrong: readonly ChaosOptions<number>[] = [
    { rate: 1.5 },
    { rate: Number.NaN },
    { latencyMs: -1 },
    { latencyMs: [20, 10] },
    { fault: true, outcome: () => 1 },
  ];
  for (const options of wrong) assert.throws(() => chaos(options), /chaos: /);
  // @ts-expect-error there is no such option
  assert.throws(() => chaos({ retries: 1 }), /no option "retries"/);
});
