// What cockatiel's documents say of timeouts, bulkheads and fallbacks.
import assert from "node:assert/strict";
import { does, never, pending, rejection, turn, wait, within } from "../behaviours.ts";
import type { Cockatiel, Of } from "./library.ts";

const bad = new Error("bad");

function aggressive(c: Cockatiel, ms = 10): ReturnType<Cockatiel["timeout"]> {
  return c.timeout(ms, c.TimeoutStrategy.Aggressive);
}
function cooperative(c: Cockatiel, ms = 10): ReturnType<Cockatiel["timeout"]> {
  return c.timeout(ms, c.TimeoutStrategy.Cooperative);
}

/** Ends when its signal aborts. */
const whenAborted = ({ signal }: { signal: AbortSignal }): Promise<string> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve("told")));

export const timeouts: readonly Of[] = [
  {
    name: "in time it gives what the function gives",
    body: async (c) => {
      for (const timeout of [aggressive(c, 60_000), cooperative(c, 60_000)]) {
        assert.equal(await timeout.execute(does("ok")), "ok");
        assert.equal(await rejection(timeout.execute(does(bad))), bad);
      }
    },
  },
  {
    name: "aggressive, a call ends with a TaskCancelledError though the function goes on",
    body: async (c) => {
      const error = await rejection(aggressive(c).execute(never));
      assert.ok(error instanceof c.TaskCancelledError);
      assert.equal(error.message, "Operation timed out after 10ms");
    },
  },
  {
    name: "aggressive, the signal aborts too",
    body: async (c) => {
      let seen: AbortSignal | undefined;
      const run = aggressive(c).execute(({ signal }) => {
        seen = signal;
        assert.equal(signal.aborted, false);
        return never();
      });
      await rejection(run);
      assert.equal(seen?.aborted, true);
    },
  },
  {
    name: "cooperative, the function is told by its signal and its value counts",
    body: async (c) => {
      assert.equal(await cooperative(c).execute(whenAborted), "told");
    },
  },
  {
    name: "cooperative, an error of the function after the time is the call's error",
    differs: {
      adapter: "ours ends with the timeout, as what a stopped function throws is its echo",
    },
    body: async (c) => {
      const run = cooperative(c).execute(async (context) => {
        await whenAborted(context);
        throw bad;
      });
      assert.equal(await rejection(run), bad);
    },
  },
  {
    name: "onTimeout is told before the failure, and not when the function is in time",
    body: async (c) => {
      const timeout = aggressive(c, 20);
      const told: string[] = [];
      timeout.onTimeout(() => told.push("timeout"));
      timeout.onFailure(() => told.push("failure"));
      timeout.onSuccess(() => told.push("success"));
      await timeout.execute(() => "ok");
      await rejection(timeout.execute(never));
      assert.deepEqual(told, ["success", "timeout", "failure"]);
    },
  },
  {
    name: "cooperative, a call that timed out and gave a value is a success",
    body: async (c) => {
      const timeout = cooperative(c);
      const told: string[] = [];
      timeout.onTimeout(() => told.push("timeout"));
      timeout.onFailure(() => told.push("failure"));
      timeout.onSuccess(() => told.push("success"));
      await timeout.execute(whenAborted);
      assert.deepEqual(told, ["timeout", "success"]);
    },
  },
  {
    name: "the signal aborts when the call has returned, unless abortOnReturn is false",
    body: async (c) => {
      const { Aggressive: strategy } = c.TimeoutStrategy;
      const given = c.timeout(60_000, { strategy, abortOnReturn: false });
      const [first, second] = [
        await aggressive(c, 60_000).execute(({ signal }) => signal),
        await given.execute(({ signal }) => signal),
      ];
      assert.deepEqual([first.aborted, second.aborted], [true, false]);
    },
  },
  {
    name: "the signal is the second argument too",
    body: async (c) => {
      assert.ok(
        await aggressive(c, 60_000).execute((context, signal) => context.signal === signal),
      );
    },
  },
  {
    name: "cooperative, the caller's abort reaches the function with its reason",
    body: async (c) => {
      const caller = new AbortController();
      const run = cooperative(c, 60_000).execute(async (context) => {
        await whenAborted(context);
        return context.signal.reason;
      }, caller.signal);
      caller.abort(bad);
      assert.equal(await run, bad);
    },
  },
  {
    name: "aggressive, the caller's abort ends the call at once",
    body: async (c) => {
      const caller = new AbortController();
      const run = within(1_000, aggressive(c, 60_000).execute(never, caller.signal));
      caller.abort(bad);
      assert.ok((await run) instanceof Error);
    },
  },
  {
    name: "the caller's abort is not told as a timeout",
    differs: { library: "it says that the operation timed out, and tells onTimeout" },
    body: async (c) => {
      const caller = new AbortController();
      const timeout = aggressive(c, 60_000);
      const told: string[] = [];
      timeout.onTimeout(() => told.push("timeout"));
      const run = rejection(timeout.execute(never, caller.signal));
      caller.abort(bad);
      assert.equal(await run, bad);
      assert.deepEqual(told, []);
    },
  },
  {
    name: "dangerouslyUnref gives a timeout that ends calls as well",
    body: async (c) => {
      const run = aggressive(c).dangerouslyUnref().execute(never);
      assert.ok((await within(1_000, run)) instanceof c.TaskCancelledError);
    },
  },
];

export const bulkheads: readonly Of[] = [
  {
    name: "calls beyond the limit are refused with a BulkheadRejectedError",
    body: async (c) => {
      const bulkhead = c.bulkhead(2);
      let rejected = 0;
      bulkhead.onReject(() => {
        rejected += 1;
      });
      const held = Promise.withResolvers<string>();
      const inside = [1, 2].map(() => bulkhead.execute(() => held.promise));
      const work = does("ok");
      const error = await rejection(bulkhead.execute(work));
      assert.ok(error instanceof c.BulkheadRejectedError);
      assert.deepEqual([work.calls, rejected], [0, 1]);
      held.resolve("held");
      assert.deepEqual(await Promise.all(inside), ["held", "held"]);
      assert.equal(await bulkhead.execute(work), "ok");
    },
  },
  {
    name: "calls wait in the queue in their order",
    body: async (c) => {
      const bulkhead = c.bulkhead(1, 2);
      const order: number[] = [];
      const runs = [1, 2, 3].map((n) =>
        bulkhead.execute(async () => {
          await turn();
          order.push(n);
        }),
      );
      const error = await rejection(bulkhead.execute(does("ok")));
      assert.ok(error instanceof c.BulkheadRejectedError);
      await Promise.all(runs);
      assert.deepEqual(order, [1, 2, 3]);
    },
  },
  {
    name: "executionSlots and queueSlots tell what is left",
    body: async (c) => {
      const bulkhead = c.bulkhead(1, 1);
      const held = Promise.withResolvers<string>();
      const left = (): number[] => [bulkhead.executionSlots, bulkhead.queueSlots];
      const seen = [left()];
      const inside = bulkhead.execute(() => held.promise);
      seen.push(left());
      const queued = bulkhead.execute(does("ok"));
      seen.push(left());
      held.resolve("held");
      await Promise.all([inside, queued]);
      seen.push(left());
      assert.deepEqual(seen, [
        [1, 1],
        [0, 1],
        [0, 0],
        [1, 1],
      ]);
    },
  },
  {
    name: "a call that fails gives its place back",
    body: async (c) => {
      const bulkhead = c.bulkhead(1);
      assert.equal(await rejection(bulkhead.execute(does(bad))), bad);
      assert.equal(await bulkhead.execute(does("ok")), "ok");
    },
  },
  {
    name: "a caller who has aborted gets a TaskCancelledError and runs nothing",
    body: async (c) => {
      const work = does("ok");
      const error = await rejection(c.bulkhead(1).execute(work, AbortSignal.abort()));
      assert.ok(error instanceof c.TaskCancelledError);
      assert.equal(work.calls, 0);
    },
  },
  {
    name: "a caller who aborts in the queue gets a TaskCancelledError and runs nothing",
    body: async (c) => {
      const bulkhead = c.bulkhead(1, 1);
      const caller = new AbortController();
      const held = Promise.withResolvers<string>();
      const inside = bulkhead.execute(() => held.promise);
      const work = does("ok");
      const queued = rejection(bulkhead.execute(work, caller.signal));
      caller.abort();
      held.resolve("held");
      await inside;
      assert.ok((await queued) instanceof c.TaskCancelledError);
      assert.equal(work.calls, 0);
    },
  },
  {
    name: "a caller who aborts in the queue leaves it at once",
    differs: { library: "it stays until its turn has come" },
    body: async (c) => {
      const bulkhead = c.bulkhead(1, 1);
      const caller = new AbortController();
      void bulkhead.execute(never);
      const queued = bulkhead.execute(does("ok"), caller.signal);
      caller.abort();
      assert.notEqual(await within(20, queued), pending);
      assert.equal(bulkhead.queueSlots, 1);
    },
  },
  {
    name: "the caller's abort during the function ends nothing by itself",
    body: async (c) => {
      const caller = new AbortController();
      const run = c.bulkhead(1).execute(async () => {
        caller.abort();
        await wait(1);
        return "ok";
      }, caller.signal);
      assert.equal(await run, "ok");
    },
  },
  {
    name: "onSuccess and onFailure tell how the function ended",
    differs: { library: "they are documented and never told" },
    body: async (c) => {
      const bulkhead = c.bulkhead(1);
      const told: string[] = [];
      bulkhead.onSuccess(() => told.push("success"));
      bulkhead.onFailure(() => told.push("failure"));
      await bulkhead.execute(does("ok"));
      await rejection(bulkhead.execute(does(bad)));
      assert.deepEqual(told, ["success", "failure"]);
    },
  },
];

export const fallbacks: readonly Of[] = [
  {
    name: "gives its value in the place of a handled error, and only then",
    body: async (c) => {
      const fallback = c.fallback(c.handleType(TypeError), "instead");
      assert.equal(await fallback.execute(does("ok")), "ok");
      assert.equal(await fallback.execute(does(new TypeError("one"))), "instead");
      assert.equal(await rejection(fallback.execute(does(bad))), bad);
    },
  },
  {
    name: "a function makes the value each time, and may take its time",
    body: async (c) => {
      let n = 0;
      const counting = c.fallback(c.handleAll, () => {
        n += 1;
        return n;
      });
      const later = c.fallback(c.handleAll, async () => "later");
      assert.deepEqual(
        [await counting.execute(does(bad)), await counting.execute(does(bad))],
        [1, 2],
      );
      assert.equal(await later.execute(does(bad)), "later");
    },
  },
  {
    name: "gives its value in the place of a bad result",
    body: async (c) => {
      const fallback = c.fallback(
        c.handleWhenResult((n) => n === 503),
        "instead",
      );
      assert.equal(await fallback.execute(does(503)), "instead");
      assert.equal(await fallback.execute(does(200)), 200);
    },
  },
  {
    name: "an error of the function that makes the value is the call's error",
    body: async (c) => {
      const mine = new Error("mine");
      const fallback = c.fallback(c.handleAll, does(mine));
      assert.equal(await rejection(fallback.execute(does(bad))), mine);
    },
  },
];
