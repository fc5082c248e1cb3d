// A seeded world of one server with a queue: what adaptive limits get through in time, against fixed ones.
import type { Clock } from "../../src/kernel/clock.ts";
import type { Random } from "../../src/kernel/random.ts";
import {
  type ConcurrencyLimit,
  concurrencyLimit,
} from "../../src/policies/adaptive/concurrency.ts";
import { newCounters } from "../../src/policies/counters.ts";
import { Rejection } from "../../src/policies/rejection.ts";
import type { Call } from "../../src/policies/strategy.ts";
import { seeded } from "../../src/testing/seeded.ts";

/** What the server and its callers are like until a moment. */
interface Phase {
  readonly untilMs: number;
  /** Calls that the server works on at once; the rest waits in its queue, first in first out. */
  readonly workers: number;
  /** Mean time that a worker is busy with a call. */
  readonly serviceMs: number;
  /** Calls wanted, as a multiple of what the server could do in the first phase. */
  readonly load: number;
}

export interface Scenario {
  readonly name: string;
  /** An answer is good when it comes within this. */
  readonly deadlineMs: number;
  /** Callers never give up, they only find the answer late; else they time out at the deadline. */
  readonly patient?: boolean;
  /** How service times are spread; default exponential. */
  readonly heavyTail?: boolean;
  /** By how much of itself a service takes longer for each call a worker that waits. Default 0. */
  readonly thrash?: number;
  readonly phases: readonly Phase[];
}

type Step = Omit<Phase, "untilMs">;

const at = (load: number, workers = 20, serviceMs = 50): Step => ({ load, workers, serviceMs });

/** Equal parts of `ms`, one for each step. */
function scenario(
  name: string,
  deadlineMs: number,
  ms: number,
  steps: readonly Step[],
  more: Partial<Scenario> = {},
): Scenario {
  const untilMs = (i: number): number => (ms * (i + 1)) / steps.length;
  const phases = steps.map((step, i) => ({ ...step, untilMs: untilMs(i) }));
  return { name, deadlineMs, phases, ...more };
}

/** One set of defaults is held against all of them. */
export const scenarios: readonly Scenario[] = [
  scenario("half the load", 250, 20_000, [at(0.5)]),
  scenario("twice the load", 250, 20_000, [at(2)]),
  scenario("a wave: 0.5, 2, 0.8", 250, 30_000, [at(0.5), at(2), at(0.8)]),
  scenario("12 of 20 workers lost and found", 250, 30_000, [at(1.5), at(1.5, 8), at(1.5)]),
  scenario("calls begin to take twice as long", 500, 30_000, [at(0.7), at(0.7, 20, 100)]),
  scenario("an outage", 250, 30_000, [at(0.8), at(0.8, 0), at(0.8)]),
  scenario("1 worker", 100, 20_000, [at(2, 1, 20)]),
  scenario("100 workers", 250, 20_000, [at(1.5, 100)]),
  scenario("calls of 2 s", 10_000, 600_000, [at(1.5, 10, 2_000)]),
  scenario("a heavy tail", 400, 20_000, [at(1.5)], { heavyTail: true }),
  scenario("a tight deadline", 150, 20_000, [at(1.5)]),
  scenario("slower the more wait", 250, 20_000, [at(1.5)], { thrash: 0.5 }),
  scenario("callers without a timeout", 250, 60_000, [at(2)], { patient: true }),
];

/** As much of a call as the hooks of a limit without a queue look at. */
type Seen = Omit<Call, "attempt" | "resume" | "again" | "settle" | "fork" | "follow" | "stop">;

class SimCall implements Seen {
  readonly slots: unknown[] = [undefined];
  readonly key: undefined;
  readonly priority: undefined;
  readonly pipeline = "overload";
  readonly counters: Call["counters"] = counters;
  readonly repeats = 0;
  running = 1;
  readonly unwinding = false;
  readonly cancelled = false;
  over = false;
  readonly beganAt: number;
  /** While a worker is busy with it. */
  endsAt = 0;

  constructor(now: number) {
    this.beganAt = now;
  }
}

const counters = newCounters();

/** Puts a call among those that workers are busy with; the one that ends next stays last. */
function insert(busy: SimCall[], call: SimCall): void {
  let at = busy.length;
  for (; at > 0; at--) {
    const later = busy[at - 1];
    if (!later || later.endsAt >= call.endsAt) break;
    busy[at] = later;
  }
  busy[at] = call;
}

interface SeenLimit {
  enter(call: Seen, level: number): unknown;
  exit(call: Seen, level: number, ok: boolean, value: unknown): unknown;
  late(call: Seen, level: number): void;
}

type MakeLimit = (clock: Clock, random: Random) => ConcurrencyLimit;

/** Calls the hooks of the limit as the driver would, without promises. */
class World {
  good = 0;
  #now = 0;
  readonly #scenario: Scenario;
  readonly #limit: SeenLimit;
  readonly #services: Random;
  readonly #busy: SimCall[] = [];
  /** All that the limit let through, in order. */
  readonly #begun: SimCall[] = [];
  #nextQueued = 0;
  #nextTimeout = 0;

  constructor(scenario: Scenario, seed: number, makeLimit: MakeLimit) {
    const now = (): number => this.#now;
    const clock = { now, wall: now, sleep: () => new Promise<void>(() => {}) };
    this.#scenario = scenario;
    this.#services = seeded(seed + 1_000);
    // Without a queue it looks at no more of a call than is there.
    this.#limit = makeLimit(clock, seeded(seed + 2_000)) as unknown as SeenLimit;
  }

  /** Until the end of the phase. */
  play(phase: Phase, betweenMs: number, arrivals: Random): void {
    const { deadlineMs, patient } = this.#scenario;
    let arrivalAt = this.#now + betweenMs * exponential(arrivals);
    for (;;) {
      this.#serve(phase);
      const oldest = patient ? undefined : this.#begun[this.#nextTimeout];
      const timeoutAt = oldest ? oldest.beganAt + deadlineMs : never;
      const endAt = this.#busy.at(-1)?.endsAt ?? never;
      this.#now = Math.min(arrivalAt, endAt, timeoutAt, phase.untilMs);
      if (this.#now === phase.untilMs) return;
      if (this.#now === arrivalAt) {
        const call = new SimCall(this.#now);
        if (this.#limit.enter(call, 0) === undefined) this.#begun.push(call);
        arrivalAt += betweenMs * exponential(arrivals);
      } else if (oldest && this.#now === timeoutAt) {
        this.#nextTimeout += 1;
        if (!oldest.over) this.#limit.exit(oldest, 0, false, timedOut);
        oldest.over = true;
      } else this.#finish(this.#busy.pop());
    }
  }

  #serve({ workers, serviceMs }: Phase): void {
    const { heavyTail, thrash = 0 } = this.#scenario;
    for (; this.#busy.length < workers; this.#nextQueued++) {
      const call = this.#begun[this.#nextQueued];
      if (!call) return;
      const slowed = 1 + (thrash * (this.#begun.length - this.#nextQueued)) / workers;
      const spread = heavyTail ? logNormal(this.#services) : exponential(this.#services);
      call.endsAt = this.#now + serviceMs * slowed * spread;
      insert(this.#busy, call);
    }
  }

  #finish(call: SimCall | undefined): void {
    if (!call) return;
    call.running = 0;
    const { over, beganAt } = call;
    call.over = true;
    if (!over && this.#now - beganAt <= this.#scenario.deadlineMs) this.good += 1;
    if (over) this.#limit.late(call, 0);
    else this.#limit.exit(call, 0, true, undefined);
  }
}

/** Good answers of one run. */
export function play(scenario: Scenario, seed: number, makeLimit: MakeLimit): number {
  const [first] = scenario.phases;
  if (!first) return 0;
  const world = new World(scenario, seed, makeLimit);
  // A stream of its own: the same calls come whatever the limit does.
  const arrivals = seeded(seed);
  for (const phase of scenario.phases) {
    world.play(phase, first.serviceMs / first.workers / phase.load, arrivals);
  }
  return world.good;
}

const never = Number.POSITIVE_INFINITY;

const timedOut = new Rejection("timeout", "overload", () => new Error("timed out"));

function exponential(random: Random): number {
  return -Math.log(1 - random());
}

/** Mean 1, sigma 1: one call in a hundred takes six times the mean or more. */
function logNormal(random: Random): number {
  const normal = Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random());
  return Math.exp(normal - 0.5);
}

export type Algorithm = "gradient" | "vegas" | "aimd";

/** Good answers as a share of what the best fixed limit gets through. */
export interface Compared {
  readonly scenario: string;
  readonly bestFixed: number;
  readonly share: Readonly<Record<Algorithm | "unlimited", number>>;
}

/** Fixed limits that are tried, in calls for each worker. */
const sweep = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];

export function compare(scenario: Scenario, seed: number): Compared {
  const fixed = (limit: number): number =>
    play(scenario, seed, (clock) =>
      concurrencyLimit({ initial: limit, min: limit, max: limit, clock }),
    );
  const workers = scenario.phases[0]?.workers ?? 1;
  let [bestFixed, best] = [0, 0];
  for (const limit of new Set(sweep.map((factor) => Math.ceil(factor * workers)))) {
    const good = fixed(limit);
    if (good > best) [bestFixed, best] = [limit, good];
  }
  const share = (algorithm: Algorithm): number =>
    play(scenario, seed, (clock, random) => concurrencyLimit({ algorithm, clock, random })) / best;
  return {
    scenario: scenario.name,
    bestFixed,
    share: {
      gradient: share("gradient"),
      vegas: share("vegas"),
      aimd: share("aimd"),
      unlimited: fixed(1_000_000) / best,
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const compared = scenarios.flatMap((one) => [1, 2, 3].map((seed) => compare(one, seed)));
  console.log(JSON.stringify({ compared }));
}
