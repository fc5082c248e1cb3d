// Plays random calls, ends, aborts and waits against the bulkhead and a naive model of it, step for step.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { compose, type Pipeline } from "../compose.ts";
import { retry } from "../retry/retry.ts";
import { timeout } from "../strategies/timeout.ts";
import { type Bulkhead, bulkhead } from "./bulkhead.ts";

const concurrent = 3;
const queue = 4;
const slackMs = 20;

/** `cut`: the caller has its answer, the work still runs. */
type State = "waiting" | "running" | "cut" | "over";

type Result = "ok" | "bad" | "gone" | "timeout" | "bulkhead";

/** A promise for those who are in a hurry: thousands of real ones cost seconds in a test. */
class Work implements PromiseLike<void> {
  #heard: ((() => unknown) | null | undefined)[] = [];
  // biome-ignore lint/suspicious/noThenProperty: the driver takes whatever has one.
  then(done?: (() => unknown) | null, failed?: ((error: unknown) => unknown) | null): never {
    this.#heard = [done, failed && (() => failed("bad"))];
    return undefined as never;
  }
  end(ok: boolean): void {
    const heard = this.#heard;
    this.#heard = [];
    heard[ok ? 0 : 1]?.();
  }
}

class One {
  /** What the model says of it. */
  state: State = "waiting";
  begins = 0;
  result: Result | undefined = undefined;
  /** What the real call did. */
  begun = 0;
  told: Result | undefined = undefined;
  readonly caller: AbortController | undefined;
  readonly work: Work = new Work();
  readonly id: number;
  readonly at: number;
  readonly priority: number;
  readonly ends: "at once" | "later";
  constructor(id: number, at: number, priority: number, ends: One["ends"]) {
    this.id = id;
    this.at = at;
    this.priority = priority;
    this.ends = ends;
    this.caller = id % 3 === 0 ? new AbortController() : undefined;
  }

  /** The caller has this answer. */
  answer(result: Result, state: State = "over"): void {
    this.result = result;
    this.state = state;
  }
}

interface Limits {
  readonly waitMs: number;
  readonly callMs: number;
}

/** Written to be read, not to be fast: one list of all calls. */
class World {
  readonly calls: One[] = [];
  /** In the order in which the model lets them begin. */
  readonly order: number[] = [];
  readonly limits: Limits;
  made = 0;
  constructor(limits: Limits) {
    this.limits = limits;
  }

  all(...states: readonly State[]): One[] {
    return this.calls.filter(({ state }) => states.includes(state));
  }

  get places(): number {
    return this.all("running", "cut").length;
  }

  arrive(one: One): void {
    const waiting = this.all("waiting");
    this.calls.push(one);
    if (this.places < concurrent && waiting.length === 0) this.begin(one);
    else if (waiting.length >= queue) {
      const worst = Math.max(...waiting.map(({ priority }) => priority));
      const last = waiting.findLast(({ priority }) => priority === worst);
      (last && worst > one.priority ? last : one).answer("bulkhead");
    }
  }

  begin(one: One): void {
    this.order.push(one.id);
    one.begins += 1;
    one.state = "running";
    if (one.ends === "at once") one.answer("ok");
  }

  /** Lets in whom there is a place for. */
  next(): void {
    while (this.places < concurrent) {
      const waiting = this.all("waiting");
      const best = Math.min(...waiting.map(({ priority }) => priority));
      const head = waiting.find(({ priority }) => priority === best);
      if (!head) return;
      this.begin(head);
    }
  }

  /** Time-outs are no step of the model: it checks that each came in its time. */
  expire(now: number): void {
    const { waitMs, callMs } = this.limits;
    for (const one of this.all("waiting", "running")) {
      const waits = one.state === "waiting";
      const limitMs = waits ? Math.min(waitMs, callMs) : callMs;
      const ageMs = now - one.at;
      const what = `call ${one.id}, ${one.state} for ${ageMs} ms`;
      if (one.told === undefined) assert.ok(ageMs <= limitMs + slackMs, what);
      else {
        assert.ok(ageMs >= limitMs, what);
        one.answer(waits && waitMs < callMs ? "bulkhead" : "timeout", waits ? "over" : "cut");
      }
    }
  }

  /** What is over is of no more interest. */
  forget(): void {
    const over = this.calls.findIndex(({ state }) => state === "over");
    if (over < 0) return;
    this.calls.splice(over, 1);
    this.forget();
  }
}

interface Real {
  readonly clock: SimClock;
  readonly hull: Bulkhead;
  readonly api: Pipeline;
  readonly order: number[];
}

let steps = 0;

/** Work's ends are heard at once, so that only a call's own promise is to wait for. */
async function settled(): Promise<void> {
  await null;
  await null;
}

function same(world: World, real: Real): void {
  steps += 1;
  assert.equal(real.hull.running, world.places);
  assert.ok(world.places <= concurrent);
  assert.equal(real.hull.queued, world.all("waiting").length);
  assert.equal(`${real.order}`, `${world.order}`);
  for (const { id, begins, begun, result, told } of world.calls) {
    if (begun === begins && told === result) continue;
    assert.fail(`call ${id}: ${begun}, ${told} where the model says ${begins}, ${result}`);
  }
  world.forget();
  world.order.length = 0;
  real.order.length = 0;
}

function arrive(world: World, real: Real, priority: number, ends: One["ends"]): void {
  const one = new One(world.made++, real.clock.now(), priority, ends);
  const work = (): unknown => {
    one.begun += 1;
    real.order.push(one.id);
    return ends === "later" ? one.work : undefined;
  };
  void real.api.tryRun(work, { priority, signal: one.caller?.signal }).then((outcome) => {
    assert.equal(one.told, undefined, "a call has one result");
    one.told = outcome.ok ? "ok" : ((outcome.rejected ?? String(outcome.error)) as Result);
  });
  world.arrive(one);
}

function abort(one: One): void {
  one.caller?.abort("gone");
  one.answer("gone", one.state === "waiting" ? "over" : "cut");
}

function end(one: One, ok: boolean): void {
  one.work.end(ok);
  // A result that comes late is nobody's.
  one.answer(one.result ?? (ok ? "ok" : "bad"));
}

type Step = fc.AsyncCommand<World, Real>;

function command(name: string, run: (world: World, real: Real) => unknown): Step {
  return {
    check: () => true,
    run: async (world, real) => {
      await run(world, real);
      await settled();
      world.next();
      same(world, real);
    },
    toString: () => name,
  };
}

function pick(from: readonly One[], at: number): One | undefined {
  return from[at % Math.max(1, from.length)];
}

const priorities = fc.constantFrom(0, 1, 1, 1, 2, 7);
const endings = fc.constantFrom<One["ends"]>("later", "later", "later", "at once");

const arrivals = fc
  .tuple(priorities, endings)
  .map(([priority, ends]) =>
    command(`call ${priority} ${ends}`, (world, real) => arrive(world, real, priority, ends)),
  );

const commands: fc.Arbitrary<Step>[] = [
  arrivals,
  arrivals,
  fc.tuple(fc.nat(9), fc.boolean()).map(([at, ok]) =>
    command(`end ${at} ${ok}`, (world) => {
      const one = pick(world.all("running", "cut"), at);
      if (one) end(one, ok);
    }),
  ),
  fc.nat(9).map((at) =>
    command(`abort ${at}`, (world) => {
      const one = pick(
        world.all("waiting", "running").filter(({ caller }) => caller),
        at,
      );
      if (one) abort(one);
    }),
  ),
  fc.constantFrom(1, 7, 20, 45).map((ms) =>
    command(`wait ${ms}`, async (world, real) => {
      await real.clock.advance(ms);
      world.expire(real.clock.now());
    }),
  ),
];

async function finish(world: World, { clock, hull }: Real): Promise<void> {
  while (hull.running > 0) for (const one of world.calls) one.work.end(true);
  await clock.advance(1_000);
  for (const { told } of world.calls) assert.ok(told);
  assert.deepEqual([hull.running, hull.queued, clock.pending], [0, 0, 0]);
}

const kinds: readonly Limits[] = [
  { waitMs: 25, callMs: 60 },
  { waitMs: Number.POSITIVE_INFINITY, callMs: 40 },
];

for (const limits of kinds) {
  test(`a bulkhead that waits ${limits.waitMs} ms does what the model does, 40,000 steps`, async () => {
    steps = 0;
    const plays = fc.commands(commands, { maxCommands: 1_000, size: "max" });
    const play = fc.asyncProperty(plays, async (steps) => {
      const clock = simClock();
      const hull = bulkhead({ concurrent, queue, waitMs: limits.waitMs, clock });
      const api = compose({ name: "t", clock }, timeout({ ms: limits.callMs, clock }), hull);
      const world = new World(limits);
      const real: Real = { clock, hull, api, order: [] };
      await fc.asyncModelRun(() => ({ model: world, real }), steps);
      await finish(world, real);
    });
    await fc.assert(play, { numRuns: 86, seed: 7, interruptAfterTimeLimit: 20_000 });
    assert.ok(steps >= 40_000, `${steps} steps`);
  });
}

/** Repeats stand outside and attempts are cut inside: a call then has several places. */
test("with repeats and cut attempts each run of work has a place, 20,000 steps", async () => {
  let played = 0;
  const step = fc.tuple(fc.constantFrom("call", "call", "end", "wait"), fc.nat(40));
  const plays = fc.array(step, { maxLength: 1_000, size: "max" });
  const play = fc.asyncProperty(plays, async (steps) => {
    const clock = simClock();
    const hull = bulkhead({ concurrent, queue, waitMs: 30, clock });
    const repeats = retry({ retries: 2, backoff: 0, budget: false, clock });
    const api = compose({ name: "t", clock }, repeats, hull, timeout({ ms: 25, clock }));
    const running: Work[] = [];
    const work = (): Work => {
      const one = new Work();
      running.push(one);
      return one;
    };
    let [calls, results] = [0, 0];
    for (const [what, n] of steps) {
      if (what === "call") {
        calls += 1;
        void api.tryRun(work).then(() => results++);
      } else if (what === "wait") await clock.advance(n);
      else for (const one of running.splice(n % Math.max(1, running.length), 1)) one.end(true);
      await settled();
      played += 1;
      assert.equal(hull.running, running.length);
      assert.ok(hull.running <= concurrent && hull.queued <= queue);
      assert.ok(hull.queued === 0 || hull.running === concurrent);
    }
    while (running.length > 0) {
      running.pop()?.end(true);
      await clock.advance(100);
    }
    assert.deepEqual([hull.running, hull.queued, calls - results, clock.pending], [0, 0, 0, 0]);
  });
  await fc.assert(play, { numRuns: 45, seed: 7, interruptAfterTimeLimit: 20_000 });
  assert.ok(played >= 20_000, `${played} steps`);
});
