// Deadlines of the shared ticker: never early, in order, and nothing left running.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { simClock } from "../../testing/sim-clock.ts";
import type { Call } from "../strategy.ts";
import { Ticket, tickerOf, tickMs } from "./ticker.ts";

// The ticker hands the call back and never looks at it.
const call = {} as Call;

test("entries expire never early, at most two ticks late, whatever was removed meanwhile", () => {
  const step = fc.record({
    waitMs: fc.nat(30),
    ms: fc.constantFrom(1, 10, 25, 50, 200),
    removed: fc.boolean(),
  });
  return fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const clock = simClock();
      const ticker = tickerOf(clock);
      const late: number[] = [];
      let expected = 0;
      for (const { waitMs, ms, removed } of steps) {
        const addedAt = clock.now();
        const lane = ticker.lane(ms);
        const owner = { expire: () => late.push(clock.now() - addedAt - ms) };
        const ticket = new Ticket(owner, call, 0);
        lane.add(ticket);
        await clock.advance(waitMs);
        if (removed && ticket.lane) {
          lane.remove(ticket);
          lane.remove(ticket);
        } else expected += 1;
      }
      await clock.advance(500);
      assert.equal(late.length, expected);
      assert.ok(
        late.every((ms) => ms >= 0 && ms <= 2 * tickMs),
        `${late}`,
      );
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 50, seed: 3 },
  );
});

test("an entry that is added while others expire waits for its own time", async () => {
  const clock = simClock();
  const lane = tickerOf(clock).lane(20);
  const times: number[] = [];
  const owner = {
    expire: () => {
      times.push(clock.now());
      if (times.length < 3) lane.add(new Ticket(owner, call, 0));
    },
  };
  lane.add(new Ticket(owner, call, 0));
  await clock.advance(500);
  assert.equal(times.length, 3);
  for (const [i, at] of times.entries()) assert.ok(at - (times[i - 1] ?? 0) >= 20);
});
