// Tuning in seeded noisy worlds: it finds the top, leaves noise alone, and never leaves its bounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Random } from "../../kernel/random.ts";
import { seeded } from "../../testing/seeded.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import type { Told } from "../parts/bus.ts";
import { createTuning, type Setting, type TuningOptions, type TuningTold } from "./tuning.ts";

const day = 86_400_000;

interface World {
  readonly clock: SimClock;
  readonly tuning: ReturnType<typeof createTuning>;
  readonly events: Told<TuningTold>[];
  /** Every value that was ever in force, by setting. */
  readonly values: Record<string, number[]>;
  windows(): number;
}

function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Settings whose objective is a function of all values in force, with noise. */
function world(
  seed: number,
  objective: (values: Record<string, number>) => number | undefined,
  settings: Record<string, Partial<Setting>>,
  { noise = 0.1, ...options }: TuningOptions & { readonly noise?: number } = {},
): World {
  const clock = simClock();
  const random = seeded(seed);
  const events: Told<TuningTold>[] = [];
  const bus = { publish: (event: Told) => void events.push(event as Told<TuningTold>) };
  const tuning = createTuning({ clock, random, bus: bus as never, ...options });
  const now: Record<string, number> = {};
  const values: Record<string, number[]> = {};
  let measured = 0;
  for (const [name, given] of Object.entries(settings)) {
    const setting: Setting = {
      ...{ value: 10, min: 1, max: 1_000, better: "higher", whole: true },
      ...(given.step === undefined && { factor: 1.5 }),
      ...given,
      apply: (value) => {
        given.apply?.(value);
        now[name] = value;
        values[name]?.push(value);
      },
      measure: () => {
        measured += 1;
        const value = objective(now);
        return value === undefined ? undefined : value * (1 + noise * gauss(random));
      },
    };
    now[name] = setting.value;
    values[name] = [setting.value];
    tuning.register(name, setting);
  }
  tuning.start();
  return { clock, tuning, events, values, windows: () => measured / 30 };
}

/** One top at `best`, 100 high, that falls to both sides with the distance in powers. */
const hill = (best: number, steep: number) => (value: number) =>
  100 / (1 + steep * Math.log(value / best) ** 2);

test("one top and 10 % noise: it ends within 15 % of the best in 100 windows", async (t) => {
  const ends: number[] = [];
  for (const [seed, best, from, steep] of [
    [1, 200, 4, 0.3],
    [4, 1_000, 10, 0.2],
  ] as const) {
    const at = hill(best, steep);
    const { clock, tuning, values, windows } = world(seed, ({ pool = 0 }) => at(pool), {
      pool: { value: from },
    });
    while (windows() < 100) await clock.advance(300_000);
    await tuning.stop();
    const [{ best: found = 0 } = {}] = tuning.list();
    ends.push(Math.round(at(found)));
    assert.ok(at(found) >= 85, `seed ${seed}: ${found} gives ${at(found)}`);
    assert.equal(values.pool?.at(-1), found, "nothing that was only on trial stays");
  }
  t.diagnostic(`of 100: ${ends.join(", ")}`);
});

test("pure noise: tries become rare, and what stays at the end is near what it was", async (t) => {
  const counts: number[] = [];
  for (const seed of [1]) {
    const { clock, tuning, events } = world(seed, () => 100, { pool: {} }, { noise: 0.3 });
    await clock.advance(day / 2);
    const early = events.length;
    await clock.advance(day / 2);
    await tuning.stop();
    const [{ changes = 99 } = {}] = tuning.list();
    counts.push(events.length);
    assert.ok(changes <= 2, `${changes} changes stayed`);
    assert.ok(early <= 100 && events.length - early <= early, `${early}, ${events.length}`);
  }
  t.diagnostic(`changes and rollbacks told in a day: ${counts.join(", ")}`);
});

test("never out of bounds, never two settings at once, every change told with its numbers", async () => {
  for (const seed of [1, 2]) {
    const objective = ({ pool = 1, wait = 1 }: Record<string, number>) =>
      hill(700, 0.5)(pool) + hill(2, 0.5)(wait);
    const { clock, tuning, events, values } = world(seed, objective, {
      pool: { min: 5, max: 300 },
      wait: { min: 7, max: 90, value: 50, step: 9 },
    });
    await clock.advance(day / 6);
    await tuning.stop();
    assert.ok(values.pool?.every((value) => value >= 5 && value <= 300 && Number.isInteger(value)));
    assert.ok(values.wait?.every((value) => value >= 7 && value <= 90));
    const onTrial = new Set<string>();
    for (const { type, data } of events) {
      if (!data) assert.fail("an event without numbers");
      if (data.why === "try") onTrial.add(data.name);
      else onTrial.delete(data.name);
      assert.ok(onTrial.size <= 1, "two at once");
      assert.ok(data.from !== data.to && type.startsWith("tuning."));
      const isMeasured = ["proved", "no better", "look again", "not confirmed"].includes(data.why);
      assert.equal(data.needed !== undefined, isMeasured, data.why);
    }
    assert.ok(events.some(({ data }) => data?.why === "proved"));
  }
});

/** A climber that keeps what was better once. */
function naive(before: number, after: number): boolean {
  return after > before;
}

test("a world that changes by itself is not taken for a success", async () => {
  // Load falls just when the new value is in force: whoever looks only before and after keeps it.
  let load = 1;
  const apply = (): void => {
    load /= 2;
  };
  const { clock, tuning } = world(1, () => 100 / load, { pool: { apply } }, { noise: 0 });
  assert.equal(naive(100, 200), true, "a comparison of two windows sees a gain of 100 %");
  await clock.advance(1_200_000);
  await tuning.stop();
  const [{ changes, best } = {}] = tuning.list();
  assert.deepEqual([changes, best], [0, 10]);
});

test("quiet after the start, and frozen while the app is not well: what is on trial goes back at once", async () => {
  let well = true;
  const { clock, tuning, events, values } = world(
    1,
    ({ pool = 1 }) => pool,
    { pool: { better: "lower", value: 100 } },
    { guard: () => well, startMs: 300_000, noise: 0 },
  );
  await clock.advance(300_000);
  assert.deepEqual(values.pool, [100]);
  while (tuning.list()[0]?.state !== "on trial") await clock.advance(1_000);
  assert.equal(values.pool?.length, 2);
  well = false;
  await clock.advance(2_000);
  assert.equal(values.pool?.at(-1), 100);
  assert.equal(events.at(-1)?.data?.why, "interrupted");
  await clock.advance(1_200_000);
  assert.equal(values.pool?.length, 3);
  assert.equal(tuning.list()[0]?.state, "frozen");
  well = true;
  const frozen = tuning.freeze("a deployment");
  await clock.advance(600_000);
  assert.equal(values.pool?.length, 3);
  frozen[Symbol.dispose]();
  await clock.advance(600_000);
  assert.ok((values.pool?.length ?? 0) > 3);
  await tuning.stop();
});

test("the best is remembered over a restart, unless its configuration has changed", async () => {
  const box: { value?: unknown } = {};
  const kept = {
    read: () => box.value,
    write: (value: unknown) => void Object.assign(box, { value }),
  };
  const at = ({ pool = 1 }: Record<string, number>): number => hill(100, 1)(pool);
  const one = world(1, at, { pool: {} }, { kept, noise: 0.01 });
  await one.clock.advance(day / 8);
  await one.tuning.stop();
  const [{ best = 0 } = {}] = one.tuning.list();
  assert.ok(best > 50);
  const two = world(1, at, { pool: {} }, { kept });
  await two.clock.advance(1);
  assert.deepEqual(two.values.pool, [10, best]);
  assert.equal(two.events[0]?.data?.why, "remembered");
  for (const changed of [{ value: 20 }, { max: 50 }]) {
    const three = world(1, at, { pool: changed }, { kept });
    await three.clock.advance(1);
    assert.equal(three.values.pool?.length, 1, "what people configured counts");
    await three.tuning.stop();
  }
  await two.tuning.stop();
});

test("a change that cannot be put back is tried again, and nothing else is changed meanwhile", async () => {
  let broken = 0;
  const { clock, tuning, values } = world(
    1,
    () => 100,
    {
      pool: {
        apply: (value) => {
          if (value === 10 && broken++ < 20) throw new Error("the pool is busy");
        },
      },
      wait: {},
    },
    { noise: 0 },
  );
  await clock.advance(600_000);
  assert.ok(broken > 3);
  assert.deepEqual(values.wait, [10], "the other one waits");
  await clock.advance(3_000_000);
  assert.ok((values.wait?.length ?? 0) > 1);
  assert.equal(tuning.list()[0]?.best, 10);
  await tuning.stop();
});

test("no values and wild options are told apart from a bad setting", async () => {
  const { clock, tuning, values } = world(1, () => undefined, { pool: {} });
  await clock.advance(day / 8);
  assert.deepEqual(values.pool, [10], "without an objective nothing is changed");
  await tuning.stop();
  const setting = {
    ...{ value: 5, min: 1, max: 9, step: 1, better: "lower" },
    ...{ apply: () => {}, measure: () => 1 },
  } as const;
  for (const wrong of [
    { value: 10 },
    { min: 9 },
    { factor: 2 },
    { step: undefined },
    { samples: 1 },
  ]) {
    const bad = { ...setting, ...wrong } as unknown as Setting;
    assert.throws(() => createTuning().register("pool", bad), { code: "OPTION_INVALID" });
  }
});
