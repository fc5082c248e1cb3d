// Plays random calls against a hedge: never too many attempts, losers end, winners do not; and what it learns.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { compose } from "../compose.ts";
import type { RunContext } from "../strategy.ts";
import { hedge } from "./hedge.ts";
import { Latencies } from "./latencies.ts";

interface Try {
  readonly ms: number;
  readonly ok: boolean;
}

const attempt = fc.record({ ms: fc.nat(300), ok: fc.boolean() });
const call = fc.record({
  attempts: fc.array(attempt, { minLength: 4, maxLength: 4 }),
  abortMs: fc.option(fc.nat(300), { nil: undefined }),
});
const plays = fc.record({
  hedges: fc.integer({ min: 1, max: 3 }),
  delayMs: fc.integer({ min: 1, max: 120 }),
  calls: fc.array(call, { minLength: 1, maxLength: 8 }),
});

type Made = { readonly signal: AbortSignal; state: "running" | "won" | "failed" };

test("never more attempts than allowed; the winner's signal never aborts, the others' do", () => {
  const play = fc.asyncProperty(plays, async ({ hedges, delayMs, calls }) => {
    const clock = simClock();
    const api = compose({ clock }, hedge({ hedges, delayMs, budget: false, clock }));
    const one = async ({ attempts, abortMs }: (typeof calls)[number]): Promise<void> => {
      const begunAt = clock.now();
      const made: Made[] = [];
      const work = async ({ signal }: RunContext): Promise<Made> => {
        const { ms, ok } = attempts[made.length] as Try;
        assert.ok(made.length <= hedges);
        assert.ok(clock.now() >= begunAt + made.length * delayMs, "never before the delay");
        const mine: Made = { signal, state: "running" };
        made.push(mine);
        await clock.sleep(ms);
        if (!ok) {
          mine.state = "failed";
          throw mine;
        }
        if (mine.state === "running") mine.state = "won";
        return mine;
      };
      const caller = new AbortController();
      if (abortMs !== undefined) void clock.sleep(abortMs).then(() => caller.abort("enough"));
      const outcome = await api.tryRun(work, { signal: caller.signal });
      const error = outcome.ok ? undefined : outcome.error;
      const lost = made.filter((one) => one.state === "running");
      await clock.sleep(1_000);
      if (outcome.ok) {
        assert.equal(outcome.value.signal.aborted, false);
        assert.ok(lost.every(({ signal }) => signal.aborted));
      } else if (error === "enough") {
        assert.ok(lost.every(({ signal }) => signal.reason === "enough"));
      } else {
        assert.ok(made.every(({ state, signal }) => state === "failed" && !signal.aborted));
        assert.ok(made.some((one) => one === error));
      }
    };
    const all = Promise.all(calls.map(one));
    await clock.advance(3_000);
    await all;
    assert.equal(clock.pending, 0);
    const { counters } = api;
    assert.equal(counters.calls, counters.successes + counters.failures + counters.cancelled);
  });
  return fc.assert(play, { numRuns: 200, seed: 7 });
});

test("a learned quantile is at most a tenth too high, and never too low", () => {
  const random = seeded(5);
  const latencies = new Latencies();
  const known: number[] = [];
  for (let i = 0; i < 2_000; i++) {
    const ms = 5 - 40 * Math.log(1 - random());
    known.push(ms);
    latencies.record(ms);
  }
  known.sort((a, b) => a - b);
  for (const quantile of [0.5, 0.9, 0.95, 0.99]) {
    const exact = known[Math.ceil(quantile * known.length) - 1] ?? 0;
    const learned = latencies.quantile(quantile);
    assert.ok(learned >= exact && learned <= exact * 1.1, `${quantile}: ${learned}, ${exact}`);
  }
});

test("what was learned fades: a target that became slow is known to be after some thousands", () => {
  const latencies = new Latencies();
  for (let i = 0; i < 100_000; i++) latencies.record(10);
  for (let i = 0; i < 4_000; i++) latencies.record(1_000);
  assert.ok(latencies.quantile(0.5) >= 1_000);
  assert.ok(latencies.total <= 2_000);
  for (const ms of [0, 1e9]) latencies.record(ms);
  assert.ok(latencies.quantile(1) <= 2 ** 17);
});

test("a learned delay hedges about as many calls as the quantile leaves over", async () => {
  const clock = simClock();
  const random = seeded(9);
  const strategy = hedge({ quantile: 0.9, budget: false, clock });
  const api = compose({ clock }, strategy);
  const work = (): Promise<void> => clock.sleep(20 - 60 * Math.log(1 - random()));
  const rounds = async (n: number): Promise<number> => {
    const before = api.counters.hedges;
    for (let i = 0; i < n; i += 20) {
      const all = Promise.all(Array.from({ length: 20 }, () => api.run(work)));
      await clock.advance(2_000);
      await all;
    }
    return (api.counters.hedges - before) / n;
  };
  assert.equal(await rounds(80), 0, "too little is known");
  await rounds(400);
  const share = await rounds(2_000);
  // The tick makes the delay up to 20 ms longer: exp(-20 / 60) of a tenth.
  assert.ok(share > 0.05 && share <= 0.11, `${share}`);
  const { delay_ms, known_calls } = strategy.figures?.() ?? {};
  assert.ok(delay_ms !== undefined && delay_ms > 130 && delay_ms < 200, `${delay_ms}`);
  assert.ok(known_calls !== undefined && known_calls >= 1_000);
  strategy.reload?.(hedge({ delayMs: 70 }));
  assert.equal(strategy.figures?.().delay_ms, 70);
});

test("hedges that win do not make a slow target look fast", async () => {
  const clock = simClock();
  const random = seeded(9);
  const strategy = hedge({ quantile: 0.9, budget: false, clock });
  const api = compose({ clock }, strategy);
  for (let i = 0; i < 6_000; i += 20) {
    const slowFirst = (): (() => Promise<void>) => {
      let next = i > 400 && random() < 0.3 ? 500 : 20;
      return () => {
        const ms = next;
        next = 20;
        return clock.sleep(ms);
      };
    };
    const all = Promise.all(Array.from({ length: 20 }, () => api.run(slowFirst())));
    await clock.advance(600);
    await all;
  }
  const { delay_ms = 0 } = strategy.figures?.() ?? {};
  assert.ok(delay_ms > 300, `${delay_ms}`);
});
