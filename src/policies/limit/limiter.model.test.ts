// Plays random calls, aborts, waits and stalls against the rate limiter and a naive model of it, step for step.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { compose, type Pipeline } from "../compose.ts";
import { type RateLimiter, rateLimiter } from "./rate-limiter.ts";

const intervalMs = 1_000;
const limit = 4;
const burst = 3;
const waitMs = 600;
const slackMs = 20;
const queue = 5;
const maxKeys = 2;

type Kind = "token-bucket" | "sliding-window";

/** A clock whose event loop can stand still: time goes on and no timer fires. */
interface StallClock extends SimClock {
  stalledMs: number;
}

function stallClock(): StallClock {
  const sim = simClock();
  const clock: StallClock = Object.create(sim);
  clock.stalledMs = 0;
  clock.now = () => sim.now() + clock.stalledMs;
  return clock;
}

type Result = "ok" | "gone" | "rate";

class One {
  readonly id: number;
  readonly caller: AbortController | undefined;
  readonly until: number;
  /** What the model says of it. */
  result: Result | undefined = undefined;
  begins: number | undefined = undefined;
  /** What the real call did. */
  told: Result | undefined = undefined;
  begun: number | undefined = undefined;
  constructor(id: number, now: number) {
    this.id = id;
    this.until = now + waitMs + slackMs;
    this.caller = id % 3 === 0 ? new AbortController() : undefined;
  }
}

/** Written to be read, not to be fast: knows when every single call began. */
class Gate {
  readonly begins: number[] = [];
  waiting: One[] = [];
  /** In the time of the timers, which stands still in a stall. */
  timerAt: number | undefined = undefined;
  readonly kind: Kind;
  constructor(kind: Kind) {
    this.kind = kind;
  }

  /** When the call behind these others may begin. */
  dueAt(now: number, ahead: number): number {
    const begins = [...this.begins];
    for (let i = 0; i <= ahead; i++) begins.push(Math.max(now, this.nextAt(begins)));
    return begins.at(-1) ?? now;
  }

  /** From all that began before, by the definition of each kind. */
  nextAt(begins: readonly number[]): number {
    if (this.kind === "sliding-window") return (begins.at(-limit) ?? -1e9) + intervalMs;
    const permitMs = intervalMs / limit;
    // In any t ms at most burst + t ÷ permitMs: so much later than each call that began.
    const bounds = begins.map((at, i) => at + (begins.length - i + 1 - burst) * permitMs);
    return Math.max(-1e9, ...bounds);
  }

  begin(one: One, now: number): void {
    this.begins.push(now);
    one.begins = now;
    one.result = "ok";
  }
}

class World {
  /** The order is that of use. */
  readonly keyed = new Map<string, Gate>();
  readonly gates = new Set<Gate>();
  readonly common: Gate;
  readonly kind: Kind;
  readonly perKey: boolean;
  calls: One[] = [];
  made = 0;
  constructor(kind: Kind, perKey: boolean) {
    this.kind = kind;
    this.perKey = perKey;
    this.common = this.fresh();
  }

  get waiting(): One[] {
    return [...this.gates].flatMap(({ waiting }) => waiting);
  }

  fresh(): Gate {
    const gate = new Gate(this.kind);
    this.gates.add(gate);
    return gate;
  }

  gateOf(key: string | undefined): Gate {
    if (!this.perKey || key === undefined) return this.common;
    const gate = this.keyed.get(key) ?? this.fresh();
    this.keyed.delete(key);
    this.keyed.set(key, gate);
    const [oldest] = this.keyed.keys();
    if (oldest !== undefined && this.keyed.size > maxKeys) this.keyed.delete(oldest);
    return gate;
  }

  arrive(one: One, key: string | undefined, clock: StallClock): void {
    const now = clock.now();
    const gate = this.gateOf(key);
    const dueAt = gate.dueAt(now, gate.waiting.length);
    this.calls.push(one);
    if (gate.waiting.length === 0 && dueAt <= now) gate.begin(one, now);
    else if (dueAt - now > waitMs || this.waiting.length >= queue) one.result = "rate";
    else {
      gate.waiting.push(one);
      gate.timerAt ??= now - clock.stalledMs + Math.max(1, dueAt - now);
    }
  }

  /** Lets the timers of the time up to `end` fire, soonest first. */
  advance(end: number, stalledMs: number): void {
    for (;;) {
      const due = [...this.gates].filter(({ timerAt }) => (timerAt ?? end + 1) <= end);
      const [gate] = due.toSorted((a, b) => (a.timerAt ?? 0) - (b.timerAt ?? 0));
      if (!gate) return;
      const at = gate.timerAt ?? 0;
      gate.timerAt = undefined;
      this.serve(gate, at, at + stalledMs);
    }
  }

  serve(gate: Gate, timer: number, now: number): void {
    for (let head = gate.waiting[0]; head; head = gate.waiting[0]) {
      const dueAt = gate.dueAt(now, 0);
      if (dueAt > now && dueAt <= head.until) {
        gate.timerAt = timer + Math.max(1, dueAt - now);
        return;
      }
      gate.waiting.shift();
      if (dueAt <= now) gate.begin(head, now);
      else head.result = "rate";
    }
  }

  abort(one: One): void {
    one.result = "gone";
    for (const gate of this.gates) {
      gate.waiting = gate.waiting.filter((other) => other !== one);
      if (gate.waiting.length === 0) gate.timerAt = undefined;
    }
  }
}

interface Real {
  readonly clock: StallClock;
  readonly limiter: RateLimiter;
  readonly api: Pipeline;
}

let steps = 0;

function same(world: World, { limiter, clock }: Real): void {
  steps += 1;
  const { waiting } = world;
  assert.equal(limiter.queued, waiting.length);
  // One timer for each head that waits, none for the others.
  const heads = [...world.gates].filter((gate) => gate.waiting.length > 0);
  assert.equal(clock.pending, heads.length);
  for (const { id, result, told, begins, begun } of world.calls) {
    if (result === told && begins === begun) continue;
    assert.fail(`call ${id}: ${told}, ${begun} where the model says ${result}, ${begins}`);
  }
  world.calls = waiting;
}

/** Never more in any interval than was promised, whatever the model thinks. */
function held(world: World): void {
  for (const { kind, begins } of world.gates) {
    for (const [i, at] of begins.entries()) {
      const within = begins.slice(i).filter((other) => other < at + intervalMs).length;
      assert.ok(within <= (kind === "sliding-window" ? limit : limit + burst), `${begins}`);
    }
  }
}

function arrive(world: World, { clock, api }: Real, key: string | undefined): void {
  const one = new One(world.made++, clock.now());
  const work = (): void => {
    assert.equal(one.begun, undefined, "a call begins once");
    one.begun = clock.now();
  };
  void api.tryRun(work, { key, signal: one.caller?.signal }).then((outcome) => {
    assert.equal(one.told, undefined, "a call has one result");
    one.told = outcome.ok ? "ok" : ((outcome.rejected ?? String(outcome.error)) as Result);
  });
  world.arrive(one, key, clock);
}

type Step = fc.AsyncCommand<World, Real>;

function command(name: string, run: (world: World, real: Real) => unknown): Step {
  return {
    check: () => true,
    run: async (world, real) => {
      await run(world, real);
      await null;
      await null;
      same(world, real);
    },
    toString: () => name,
  };
}

const arrivals = fc
  .constantFrom("a", "a", "b", "c", undefined)
  .map((key) => command(`call ${key}`, (world, real) => arrive(world, real, key)));

const commands: fc.Arbitrary<Step>[] = [
  arrivals,
  arrivals,
  arrivals,
  fc.nat(9).map((at) =>
    command(`abort ${at}`, (world) => {
      const waiting = world.waiting.filter(({ caller }) => caller);
      const one = waiting[at % Math.max(1, waiting.length)];
      one?.caller?.abort("gone");
      if (one) world.abort(one);
    }),
  ),
  fc.constantFrom(1, 50, 100, 250, 999).map((ms) =>
    command(`wait ${ms}`, async (world, { clock }) => {
      await clock.advance(ms);
      world.advance(clock.now() - clock.stalledMs, clock.stalledMs);
    }),
  ),
  fc.constantFrom(1, 30, 200).map((ms) =>
    command(`stall ${ms}`, (_world, { clock }) => {
      clock.stalledMs += ms;
    }),
  ),
];

const kinds = [
  { kind: "token-bucket", perKey: false },
  { kind: "sliding-window", perKey: false },
  { kind: "token-bucket", perKey: true },
  { kind: "sliding-window", perKey: true },
] as const;

for (const { kind, perKey } of kinds) {
  const keys = perKey ? " for each key" : "";
  test(`a ${kind}${keys} does what the model does, 22,000 steps`, async () => {
    steps = 0;
    const plays = fc.commands(commands, { maxCommands: 300, size: "max" });
    const play = fc.asyncProperty(plays, async (steps) => {
      const clock = stallClock();
      const more = kind === "token-bucket" ? { burst } : {};
      const options = { limit, intervalMs, kind, waitMs, queue, perKey, maxKeys, clock, ...more };
      const limiter = rateLimiter(options);
      const real: Real = { clock, limiter, api: compose({ name: "t", clock }, limiter) };
      const world = new World(kind, perKey);
      await fc.asyncModelRun(() => ({ model: world, real }), steps);
      held(world);
      await clock.advance(10_000);
      assert.deepEqual([limiter.queued, clock.pending], [0, 0]);
    });
    await fc.assert(play, { numRuns: 152, seed: 3, interruptAfterTimeLimit: 20_000 });
    assert.ok(steps >= 22_000, `${steps} steps`);
  });
}

interface Begun {
  readonly at: number;
  readonly timer: number;
  /** When the limiter must have put it down by. */
  latest: number;
}

/**
 * With hundreds of permits most are handed out without a look at the clock. Each is then put down at
 * the next tick: that may be too late by a tick and a stall within it, and never too early.
 */
async function playPlenty(kind: Kind, given: readonly (readonly [string, number])[]) {
  const clock = stallClock();
  const api = compose({ name: "t", clock }, rateLimiter({ limit: 100, intervalMs, kind, clock }));
  let begins: Begun[] = [];
  let tokens = 100;
  let at = 0;
  for (const [what, n] of given) {
    const now = clock.now();
    const timer = now - clock.stalledMs;
    if (what === "wait") await clock.advance(n);
    else if (what === "stall") {
      clock.stalledMs += 4 * n;
      for (const one of begins) if (timer - one.timer <= 10) one.latest += 4 * n;
    } else {
      begins = begins.filter(({ latest }) => latest > now - intervalMs);
      tokens = Math.min(100, tokens + (now - at) / 10);
      at = now;
      const before = begins.length;
      for (let i = 0; i < n; i++) {
        void api.tryRun(() => begins.push({ at: now, timer, latest: now + 11 }));
      }
      tokens -= begins.length - before;
      const recent = begins.filter((one) => one.at > now - intervalMs).length;
      if (kind === "token-bucket") assert.ok(tokens >= -1e-6, `${tokens} tokens`);
      else {
        assert.ok(recent <= 100, `${recent} in ${intervalMs} ms`);
        const refused = before + n > begins.length;
        assert.ok(!refused || begins.length >= 100, `refused after ${begins.length}`);
      }
    }
  }
}

for (const kind of ["token-bucket", "sliding-window"] as const) {
  test(`a ${kind} of many permits lets no more begin than it says, 6,000 steps`, async () => {
    let played = 0;
    const step = fc.tuple(fc.constantFrom("call", "wait", "stall"), fc.nat(60));
    const plays = fc.array(step, { maxLength: 120, size: "max" });
    const play = fc.asyncProperty(plays, async (steps) => {
      played += steps.length;
      await playPlenty(kind, steps);
    });
    await fc.assert(play, { numRuns: 120, seed: 3, interruptAfterTimeLimit: 20_000 });
    assert.ok(played >= 6_000, `${played} steps`);
  });
}
