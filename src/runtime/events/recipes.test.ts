// The recipes against the fakes: which steps are taken for which breakdown, and in which order.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RecoveryWorld, recoveryWorld } from "../../../test/support/recovery-world.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { fakeApi, fakeCache, fakeDatabase } from "./fakes.ts";
import { apiRecipe, cacheRecipe, databaseRecipe } from "./recipes.ts";
import { failures, type RegisterOptions } from "./recovery-options.ts";
import { attempt, ensure, type Recipe, sequence, step, waitUntil } from "./step.ts";

/** Runs a recipe to its end; the last word of what it said, with the names of the steps. */
async function tried(
  world: RecoveryWorld,
  recipe: Recipe,
  options: RegisterOptions = {},
): Promise<{ end: string | undefined; steps: readonly string[]; error: string | undefined }> {
  world.recovery.register("system.it.failure", recipe, { verify: false, ...options });
  world.fail("system.it.failure", "it");
  await world.clock.advance(200_000);
  const end = world.said().at(-1);
  const { steps, error } = world.last(end ?? "");
  const shown = steps.map((one) => `${"  ".repeat(one.depth)}${one.name}: ${one.outcome}`);
  return { end, steps: shown, error };
}

it("takes an answer that does not come for a no", async () => {
  const world = recoveryWorld();
  const cache = fakeCache({ clock: world.clock });
  let asked = 0;
  const isRunning = (): Promise<boolean> => {
    asked += 1;
    return asked === 1 ? new Promise<never>(() => {}) : Promise.resolve(true);
  };
  const { end } = await tried(world, cacheRecipe({ ...cache.hands, isRunning, isUp: isRunning }));
  assert.equal(end, "recovered");
  assert.ok(cache.done.includes("restart"), cache.done.join());
});

describe("the database recipe", () => {
  it("restarts a database whose host answers, waits, and verifies its integrity", async () => {
    const world = recoveryWorld();
    const database = fakeDatabase({ clock: world.clock });
    database.breakDown("crash");
    const { end, steps } = await tried(world, databaseRecipe(database.hands));
    assert.equal(end, "recovered");
    assert.deepEqual(steps, [
      "does the database's host answer: done",
      "  restart the database: done",
      "wait for the database: done",
      "verify integrity: done",
    ]);
    assert.deepEqual(database.done, ["restart", "verify integrity"]);
    assert.equal(world.last("recovered").steps[0]?.answer, "yes");
    assert.equal(world.last("recovered").steps[2]?.tookMs, 2_000);
    assert.equal(world.said().filter((each) => each === "recovery_step").length, 4);
  });

  it("fails over when the host is gone", async () => {
    const world = recoveryWorld();
    const database = fakeDatabase({ clock: world.clock });
    database.breakDown("host");
    const { end } = await tried(world, databaseRecipe(database.hands));
    assert.equal(end, "recovered");
    assert.deepEqual(database.done, ["activate replica", "verify integrity"]);
    assert.equal(database.onReplica, true);
  });

  it("fails when the data is not whole, and goes back from the replica", async () => {
    const world = recoveryWorld();
    const database = fakeDatabase({ clock: world.clock });
    database.breakDown("host");
    database.breakDown("corrupt");
    const { end, error } = await tried(world, databaseRecipe(database.hands));
    assert.equal(end, "recovery_failed");
    assert.equal(error, "verify integrity: no");
    assert.deepEqual(database.done, ["activate replica", "verify integrity", "deactivate replica"]);
  });

  it("fails when it does not come up within its 60 s, or there is no replica", async () => {
    const world = recoveryWorld();
    const slow = fakeDatabase({ clock: world.clock, startMs: 61_000 });
    slow.breakDown("crash");
    const { error } = await tried(world, databaseRecipe(slow.hands));
    assert.equal(error, "not within 60000 ms");

    const other = recoveryWorld();
    const gone = fakeDatabase({ clock: other.clock });
    gone.breakDown("host");
    const { pingHost, restart, isUp } = gone.hands;
    const alone = await tried(other, databaseRecipe({ pingHost, restart, isUp }));
    assert.equal(alone.error, "the host does not answer and there is no replica");
    assert.deepEqual(gone.done, []);
  });
});

describe("the cache recipe", () => {
  it("flushes and pre-warms one that holds wrong values, without a restart", async () => {
    const world = recoveryWorld();
    const cache = fakeCache({ clock: world.clock });
    cache.breakDown("stale");
    const { end } = await tried(world, cacheRecipe(cache.hands));
    assert.equal(end, "recovered");
    assert.deepEqual(cache.done, ["flush", "pre-warm"]);
    assert.equal(cache.values.get("greeting"), "hello");
  });

  it("restarts one that is down, though it cannot be flushed", async () => {
    const world = recoveryWorld();
    const cache = fakeCache({ clock: world.clock });
    cache.breakDown("crash");
    const { end, steps } = await tried(world, cacheRecipe(cache.hands));
    assert.equal(end, "recovered");
    assert.deepEqual(steps, [
      "flush the cache, if it can be: done",
      "  flush the cache: failed",
      "is the cache running: done",
      "  restart the cache: done",
      "wait for the cache: done",
      "pre-warm the cache: done",
    ]);
  });

  it("fails after 30 s", async () => {
    const world = recoveryWorld();
    const cache = fakeCache({ clock: world.clock, startMs: 31_000 });
    cache.breakDown("crash");
    assert.equal((await tried(world, cacheRecipe(cache.hands))).error, "not within 30000 ms");
  });
});

describe("the API recipe", () => {
  const ways = [
    ["connections", "first"],
    ["credentials", "first"],
    ["endpoint", "second"],
  ] as const;
  for (const [how, endpoint] of ways) {
    it(`mends ${how}`, async () => {
      const world = recoveryWorld();
      const api = fakeApi();
      api.breakDown(how);
      assert.equal((await tried(world, apiRecipe(api.hands))).end, "recovered");
      assert.equal(api.endpoint, endpoint);
    });
  }

  it("goes back to the first endpoint when the other does not help either", async () => {
    const world = recoveryWorld();
    const api = fakeApi();
    const { end, error } = await tried(world, apiRecipe({ ...api.hands, isUp: () => false }));
    assert.equal(end, "recovery_failed");
    assert.match(
      error ?? "",
      /none of them worked: wait for the API: .*; use another endpoint: not/,
    );
    assert.equal(api.endpoint, "first");
    assert.deepEqual(api.done.at(-1), "switch back");
  });
});

describe("steps", () => {
  it("one has its own limit, and what could not be taken back is told", async () => {
    const world = recoveryWorld();
    const hang = step("hang", () => new Promise(() => {}), {
      limitMs: 3_000,
      undo: () => {
        throw new Error("not to be undone");
      },
    });
    const { steps, error } = await tried(world, { name: "one", steps: [attempt(hang)] });
    assert.deepEqual(steps, ["hang, if it can be: done", "  hang: failed"]);
    assert.equal(error, undefined);
    const other = recoveryWorld();
    const failed = await tried(other, { name: "one", steps: [sequence("both", hang, hang)] });
    assert.deepEqual(failed.steps, ["both: failed", "  hang: undo-failed"]);
    assert.equal(failed.error, "no answer within 3000 ms");
    assert.equal(other.last("recovery_failed").steps[1]?.error, "not to be undone");
  });

  it("a question that throws is answered no, with its reason", async () => {
    const down = (): boolean => {
      throw new Error("connection refused");
    };
    for (const one of [ensure("it is up", down), waitUntil("wait", down, { limitMs: 100 })]) {
      const { error } = await tried(recoveryWorld(), { name: "one", steps: [one] });
      assert.match(error ?? "", /\(connection refused\)$/);
    }
  });

  it("a recipe that performs itself comes to an end", async () => {
    const again = step("again", ({ perform }): Promise<unknown> => perform(again));
    const { error } = await tried(recoveryWorld(), { name: "endless", steps: [again] });
    assert.match(error ?? "", /at most 200 steps/);
  });

  it("the standard types are those of the article", () => {
    assert.deepEqual(Object.values(failures), [
      "system.database.failure",
      "system.cache.failure",
      "system.api.failure",
    ]);
    assert.equal(fakeDatabase({ clock: simClock() }).up, true);
  });
});
