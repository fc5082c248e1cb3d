// What is held back: how much by the formula, which priorities first, and when it is over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { HomeostatError } from "../../kernel/errors.ts";
import { seeded } from "../../testing/seeded.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { breaker } from "../breaker/breaker.ts";
import { compose, type Pipeline } from "../compose.ts";
import { timeout } from "../strategies/timeout.ts";
import { DemandWindow } from "./demand-window.ts";
import {
  type AdaptiveThrottle,
  type AdaptiveThrottleOptions,
  adaptiveThrottle,
} from "./throttle.ts";

const bad = new Error("overloaded");
const refuses = (): Promise<never> => Promise.reject(bad);
const accepts = async (): Promise<number> => 1;

interface World {
  readonly clock: SimClock;
  readonly throttle: AdaptiveThrottle;
  readonly api: Pipeline;
}

function world(options: AdaptiveThrottleOptions = {}): World {
  const clock = simClock();
  const throttle = adaptiveThrottle({ clock, random: seeded(5), ...options });
  return { clock, throttle, api: compose({ name: "users", clock }, throttle) };
}

/** So few in any case that the formula shows. */
const bare = { minimumPerSecond: 1e-9 };

/** A target that accepts `perSecond` calls and refuses the rest at once, for so many seconds. */
async function overload(
  { clock, api }: World,
  seconds: number,
  demandPerSecond: number,
  perSecond: number,
  priorities: readonly (number | undefined)[] = [undefined],
): Promise<{ sent: number; accepted: number; held: readonly number[] }> {
  const held = priorities.map(() => 0);
  let [sent, accepted, left, n] = [0, 0, 0, 0];
  const target = async (): Promise<void> => {
    sent += 1;
    if (left < 1) throw bad;
    left -= 1;
    accepted += 1;
  };
  for (let tick = 0; tick < seconds * 10; tick++) {
    left = Math.min(perSecond / 10 + left, perSecond);
    for (let i = 0; i < demandPerSecond / 10; i++) {
      const at = n++ % priorities.length;
      const outcome = await api.tryRun(target, { priority: priorities[at] });
      if (!outcome.ok && outcome.rejected === "throttled") held[at] = (held[at] ?? 0) + 1;
    }
    await clock.advance(100);
  }
  return { sent, accepted, held };
}

test("with one priority the rate is the formula of the book", async () => {
  const one = world({ ...bare, priorities: 1 });
  await one.api.run(accepts);
  for (let i = 0; i < 7; i++) await one.api.tryRun(refuses);
  const { wanted_calls: requests = 0, accepted_calls: accepted = 0 } =
    one.throttle.figures?.() ?? {};
  assert.equal(accepted, 1);
  assert.ok(requests >= 8);
  assert.equal(one.throttle.refusalRate(), (requests - 2 * 1) / (requests + 1));
});

test("nothing is held back while the target accepts every second call", async () => {
  const one = world();
  const { held } = await overload(one, 60, 40, 20);
  assert.deepEqual(held, [0]);
  assert.equal(one.throttle.refusalRate(), 0);
});

test("a target with ten times too much is sent k times what it accepts", async () => {
  for (const k of [1.2, 2, 4]) {
    const one = world({ k, windowMs: 30_000 });
    await overload(one, 60, 100, 10);
    const { sent, accepted } = await overload(one, 60, 100, 10);
    assert.ok(sent / accepted < k * 1.1, `${sent} sent, ${accepted} accepted`);
    assert.ok(sent / accepted > k * 0.9, `${sent} sent, ${accepted} accepted`);
    assert.ok(accepted > 0.95 * 600, `the target is kept busy: ${accepted}`);
  }
});

test("a refusal has its reason and says why", async () => {
  const one = world({ ...bare, priorities: 1, random: () => 0 });
  await one.api.tryRun(refuses);
  const refused = await one.api.tryRun(accepts);
  assert.ok(!refused.ok && refused.rejected === "throttled");
  const { error } = refused;
  assert.ok(error instanceof HomeostatError && error.code === "THROTTLED");
  assert.equal(error.message, "users: held back, the target accepted 0 of the last 2 calls");
  assert.equal(one.api.counters.rejected.throttled, 1);
});

test("in the same overload the most important calls are hardly held back, the least all", async () => {
  const one = world({ windowMs: 30_000 });
  const levels = [0, 1, 2, 3];
  await overload(one, 60, 100, 30, levels);
  const { sent, held } = await overload(one, 60, 100, 30, levels);
  // 6,000 wanted, 1,800 accepted, 3,600 sent: 2,400 are held back, 1,500 of them of priority 3.
  const [highest = 0, usual = 0, less = 0, least = 0] = held;
  assert.equal(highest, 0);
  assert.ok(usual < 15, `${held}`);
  assert.ok(less > 750 && less < 1_050, `${held}`);
  assert.ok(least > 1_485, `${held}`);
  // As much in all as with one priority.
  const plain = world({ windowMs: 30_000, priorities: 1 });
  await overload(plain, 60, 100, 30);
  const same = await overload(plain, 60, 100, 30);
  assert.ok(Math.abs(sent - same.sent) < 0.05 * same.sent, `${sent} and ${same.sent}`);
});

test("a call without priority counts as 1, one beyond the last as the last", async () => {
  const one = world({ ...bare, priorities: 3 });
  await one.api.tryRun(refuses, { priority: 99 });
  for (let i = 0; i < 2; i++) await one.api.tryRun(refuses);
  await one.api.tryRun(refuses, { priority: -1 });
  const { throttle } = one;
  assert.equal(throttle.refusalRate(2), throttle.refusalRate(50));
  assert.equal(throttle.refusalRate(), throttle.refusalRate(1));
  assert.ok(throttle.refusalRate(0) < throttle.refusalRate(1));
});

test("however bad it looks, the least is sent, and calls come back when the target does", async () => {
  const one = world({ windowMs: 20_000, minimumPerSecond: 2 });
  await overload(one, 40, 100, 0);
  const dead = await overload(one, 100, 100, 0);
  assert.ok(dead.sent > 150 && dead.sent < 250, `${dead.sent} in 100 s`);
  // From 2 to 100 a second is a factor of 50, or e to the fourth: 40 s, when the first have come through.
  await overload(one, 70, 100, 1_000);
  assert.equal(one.throttle.refusalRate(3), 0);
});

test("calls on their way are not held against the target", async () => {
  const one = world(bare);
  const runs = Array.from({ length: 1_000 }, () => one.api.tryRun(() => one.clock.sleep(500)));
  assert.equal(one.throttle.refusalRate(), 0);
  await one.clock.advance(500);
  assert.ok((await Promise.all(runs)).every(({ ok }) => ok));
});

test("timeouts and what the user means count, refusals further in and aborts do not", async () => {
  const counted = async (
    work: (clock: SimClock) => unknown,
    options: AdaptiveThrottleOptions = {},
  ): Promise<string> => {
    const { clock, throttle } = world(options);
    const api = compose({ clock }, throttle, timeout({ ms: 50, clock }));
    const run = api.tryRun(() => work(clock));
    await clock.advance(100);
    await run;
    const { wanted_calls: wanted, accepted_calls: accepted } = throttle.figures?.() ?? {};
    return `${accepted} of ${wanted}`;
  };
  const late = (clock: SimClock) => clock.sleep(1_000);
  assert.equal(await counted(accepts), "1 of 1");
  assert.equal(await counted(refuses), "0 of 1");
  assert.equal(await counted(late), "0 of 1");
  assert.equal(await counted(refuses, { when: () => false }), "1 of 1");
  assert.equal(await counted(late, { when: () => false }), "0 of 1");
  assert.equal(await counted(() => 503, { whenResult: (status) => status === 503 }), "0 of 1");
  assert.equal(await counted(() => 200, { whenResult: (status) => status === 503 }), "1 of 1");

  const { clock, throttle } = world();
  const open = breaker({ clock });
  open.isolate();
  await compose({ clock }, throttle, open).tryRun(accepts);
  const caller = new AbortController();
  const cut = compose({ clock }, throttle).tryRun(() => clock.sleep(50), { signal: caller.signal });
  caller.abort("enough");
  await cut;
  assert.equal(throttle.figures?.().wanted_calls, 0);
});

test("the window holds what a list of all calls in its last tenths would", () => {
  const steps = fc.record({
    waitMs: fc.constantFrom(0, 1, 7, 30, 99, 100, 450, 2_000),
    priority: fc.nat(3),
    accepted: fc.boolean(),
  });
  const plays = fc.array(steps, { minLength: 1, maxLength: 300 });
  const property = fc.property(plays, (play) => {
    const window = new DemandWindow(1_000, 4);
    const all: { slot: number; priority: number; accepted: boolean }[] = [];
    // Tenths are counted from the first time that anybody looked.
    const origin = play[0]?.waitMs ?? 0;
    let now = 0;
    for (const { waitMs, priority, accepted } of play) {
      now += waitMs;
      window.turn(now);
      const slot = Math.floor((now - origin) / 100);
      const recent = all.filter((one) => slot - one.slot < 10);
      assert.equal(window.total, recent.length);
      assert.equal(window.accepted, recent.filter((one) => one.accepted).length);
      for (const level of [0, 1, 2, 3]) {
        assert.equal(window.wanted(level), recent.filter((one) => one.priority === level).length);
      }
      window.record(priority, accepted, now);
      all.push({ slot, priority, accepted });
    }
  });
  fc.assert(property, { numRuns: 200, seed: 6 });
});

test("reloaded it keeps what it counted, unless that was counted otherwise", async () => {
  const { api, throttle, clock } = world({ ...bare, k: 4 });
  for (let i = 0; i < 10; i++) await api.tryRun(i < 3 ? accepts : refuses);
  assert.equal(throttle.refusalRate(), 0);
  assert.equal(throttle.reload?.(adaptiveThrottle({ ...bare, clock })), true);
  assert.equal(throttle.refusalRate(), (10 - 2 * 3) / 11);
  assert.equal(throttle.reload?.(adaptiveThrottle({ ...bare, windowMs: 1_000, clock })), true);
  assert.equal(throttle.refusalRate(), 0);
  assert.equal(throttle.reload?.(timeout(100)), false);
});

test("options that cannot be are refused when it is made", () => {
  const wrong = [
    { k: 0.9 },
    { k: Number.POSITIVE_INFINITY },
    { windowMs: 0 },
    { minimumPerSecond: 0 },
    { priorities: 0 },
    { priorities: 101 },
    { minimum: 1 },
  ];
  for (const options of wrong) {
    assert.throws(() => adaptiveThrottle(options), { code: "OPTION_INVALID" }, inspect(options));
  }
});
