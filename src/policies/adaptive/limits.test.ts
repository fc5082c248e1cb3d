// Plays samples to the algorithms: where they settle, what they ignore, and that no sample breaks them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seeded } from "../../testing/seeded.ts";
import { algorithms, type LimitAlgorithm } from "./limits.ts";
import type { Sample } from "./sample.ts";

const bounds = { initial: 20, min: 1, max: 1_000 };
type Name = keyof typeof algorithms;

function make(name: Name, initial = 20): LimitAlgorithm {
  return algorithms[name]({ ...bounds, initial }, seeded(1));
}

function sample(over: Partial<Sample> = {}): Sample {
  return { rttMs: 50, timed: 100, inFlight: 20, dropped: 0, held: 0, ...over };
}

/** A server of so many workers that has more to do than it can: calls wait in proportion. */
function overload(algorithm: LimitAlgorithm, workers: number, samples: number, serviceMs = 50) {
  const limits: number[] = [];
  for (let limit = algorithm.limit, i = 0; i < samples; i++) {
    const rttMs = serviceMs * Math.max(1, Math.floor(limit) / workers);
    limit = algorithm.update(sample({ rttMs, inFlight: Math.floor(limit), held: 0.5 }));
    limits.push(limit);
  }
  return limits;
}

for (const name of ["gradient", "vegas"] as const) {
  for (const initial of [2, 20, 400]) {
    test(`${name} finds 30 workers from a limit of ${initial}`, () => {
      const algorithm = make(name, initial);
      overload(algorithm, 30, 300);
      assert.ok(algorithm.limit >= 30 && algorithm.limit <= 60, `${algorithm.limit}`);
      assert.ok(Math.abs((algorithm.baselineMs ?? 0) - 50) < 5, `${algorithm.baselineMs} ms`);
    });
  }

  test(`${name} does not drift in an overload that lasts`, () => {
    const algorithm = make(name);
    overload(algorithm, 20, 300);
    const limits = overload(algorithm, 20, 20_000);
    assert.ok(Math.max(...limits) <= 45, `${Math.max(...limits)}`);
  });

  test(`${name} learns that calls take longer of themselves, and that they do no more`, () => {
    const algorithm = make(name);
    overload(algorithm, 30, 300);
    overload(algorithm, 30, 300, 200);
    assert.ok(algorithm.limit >= 30, `slower: ${algorithm.limit}`);
    overload(algorithm, 30, 300, 20);
    assert.ok(algorithm.limit >= 30 && algorithm.limit <= 60, `quicker: ${algorithm.limit}`);
  });

  test(`${name} tries a lower limit only while calls are turned away, and goes back`, () => {
    const quiet = make(name);
    for (let i = 0; i < 500; i++) {
      quiet.update(sample({ inFlight: Math.floor(quiet.limit) }));
      assert.equal(quiet.probing, false);
    }
    const busy = make(name);
    const limits = overload(busy, 1_000, 500);
    const probes = limits.filter((limit, i) => limit < (limits[i - 1] ?? 0) / 1.5);
    assert.ok(probes.length >= 5 && probes.length <= 25, `${probes.length} probes of 500`);
    assert.equal(busy.limit, 1_000);
  });

  test(`${name} takes off what was dropped, at most half, and nothing for the usual tail`, () => {
    const algorithm = make(name);
    algorithm.update(sample());
    const { limit } = algorithm;
    algorithm.update(sample({ dropped: 0.2 }));
    assert.ok(Math.abs(algorithm.limit - limit * 0.8) < 1e-9);
    algorithm.update(sample({ dropped: 1, rttMs: undefined, timed: 0 }));
    assert.ok(Math.abs(algorithm.limit - limit * 0.4) < 1e-9);
    const before = algorithm.limit;
    algorithm.update(sample({ dropped: 0.05 }));
    assert.ok(algorithm.limit >= before);
  });
}

test("AIMD adds one and takes a tenth off", () => {
  const algorithm = make("aimd");
  assert.equal(algorithm.update(sample()), 21);
  assert.equal(algorithm.update(sample({ dropped: 0.05 })), 22);
  assert.ok(Math.abs(algorithm.update(sample({ dropped: 0.06 })) - 19.8) < 1e-9);
});

test("no limit grows that is not used, in-flight below half of it", () => {
  for (const name of Object.keys(algorithms) as Name[]) {
    const algorithm = make(name);
    for (let i = 0; i < 100; i++) algorithm.update(sample({ inFlight: 9 }));
    assert.equal(algorithm.limit, 20, name);
    algorithm.update(sample({ inFlight: 10 }));
    assert.ok(algorithm.limit > 20, name);
  }
});

test("another algorithm, or other bounds, go on from what was learnt", () => {
  const old = make("gradient");
  overload(old, 30, 300);
  const vegas = make("vegas");
  vegas.takeOver?.(old);
  assert.equal(vegas.limit, old.limit);
  assert.equal(vegas.baselineMs, old.baselineMs);
  const small = algorithms.aimd({ initial: 2, min: 1, max: 10 }, seeded(1));
  small.takeOver?.(old);
  assert.equal(small.limit, 10);
});

test("whatever the samples, every limit stays a number within its bounds", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const any = fc.record({
    rttMs: fc.option(fc.double({ min: 0.001, max: 1e7, noNaN: true }), { nil: undefined }),
    timed: fc.integer({ min: 1, max: 200 }),
    inFlight: fc.nat(2_000),
    dropped: share,
    held: share,
  });
  fc.assert(
    fc.property(
      fc.constantFrom<Name>("gradient", "vegas", "aimd"),
      fc.array(any, { maxLength: 200 }),
      fc.integer({ min: 1, max: 5 }),
      (name, samples, min) => {
        const algorithm = algorithms[name]({ initial: 20, min, max: 300 }, seeded(2));
        for (const one of samples) {
          const limit = algorithm.update(one);
          assert.ok(limit >= min && limit <= 300, `${limit}`);
          assert.ok(algorithm.limit >= min && algorithm.limit <= 300, `${algorithm.limit}`);
        }
      },
    ),
    { numRuns: 300, seed: 4 },
  );
});
