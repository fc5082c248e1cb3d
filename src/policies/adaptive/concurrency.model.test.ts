// Plays random calls, ends, timeouts, repeats and aborts: no place is ever lost, or taken twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { below } from "../../kernel/random.ts";
import { seeded } from "../../testing/seeded.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { compose, type Pipeline } from "../compose.ts";
import { retry } from "../retry/retry.ts";
import { timeout } from "../strategies/timeout.ts";
import { type ConcurrencyLimit, concurrencyLimit } from "./concurrency.ts";

const clocked = (clock: SimClock, ms: number) => timeout({ ms, clock });
const again = (clock: SimClock) =>
  retry({ retries: 2, backoff: { baseMs: 5 }, budget: false, clock, random: seeded(9) });

const orders: Readonly<Record<string, (clock: SimClock, limit: ConcurrencyLimit) => Pipeline>> = {
  alone: (clock, limit) => compose({ clock }, limit),
  "outside a timeout": (clock, limit) => compose({ clock }, limit, clocked(clock, 40)),
  "inside a timeout": (clock, limit) => compose({ clock }, clocked(clock, 40), limit),
  "between retry and timeout": (clock, limit) =>
    compose({ clock }, clocked(clock, 150), again(clock), limit, clocked(clock, 40)),
  "outside retry and timeout": (clock, limit) =>
    compose({ clock }, limit, again(clock), clocked(clock, 40)),
};

interface Running {
  readonly resolve: (value: number) => void;
  readonly reject: (error: Error) => void;
}

for (const [name, build] of Object.entries(orders)) {
  test(`${name}: as many places are taken as work is running, 20,000 steps`, async () => {
    const random = seeded(11);
    const clock = simClock();
    const limit = concurrencyLimit({ initial: 6, min: 2, max: 12, queue: 4, waitMs: 60, clock });
    const api = build(clock, limit);
    const works = new Set<Running>();
    const callers = new Set<AbortController>();
    // A retry further in begins work within the place of its call.
    const exact = name !== "outside retry and timeout";
    const work = (): Promise<number> => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      works.add({ resolve, reject });
      if (exact) assert.ok(works.size <= 12, `${works.size} at once`);
      return promise;
    };
    const end = (one: Running): void => {
      works.delete(one);
      if (random() < 0.7) one.resolve(1);
      else one.reject(new Error("bad"));
    };
    for (let step = 0; step < 20_000; step++) {
      const dice = random();
      const [oldest] = works;
      if (dice < 0.4) {
        const caller = new AbortController();
        callers.add(caller);
        void api.tryRun(work, { signal: caller.signal }).then(() => callers.delete(caller));
      } else if (dice < 0.7 && oldest) end(oldest);
      else if (dice < 0.75) [...callers][below(random, callers.size)]?.abort("gone");
      else await clock.advance(below(random, 20));
      if (step % 10 > 0) continue;
      await clock.advance(0);
      assert.ok(limit.limit >= 2 && limit.limit <= 12 && limit.queued <= 4);
      if (exact) assert.equal(limit.running, works.size, `step ${step}`);
      else assert.ok(limit.running <= works.size + callers.size, `step ${step}`);
    }
    while (works.size > 0 || callers.size > 0) {
      for (const one of works) end(one);
      await clock.advance(50);
    }
    assert.deepEqual({ running: limit.running, queued: limit.queued }, { running: 0, queued: 0 });
    const { calls, successes, failures, cancelled } = api.counters;
    assert.equal(calls, successes + failures + cancelled);
    await clock.advance(500);
    assert.equal(clock.pending, 0);
  });
}
