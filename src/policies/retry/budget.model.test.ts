// Plays random payments, repeats, waits and reloads against the retry budget and a naive model of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { type BudgetOptions, type RetryBudget, retryBudget } from "./budget.ts";

/** Sums of these are exact in floating point: a model that counts whole parts then agrees to the last. */
const parts = 64;
const maxKeys = 2;

/** All in parts of a repeat, whole numbers. */
interface Rules {
  readonly ratio: number;
  readonly perMs: number;
  readonly burst: number;
}

const common: Rules = { ratio: 16, perMs: 1, burst: 5 * parts };
const rulesOf: readonly Rules[] = [
  common,
  { ratio: 48, perMs: 0, burst: 3 * parts },
  { ratio: 0, perMs: 4, burst: 400 * parts },
];

function optionsOf({ ratio, perMs, burst }: Rules): BudgetOptions {
  const perSecond = (perMs * 1_000) / parts;
  return { ratio: ratio / parts, perSecond, burst: burst / parts, maxKeys };
}

interface Bucket {
  filled: number;
  /** Before this time nothing comes by itself: the first second is paid in at the start. */
  from: number;
}

/** Written to be read, not to be fast. */
class Model {
  rules: Rules = common;
  /** The order is that of use. */
  readonly buckets: (readonly [string | undefined, Bucket])[] = [];

  bucket(key: string | undefined, now: number): Bucket {
    const at = this.buckets.findIndex(([name]) => name === key);
    const [known] = at < 0 ? [] : this.buckets.splice(at, 1);
    const { perMs, burst } = this.rules;
    const fresh = { filled: Math.min(burst, perMs * 1_000), from: now + 1_000 };
    const bucket = known?.[1] ?? fresh;
    this.buckets.push([key, bucket]);
    const keyed = this.buckets.filter(([name]) => name !== undefined);
    const oldest = keyed.length > maxKeys ? keyed[0] : undefined;
    if (oldest) this.buckets.splice(this.buckets.indexOf(oldest), 1);
    return bucket;
  }

  fill(bucket: Bucket, more: number): void {
    bucket.filled = Math.min(this.rules.burst, bucket.filled + more);
  }

  deposit(key: string | undefined, now: number): void {
    this.fill(this.bucket(key, now), this.rules.ratio);
  }

  /** Time pays in when somebody asks; it is worth what the rules of then say. */
  tokens(key: string | undefined, now: number): Bucket {
    const bucket = this.bucket(key, now);
    if (now > bucket.from) {
      this.fill(bucket, (now - bucket.from) * this.rules.perMs);
      bucket.from = now;
    }
    return bucket;
  }

  withdraw(key: string | undefined, now: number): boolean {
    const bucket = this.tokens(key, now);
    if (bucket.filled < parts) return false;
    bucket.filled -= parts;
    return true;
  }
}

interface Real {
  readonly clock: SimClock;
  readonly budget: RetryBudget;
}

let steps = 0;

type Step = fc.AsyncCommand<Model, Real>;

function command(name: string, run: (model: Model, real: Real) => unknown): Step {
  return {
    check: () => true,
    run: async (model, real) => {
      steps += 1;
      await run(model, real);
    },
    toString: () => name,
  };
}

const keys = fc.constantFrom("a", "a", "b", "c", undefined);

const commands: fc.Arbitrary<Step>[] = [
  fc.tuple(keys, fc.integer({ min: 1, max: 8 })).map(([key, times]) =>
    command(`deposit ${times} ${key}`, (model, { budget, clock }) => {
      for (let i = 0; i < times; i++) {
        budget.deposit(key);
        model.deposit(key, clock.now());
      }
    }),
  ),
  fc.tuple(keys, fc.integer({ min: 1, max: 4 })).map(([key, times]) =>
    command(`withdraw ${times} ${key}`, (model, { budget, clock }) => {
      for (let i = 0; i < times; i++) {
        assert.equal(budget.withdraw(key), model.withdraw(key, clock.now()));
      }
    }),
  ),
  keys.map((key) =>
    command(`tokens ${key}`, (model, { budget, clock }) => {
      const { filled } = model.tokens(key, clock.now());
      assert.equal(budget.tokens(key), filled / parts);
      assert.ok(filled >= 0);
    }),
  ),
  fc.constantFrom(1, 10, 63, 64, 500, 1_000, 5_000).map((ms) =>
    command(`wait ${ms}`, async (_model, { clock }) => {
      await clock.advance(ms);
    }),
  ),
  fc.nat(60).map((n) =>
    command(`reload ${n}`, (model, { budget, clock }) => {
      const rules = rulesOf[n];
      if (!rules) return;
      model.rules = rules;
      budget.reload(retryBudget({ ...optionsOf(rules), clock }));
    }),
  ),
];

test("a retry budget does what the model does, 80,000 steps", async () => {
  steps = 0;
  const setup = () => {
    const clock = simClock();
    return {
      model: new Model(),
      real: { clock, budget: retryBudget({ ...optionsOf(common), clock }) },
    };
  };
  const plays = fc.commands(commands, { maxCommands: 1_000, size: "max" });
  const play = fc.asyncProperty(plays, (steps) => fc.asyncModelRun(setup, steps));
  await fc.assert(play, { numRuns: 172, seed: 9, interruptAfterTimeLimit: 20_000 });
  assert.ok(steps >= 80_000, `${steps} steps`);
});

test("with any numbers no more is taken out than was paid in and time gave, 20,000 steps", async () => {
  let played = 0;
  const positive = (max: number) => fc.double({ min: 0, max, noNaN: true });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("deposit", "withdraw", "withdraw") },
    { weight: 1, arbitrary: positive(300) },
  );
  const whole = fc.record({
    ratio: positive(2),
    perSecond: positive(50),
    burst: fc.double({ min: 1, max: 100, noNaN: true }),
    given: fc.array(step, { maxLength: 500, size: "max" }),
  });
  const play = fc.asyncProperty(whole, async ({ given, ...options }) => {
    const clock = simClock();
    const budget = retryBudget({ ...options, clock });
    let [paid, taken] = [0, 0];
    for (const one of given) {
      played += 1;
      if (typeof one === "number") await clock.advance(one);
      else if (one === "deposit") {
        budget.deposit();
        paid += options.ratio;
      } else if (budget.withdraw()) taken += 1;
      const free = (options.perSecond * Math.max(1_000, clock.now())) / 1_000;
      assert.ok(taken <= paid + free + 1e-6, `${taken} of ${paid} + ${free}`);
      assert.ok(budget.tokens() <= options.burst && budget.tokens() >= 0);
    }
  });
  await fc.assert(play, { numRuns: 90, seed: 9, interruptAfterTimeLimit: 20_000 });
  assert.ok(played >= 20_000, `${played} steps`);
});
