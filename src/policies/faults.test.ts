// The faults of the article's retry and circuit breaker: each shown in an imitation, and absent here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { onlyOursHolds } from "../../test/support/fault.ts";
import type { Clock } from "../kernel/clock.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import { pipeline, reasonOf } from "./index.ts";

type Work<T> = () => Promise<T>;

interface Guard {
  readonly state: "closed" | "open" | "half-open";
  call<T>(work: Work<T>): Promise<T>;
}

const threshold = 5;
const recoveryMs = 30_000;

/** The CircuitBreaker of the article, word by word in another language; its time is the wall's. */
class ArticleBreaker implements Guard {
  state: Guard["state"] = "closed";
  #failures = 0;
  #lastFailureTime = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async call<T>(work: Work<T>): Promise<T> {
    if (this.state === "open") {
      if (this.#clock.wall() - this.#lastFailureTime <= recoveryMs) throw new Error("it is open");
      this.state = "half-open";
    }
    try {
      const result = await work();
      if (this.state === "half-open") {
        this.state = "closed";
        this.#failures = 0;
      }
      return result;
    } catch (error) {
      this.#failures += 1;
      this.#lastFailureTime = this.#clock.wall();
      if (this.state === "half-open" || this.#failures >= threshold) this.state = "open";
      throw error;
    }
  }
}

function ourBreaker(clock: Clock): Guard {
  const window = { kind: "consecutive", calls: threshold } as const;
  const api = pipeline({ name: "t", clock, breaker: { window, openMs: recoveryMs, probes: 1 } });
  return {
    get state() {
      return api.breaker.state;
    },
    call: (work) => api.run(work),
  };
}

interface Scene {
  readonly guard: Guard;
  readonly clock: SimClock;
  /** Sets the clock on the wall, as an operator or a time server does. */
  turn(ms: number): void;
}

function scene(make: (clock: Clock) => Guard): () => Scene {
  return () => {
    const clock = simClock();
    let turnedMs = 0;
    const guard = make({ ...clock, wall: () => clock.wall() + turnedMs });
    const turn = (ms: number): void => {
      turnedMs += ms;
    };
    return { guard, clock, turn };
  };
}

const both = {
  imitation: scene((clock) => new ArticleBreaker(clock)),
  ours: scene(ourBreaker),
};

const fails = async (): Promise<never> => {
  throw new TypeError("bad");
};
const works = async (): Promise<string> => "ok";
const quietly = (call: Promise<unknown>): Promise<unknown> => call.catch((error) => error);

async function broken({ guard }: Scene): Promise<void> {
  for (let n = 0; n < threshold; n++) await quietly(guard.call(fails));
  assert.equal(guard.state, "open");
}

test("fault: breaker never resets its failure count on success while closed", async () => {
  const shows = /opened by failures that lie an hour of good calls apart/;
  await onlyOursHolds({ ...both, shows }, async ({ guard, clock }) => {
    for (let hour = 0; hour < 2 * threshold; hour++) {
      await quietly(guard.call(fails));
      assert.equal(
        guard.state,
        "closed",
        "opened by failures that lie an hour of good calls apart",
      );
      for (let n = 0; n < 60; n++) {
        await clock.advance(60_000);
        await quietly(guard.call(works));
      }
    }
  });
});

test("fault: breaker lets any number of callers through half-open", async () => {
  const shows = /1000 callers reach a service that is hardly up/;
  await onlyOursHolds({ ...both, shows }, async (of) => {
    await broken(of);
    await of.clock.advance(recoveryMs + 1);
    let reached = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = (): Promise<void> => {
      reached += 1;
      return promise;
    };
    const calls = Array.from({ length: 1_000 }, () => quietly(of.guard.call(slow)));
    await of.clock.advance(0);
    assert.equal(of.guard.state, "half-open");
    assert.equal(reached, 1, `${reached} callers reach a service that is hardly up`);
    resolve();
    await Promise.all(calls);
    assert.equal(of.guard.state, "closed");
  });
});

test("fault: breaker uses the wall clock", async () => {
  const back = { ...both, shows: /still closed to all when its time is long over/ };
  await onlyOursHolds(back, async (of) => {
    await broken(of);
    of.turn(-3_600_000);
    await of.clock.advance(2 * recoveryMs);
    const found = await quietly(of.guard.call(works));
    assert.equal(found, "ok", "still closed to all when its time is long over");
  });
  const forth = { ...both, shows: /let through the moment it opened/ };
  await onlyOursHolds(forth, async (of) => {
    await broken(of);
    of.turn(3_600_000);
    const found = await quietly(of.guard.call(works));
    assert.notEqual(found, "ok", "let through the moment it opened");
  });
});

/** Threads there, overlapping calls here: the state is changed under the feet of a call. */
test("fault: breaker is not thread safe", async () => {
  const closing = { ...both, shows: /closed by a call from before it broke/ };
  await onlyOursHolds(closing, async (of) => {
    const early = Promise.withResolvers<string>();
    const probe = Promise.withResolvers<string>();
    const calls = [quietly(of.guard.call(() => early.promise))];
    await broken(of);
    await of.clock.advance(recoveryMs + 1);
    calls.push(quietly(of.guard.call(() => probe.promise)));
    early.resolve("late");
    await of.clock.advance(0);
    assert.equal(of.guard.state, "half-open", "closed by a call from before it broke");
    probe.reject(new Error("not yet well"));
    await Promise.all(calls);
    assert.equal(of.guard.state, "open");
  });
  const opening = { ...both, shows: /opened by calls from before it was well/ };
  await onlyOursHolds(opening, async (of) => {
    const late = Promise.withResolvers<string>();
    const calls = Array.from({ length: threshold }, () =>
      quietly(of.guard.call(() => late.promise)),
    );
    await broken(of);
    await of.clock.advance(recoveryMs + 1);
    await of.guard.call(works);
    assert.equal(of.guard.state, "closed");
    late.reject(new Error("from before"));
    await Promise.all(calls);
    assert.equal(of.guard.state, "closed", "opened by calls from before it was well");
  });
});

type Retrying = (work: Work<string>) => Promise<string>;

test("fault: retry_if_exception_type is never imported", async () => {
  // The decorator is made when the module is loaded: nothing of it can be used.
  const original = (): Retrying => {
    // @ts-expect-error here the compiler sees that there is no such name
    const when: (error: unknown) => boolean = retryIfExceptionType(TypeError);
    return async (work) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await work();
        } catch (error) {
          if (attempt === 3 || !when(error)) throw error;
        }
      }
    };
  };
  const ours = (): Retrying => {
    const when = (error: unknown): boolean => error instanceof TypeError;
    const api = pipeline({ name: "t", retry: { retries: 2, backoff: 0, when } });
    return (work) => api.run(work);
  };
  const shows = /retryIfExceptionType is not defined/;
  await onlyOursHolds({ imitation: () => original, ours: () => ours, shows }, async (make) => {
    const outcome = async (error: Error): Promise<string> => {
      let calls = 0;
      const work = async (): Promise<string> => {
        if (++calls < 3) throw error;
        return `ok after ${calls}`;
      };
      return (async () => make()(work))().catch((thrown) => `${thrown}`);
    };
    assert.equal(await outcome(new TypeError("bad")), "ok after 3");
    assert.equal(await outcome(new RangeError("other")), "RangeError: other");
  });
});

test("fault: CircuitBreakerError is never defined", async () => {
  class Undefined extends ArticleBreaker {
    override async call<T>(work: Work<T>): Promise<T> {
      // @ts-expect-error here the compiler sees that there is no such name
      if (this.state === "open") throw new CircuitBreakerError("circuit breaker is open");
      return super.call(work);
    }
  }
  const imitation = scene((clock) => new Undefined(clock));
  const shows = /CircuitBreakerError is not defined/;
  await onlyOursHolds({ imitation, ours: both.ours, shows }, async (of) => {
    await broken(of);
    const error = await quietly(of.guard.call(works));
    assert.match(String(error), /breaker.* is open/);
  });
  const ours = both.ours();
  await broken(ours);
  assert.equal(reasonOf(await quietly(ours.guard.call(works))), "open");
});
