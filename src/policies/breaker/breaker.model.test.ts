// Plays random calls, waits and hands against the breaker and a naive model of it, step for step.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { compose, type Pipeline } from "../compose.ts";
import { type Breaker, breaker } from "./breaker.ts";
import type { BreakerOptions } from "./breaker-options.ts";

const bad = new Error("bad");
const ignored = new Error("ignored");

type Result = "ok" | "bad" | "ignored";

/** Written to be read, not to be fast: the window is a list of all results. */
class Model {
  state: "closed" | "open" | "half-open" = "closed";
  epoch = 0;
  private results: { bad: boolean; slot: number }[] = [];
  private origin: number | undefined;
  private openUntil = 0;
  private lastProbe = 0;
  private out = 0;
  private done: boolean[] = [];
  private readonly rules: BreakerOptions & { openMs: number; probes: number };

  constructor(rules: BreakerOptions & { openMs: number; probes: number }) {
    this.rules = rules;
  }

  /** The epoch the call starts in; undefined when it is refused. */
  enter(now: number): number | undefined {
    if (this.state === "open") {
      if (now < this.openUntil) return undefined;
      this.state = "half-open";
      this.epoch += 1;
      this.out = 0;
      this.done = [];
    }
    if (this.state === "half-open") {
      if (this.out + this.done.length >= this.rules.probes) {
        if (now - this.lastProbe < this.rules.openMs) return undefined;
        this.out = 0;
      }
      this.out += 1;
      this.lastProbe = now;
    }
    return this.epoch;
  }

  exit(epoch: number, result: Result, now: number): void {
    if (epoch !== this.epoch) return;
    if (this.state === "half-open") {
      this.out = Math.max(0, this.out - 1);
      if (result === "ignored") return;
      this.done.push(result === "bad");
      const share = this.done.filter((failed) => failed).length / this.rules.probes;
      if (share >= (this.rules.failureRate ?? 0)) this.open(now);
      else if (this.done.length >= this.rules.probes) this.close();
      return;
    }
    if (result === "ignored") return;
    this.results.push({ bad: result === "bad", slot: this.slot(now, true) });
    const recent = this.recent(now);
    const failed = recent.filter((one) => one.bad).length;
    if (failed === 0 || recent.length < (this.rules.minimumCalls ?? 0)) return;
    if (failed / recent.length >= (this.rules.failureRate ?? 0)) this.open(now);
  }

  recent(now: number): readonly { bad: boolean }[] {
    const { window } = this.rules;
    if (window?.kind === "count") return this.results.slice(-window.calls);
    if (window?.kind === "consecutive") {
      return this.results.slice(this.results.findLastIndex((one) => !one.bad) + 1);
    }
    const slot = this.slot(now, false);
    return this.results.filter((one) => slot - one.slot < 10);
  }

  close(): void {
    this.state = "closed";
    this.epoch += 1;
    this.results = [];
  }

  /** Tenths are counted from the first time that anybody looked at the window. */
  private slot(now: number, _record: boolean): number {
    const { window } = this.rules;
    const slotMs = (window?.kind === "time" ? window.ms : 1) / 10;
    this.origin ??= now;
    return Math.floor((now - this.origin) / slotMs);
  }

  private open(now: number): void {
    this.state = "open";
    this.epoch += 1;
    this.openUntil = now + this.rules.openMs;
    this.results = [];
  }
}

interface Running {
  readonly epoch: number;
  readonly end: (result: Result) => void;
}

interface Real {
  readonly clock: SimClock;
  readonly breaker: Breaker;
  readonly api: Pipeline;
}

interface World {
  readonly model: Model;
  readonly running: Running[];
  now: number;
}

let steps = 0;

function same(world: World, real: Real): void {
  steps += 1;
  assert.equal(real.breaker.state, world.model.state);
  if (world.model.state !== "closed") return;
  const recent = world.model.recent(world.now);
  const { total, failed } = real.breaker.recent;
  assert.deepEqual(
    { total, failed },
    { total: recent.length, failed: recent.filter((one) => one.bad).length },
  );
}

/** One turn of the microtask queue is enough: nothing here waits for time. */
async function begin(world: World, real: Real): Promise<Running | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const epoch = world.model.enter(world.now);
  let started = false;
  const outcome = real.api.tryRun(() => {
    started = true;
    return promise;
  });
  assert.equal(started, epoch !== undefined);
  if (epoch === undefined) {
    const refused = await outcome;
    assert.ok(!refused.ok && refused.rejected === "open");
    return undefined;
  }
  const end = (result: Result): void => {
    if (result === "ok") resolve("ok");
    else reject(result === "bad" ? bad : ignored);
  };
  return { epoch, end };
}

async function finish(one: Running, result: Result, world: World): Promise<void> {
  one.end(result);
  await null;
  await null;
  world.model.exit(one.epoch, result, world.now);
}

type Step = fc.AsyncCommand<World, Real>;

function command(name: string, run: (world: World, real: Real) => Promise<void>): Step {
  return {
    check: () => true,
    run: async (world, real) => {
      await run(world, real);
      same(world, real);
    },
    toString: () => name,
  };
}

const results = fc.constantFrom<Result>("ok", "ok", "bad", "bad", "ignored");

const commands: fc.Arbitrary<Step>[] = [
  results.map((result) =>
    command(`call ${result}`, async (world, real) => {
      const one = await begin(world, real);
      if (one) await finish(one, result, world);
    }),
  ),
  fc.constant(
    command("begin", async (world, real) => {
      const one = await begin(world, real);
      if (one && world.running.length < 50) world.running.push(one);
    }),
  ),
  fc.tuple(fc.nat(49), results).map(([at, result]) =>
    command(`end ${at} ${result}`, async (world) => {
      const [one] = world.running.splice(at % Math.max(1, world.running.length), 1);
      if (one) await finish(one, result, world);
    }),
  ),
  fc.constantFrom(1, 9, 10, 37, 100, 250, 1_000).map((ms) =>
    command(`wait ${ms}`, async (world, real) => {
      world.now += ms;
      await real.clock.advance(ms);
    }),
  ),
  fc.nat(30).map((n) =>
    command(`reset ${n}`, async (world, real) => {
      if (n > 0) return;
      real.breaker.reset();
      world.model.close();
    }),
  ),
];

const rules = {
  count: { window: { kind: "count", calls: 8 }, minimumCalls: 4 },
  time: { window: { kind: "time", ms: 500 }, minimumCalls: 4 },
  consecutive: { window: { kind: "consecutive", calls: 3 }, minimumCalls: 3 },
} as const;

for (const [kind, given] of Object.entries(rules)) {
  test(`a breaker with a ${kind} window does what the model does, 34,000 steps`, async () => {
    steps = 0;
    const common = { openMs: 300, probes: 3, failureRate: kind === "consecutive" ? 1 : 0.5 };
    const setup = () => {
      const clock = simClock();
      const options = { ...given, ...common, when: (error: unknown) => error === bad, clock };
      const circuit = breaker(options);
      const model = new Model({ ...given, ...common });
      const api = compose({ name: "t", clock }, circuit);
      circuit.recent;
      model.recent(0);
      const world: World = { model, running: [], now: 0 };
      return { model: world, real: { clock, breaker: circuit, api } };
    };
    const plays = fc.commands(commands, { maxCommands: 2_000, size: "max" });
    await fc.assert(
      fc.asyncProperty(plays, (play) => fc.asyncModelRun(setup, play)),
      { numRuns: 40, seed: 5, endOnFailure: true },
    );
    assert.ok(steps >= 34_000, `${steps} steps`);
  });
}
