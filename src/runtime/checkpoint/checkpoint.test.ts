// Checkpoints: the newest good state is restored, bad ones are set aside, a proven one outlives crash loops.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLog } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { fatalDependency } from "../parts/dependency.ts";
import { type CheckpointsOptions, createCheckpoints, type Stateful } from "./checkpoint.ts";

interface Cart {
  readonly items: number;
}

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-checkpoint-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface Life {
  readonly clock: SimClock;
  readonly told: string[];
  cart: Cart;
  save(): Promise<boolean>;
  stop(): Promise<void>;
  proven(): number | undefined;
  restored(): number | undefined;
}

/** One process after another with the same folder; the clock goes on. */
async function life(
  folder: string,
  clock: SimClock,
  about: Partial<Stateful<Cart>> & { readonly options?: Partial<CheckpointsOptions> } = {},
): Promise<Life> {
  const { options = { deathsMax: 100 }, ...stateful } = about;
  const told: string[] = [];
  const write = ({ message }: { readonly message: string }): void => void told.push(message);
  const log = createLog({ level: "info", wall: clock.wall, write });
  const checkpoints = createCheckpoints({ folder, clock, log, ...options });
  const here: Life = {
    clock,
    told,
    cart: { items: 0 },
    save: () => cart.save(),
    stop: checkpoints.stop,
    proven: () => checkpoints.list()[0]?.proven,
    restored: () => checkpoints.list()[0]?.restored,
  };
  const cart = checkpoints.register<Cart>("cart", {
    save: () => here.cart,
    restore: (state) => {
      here.cart = state;
    },
    ...stateful,
  });
  await checkpoints.start();
  return here;
}

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder).filter((name) => !name.endsWith(".ledger"));

test("what was saved last is restored; it is saved at intervals and a last time at the end", async (t) => {
  const folder = place(t);
  const clock = simClock();
  const one = await life(folder, clock, { everyMs: 1_000 });
  assert.equal(one.restored(), undefined);
  one.cart = { items: 1 };
  await clock.advance(1_000);
  one.cart = { items: 2 };
  const two = await life(folder, clock);
  assert.deepEqual(two.cart, { items: 1 }, "killed after the first interval");
  two.cart = { items: 3 };
  await two.stop();
  assert.deepEqual((await life(folder, clock)).cart, { items: 3 });
});

test("a damaged file is set aside and told, and the one before it is restored", async (t) => {
  const folder = place(t);
  const one = await life(folder, simClock());
  for (const items of [1, 2, 3]) {
    one.cart = { items };
    await one.save();
  }
  const [, second = "", third = ""] = filesIn(folder);
  writeFileSync(join(folder, third), readFileSync(join(folder, third), "utf8").slice(0, -3));
  writeFileSync(
    join(folder, second),
    readFileSync(join(folder, second), "utf8").replace("2}", "9}"),
  );
  const two = await life(folder, simClock());
  assert.deepEqual(two.cart, { items: 1 });
  assert.deepEqual(filesIn(folder).slice(1), [`${second}.damaged`, `${third}.damaged`]);
  assert.equal(two.told.filter((line) => /set_aside.*checksum/.test(line)).length, 2);
  two.cart = { items: 4 };
  await two.save();
  assert.equal(filesIn(folder).at(-1), "cart.000000000004", "a number is never used twice");
});

test("what restore or check refuses is set aside; a state that check refuses is not saved", async (t) => {
  const folder = place(t);
  const one = await life(folder, simClock());
  for (const items of [1, -1, 13]) {
    one.cart = { items };
    await one.save();
  }
  const about: Partial<Stateful<Cart>> = {
    check: ({ items }) => items >= 0 || `${items} items`,
  };
  let taken: Cart | undefined;
  const two = await life(folder, simClock(), {
    ...about,
    restore: ({ items }) => {
      if (items === 13) throw new Error("no luck");
      taken = { items };
    },
  });
  assert.equal(two.restored(), 1);
  assert.deepEqual(taken, { items: 1 });
  assert.deepEqual(
    two.told.filter((line) => line.includes("set_aside")),
    [
      "checkpoint of cart set_aside: no luck",
      "checkpoint of cart set_aside: its check says: -1 items",
    ],
  );
  two.cart = { items: -5 };
  assert.equal(await two.save(), false);
  assert.deepEqual((await life(folder, simClock(), about)).cart, { items: 1 });
});

test("too old is left alone; an older version is migrated; a newer one waits for its own", async (t) => {
  const folder = place(t);
  const clock = simClock();
  const one = await life(folder, clock);
  one.cart = { items: 1 };
  await one.save();
  const migrate = (state: unknown, from: number): Cart => ({
    items: (state as Cart).items * 100 + from,
  });
  const two = await life(folder, clock, { version: 2, migrate });
  assert.deepEqual(two.cart, { items: 101 });
  await two.save();
  assert.deepEqual((await life(folder, clock)).cart, { items: 1 }, "a rollback of the app");
  assert.deepEqual((await life(folder, clock, { version: 2 })).cart, { items: 101 });
  await clock.advance(5_000);
  const late = await life(folder, clock, { version: 2, maxAgeMs: 4_999 });
  assert.equal(late.restored(), undefined);
  assert.equal(filesIn(folder).length, 2, "nothing was deleted for its age");
});

test("bounded: files are kept within `keep`, a large state is refused, and one that JSON would change", async (t) => {
  const folder = place(t);
  const clock = simClock();
  const one = await life(folder, clock, { options: { keep: 4, maxBytes: 100 } });
  for (let items = 0; items < 12; items++) {
    one.cart = { items };
    await one.save();
    await clock.advance(10_000);
    assert.ok(filesIn(folder).length <= 4);
  }
  assert.ok(one.proven() !== undefined);
  for (const bad of [{ items: 1, note: "x".repeat(100) }, { items: new Map() }, undefined]) {
    one.cart = bad as Cart;
    assert.equal(await one.save(), false);
  }
  assert.equal(one.told.filter((line) => line.includes("failed")).length, 3);
  const next = await life(folder, clock);
  assert.deepEqual(next.cart, { items: 11 });
  assert.throws(() => createCheckpoints({ folder, keep: 2 }), { code: "OPTION_INVALID" });
});

test("saves never overlap, and one that hangs ends the wait and is told", async (t) => {
  const folder = place(t);
  const clock = simClock();
  let [running, most, calls] = [0, 0, 0];
  const hang = Promise.withResolvers<Cart>();
  const one = await life(folder, clock, {
    everyMs: 1_000,
    save: async () => {
      calls += 1;
      running += 1;
      most = Math.max(most, running);
      const cart = await hang.promise;
      running -= 1;
      return cart;
    },
  });
  await clock.advance(15_000);
  assert.equal(calls, 1);
  assert.ok(one.told.some((line) => line.includes("has not answered after 10000 ms")));
  hang.resolve({ items: 5 });
  await clock.advance(3_000);
  assert.equal(most, 1);
  assert.ok(calls > 1);
});

test("a state that its processes die of is set aside, and what is proven is taken again", async (t) => {
  const folder = place(t);
  const clock = simClock();
  const one = await life(folder, clock, { everyMs: 10_000 });
  one.cart = { items: 1 };
  await clock.advance(75_000);
  const proven = one.proven() ?? 0;
  assert.ok(proven > 0);
  one.cart = { items: 666 };
  await one.save();
  const found: number[] = [];
  for (let death = 0; death < 4; death++) {
    const next = await life(folder, clock, { everyMs: 10_000, options: {} });
    found.push(next.cart.items);
    // It saves what it has restored, and dies of it after a while.
    await next.save();
    await clock.advance(5_000);
  }
  assert.deepEqual(found, [666, 666, 666, 1]);
});

test("an orderly end is no death, nor is a lost dependency; the last file is never set aside", async (t) => {
  const folder = place(t);
  const clock = simClock();
  for (const cause of [
    undefined,
    undefined,
    undefined,
    fatalDependency("db"),
    fatalDependency("db"),
  ]) {
    const signal = new AbortController().signal;
    const onStop = () => ({ [Symbol.dispose]: () => {} });
    const stopping = { signal, onStop, cause };
    const one = await life(folder, clock, { options: { stopping } });
    assert.deepEqual(
      one.told.filter((line) => line.includes("set_aside")),
      [],
    );
    await one.stop();
  }
  const alone = place(t);
  await (await life(alone, clock)).save();
  for (let death = 0; death < 9; death++) {
    assert.equal((await life(alone, clock, { options: {} })).restored(), 1);
  }
});
