// Words of retry put together: each means what it says, alone and in a pipeline.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { pipeline } from "../index.ts";
import { type Backoff, backoff } from "./backoff.ts";
import { allOf, anyOf, causedBy, chainOf, not, ofCode, ofType, sumOf } from "./combine.ts";

const coded = (code: string, cause?: unknown): Error =>
  Object.assign(new Error(code, { cause }), { code });

test("predicates are or, and, not, of a class, of a code, and of a cause", () => {
  const reset = ofCode("ECONNRESET", "EPIPE");
  const typed = ofType(TypeError, RangeError);
  const early = (_: unknown, attempt: number): boolean => attempt < 2;
  const cases = [
    [reset, coded("EPIPE"), 0, true],
    [reset, coded("EACCES"), 0, false],
    [reset, undefined, 0, false],
    [typed, new RangeError(), 0, true],
    [typed, new Error(), 0, false],
    [not(typed), new Error(), 0, true],
    [anyOf(reset, typed), new TypeError(), 9, true],
    [anyOf(reset, typed), new Error(), 0, false],
    [allOf(reset, early), coded("EPIPE"), 1, true],
    [allOf(reset, early), coded("EPIPE"), 2, false],
    [causedBy(reset), coded("fetch failed", new Error("x", { cause: coded("EPIPE") })), 0, true],
    [causedBy(reset), new Error("x", { cause: "EPIPE" }), 0, false],
  ] as const;
  for (const [worth, error, attempt, wanted] of cases) {
    assert.equal(worth(error, attempt), wanted, `${error} at ${attempt}`);
  }
  const loop = new Error("its own cause");
  loop.cause = loop;
  assert.equal(causedBy(reset)(loop, 0), false);
});

test("back-offs add up and follow each other, each with a memory of its own", () => {
  const random = seeded(3);
  const of = (one: Backoff): readonly number[] => {
    const state = { last: 0 };
    return [0, 1, 2, 3].map((n) => one(n, state, random));
  };
  const pause: Backoff = () => 1_000;
  const grown = backoff({ baseMs: 10, jitter: "none" });
  assert.deepEqual(of(sumOf(pause, grown)), [1_010, 1_020, 1_040, 1_080]);
  assert.deepEqual(
    of(
      chainOf(
        () => 1,
        () => 5,
        grown,
      ),
    ),
    [1, 5, 10, 20],
  );
  const walk = backoff({ baseMs: 10, maxMs: 50, jitter: "decorrelated" });
  for (const ms of of(sumOf(walk, walk))) assert.ok(ms >= 20 && ms <= 100, `${ms}`);
});

test("in a pipeline they decide what is repeated and when", async () => {
  const clock = simClock();
  const calls: number[] = [];
  const work = pipeline({
    name: "prices",
    clock,
    retry: {
      retries: 5,
      when: anyOf(ofCode("EPIPE"), ofType(RangeError)),
      backoff: chainOf(
        () => 10,
        () => 70,
      ),
    },
  });
  const failures = [coded("EPIPE"), new RangeError(), new TypeError("a bug")];
  const run = work.run(async () => {
    calls.push(clock.now());
    throw failures[calls.length - 1];
  });
  const ended = assert.rejects(run, /a bug/);
  await clock.advance(200);
  await ended;
  const [from = 0] = calls;
  assert.deepEqual(
    calls.map((at) => at - from),
    [0, 10, 80],
  );
});

test("nothing to put together is refused", () => {
  for (const make of [anyOf, allOf, ofType, ofCode, sumOf, chainOf]) {
    assert.throws(() => make(), { code: "OPTION_INVALID" });
  }
});
