// A leader leads for as long as it can prove it, does its work meanwhile, and goes in good order.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { HomeostatError } from "../../kernel/errors.ts";
import { createLog, type Entry } from "../../kernel/log.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { Told } from "../parts/bus.ts";
import { dependencyIn } from "../parts/dependency.ts";
import type { Stage } from "../parts/stopping.ts";
import { createLeader } from "./leader.ts";
import type { LeaderOptions, LeaderTold } from "./leader-options.ts";
import type { Lease } from "./lease.ts";
import { memoryLease } from "./memory-lease.ts";

/** 10 s, of which 8 s are believed in; a renewal each 3 s. */
const times = { ttlMs: 10_000, renewMs: 3_000 };

function rig(t: TestContext) {
  const clock = simClock();
  const lease = memoryLease("test", { clock });
  const network = { isUp: true, answers: true };
  const through = async <Value>(call: () => Promise<Value>): Promise<Value> => {
    if (!network.isUp) throw new Error("no route to the store");
    const value = await call();
    if (!network.answers) await new Promise<never>(() => {});
    return value;
  };
  const shaky: Lease = {
    name: "shaky",
    acquire: (...args) => through(() => lease.acquire(...args)),
    renew: (...args) => through(() => lease.renew(...args)),
    release: (...args) => through(() => lease.release(...args)),
  };
  const told: string[] = [];
  const logged: Entry[] = [];
  const died: unknown[] = [];
  const steps: { stage: Stage; work: () => unknown }[] = [];
  const given = (over: Partial<LeaderOptions> = {}): LeaderOptions => ({
    ...{ clock, random: seeded(1), lease: shaky, name: "shop", holder: "me", ...times },
    log: createLog({ level: "debug", wall: clock.wall, write: (entry) => void logged.push(entry) }),
    stopping: {
      die: (cause) => void died.push(cause),
      onStop: (_name, stage, work) => {
        steps.push({ stage, work });
        return { [Symbol.dispose]: () => {} };
      },
    },
    bus: {
      publish: (event: Told) => {
        const { token = "", why = "" } = event.data as LeaderTold;
        told.push(`${event.type} ${token} ${why}`.trim());
        throw new Error("a listener of a broken bus");
      },
      subscribe: () => ({ [Symbol.dispose]: () => {} }),
    },
    ...over,
  });
  const make = (over: Partial<LeaderOptions> = {}) => {
    const leader = createLeader(given(over));
    t.after(async () => {
      network.isUp = true;
      network.answers = true;
      const stopped = leader.stop();
      await clock.advance(20_000);
      await stopped;
    });
    return leader;
  };
  return { clock, lease, network, told, logged, died, steps, make };
}

const messages = (logged: readonly Entry[], level: string): readonly string[] =>
  logged.filter((entry) => entry.level === level).map(({ message }) => message);

/** Work that runs until it may not any more. */
function watching(log: string[]) {
  return async (signal: AbortSignal, token: number): Promise<void> => {
    log.push(`begins ${token}`);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    log.push(`ends ${token}`);
  };
}

test("it is elected, keeps its lease, and works until it surrenders; then another leads", async (t) => {
  const { clock, lease, told, make } = rig(t);
  const [mine, others]: [string[], string[]] = [[], []];
  const leader = make();
  const other = make({ holder: "other", random: seeded(2), lease });
  leader.whenLeader(watching(mine));
  other.whenLeader(watching(others));
  assert.deepEqual([leader.state, leader.isLeader, leader.token], ["idle", false, undefined]);
  leader.start();
  await clock.advance(1_000);
  other.start();
  await clock.advance(60_000);
  assert.deepEqual([leader.state, leader.isLeader, leader.token], ["leader", true, 1]);
  assert.deepEqual([other.state, other.token, others], ["follower", undefined, []]);
  assert.deepEqual(mine, ["begins 1"]);
  await leader.surrender(20_000);
  assert.deepEqual(mine, ["begins 1", "ends 1"]);
  await clock.advance(5_000);
  assert.deepEqual([leader.state, other.state, other.token], ["surrendered", "leader", 2]);
  await clock.advance(60_000);
  assert.deepEqual([leader.state, other.state, others], ["follower", "leader", ["begins 2"]]);
  assert.deepEqual(told, ["leader.elected 1", "leader.lost 1 surrendered", "leader.elected 2"]);
});

test("out of reach of the store it ends before the lease does, and comes back with a new token", async (t) => {
  const { clock, lease, network, told, died, make } = rig(t);
  const did: string[] = [];
  const leader = make();
  leader.whenLeader(watching(did));
  leader.start();
  await clock.advance(1_000);
  network.isUp = false;
  const [cutAtMs, never] = [clock.now(), new AbortController().signal];
  while (leader.isLeader) await clock.advance(50);
  assert.deepEqual(did, ["begins 1", "ends 1"]);
  assert.ok(clock.now() - cutAtMs <= 8_050, "believed in for 8 s at the most");
  const answer = await lease.acquire("probe", 1, never);
  assert.ok("heldBy" in answer && (answer.untilMs ?? 0) > 0, "the store still gives it to nobody");
  await clock.advance(20_000);
  assert.deepEqual([leader.state, died], ["isolated", []]);
  network.isUp = true;
  await clock.advance(3_000);
  assert.deepEqual([leader.state, leader.token], ["leader", 2]);
  const events = ["elected 1", "lost 1 unproven", "isolated", "elected 2"];
  assert.deepEqual(
    told,
    events.map((event) => `leader.${event}`),
  );
});

test("isolation for longer than the time to live can be the end of the app", async (t) => {
  const { clock, network, died, make } = rig(t);
  make({ onIsolated: "die" }).start();
  network.answers = false;
  await clock.advance(10_000);
  assert.deepEqual(died, []);
  await clock.advance(5_000);
  assert.equal(died.length, 1);
  assert.ok(dependencyIn(died[0]), "a fatal dependency: exit code 75, nobody is paged");
  assert.match(String(died[0]), /leader shop: shaky was not reached for over 10000 ms/);
});

test("a lease that the store gave to somebody else is over at the next renewal", async (t) => {
  const { clock, lease, told, make } = rig(t);
  const leader = make();
  leader.start();
  await clock.advance(1_000);
  await lease.release("me", 1);
  await lease.acquire("operator", 60_000, new AbortController().signal);
  await clock.advance(3_000);
  assert.equal(leader.state, "follower");
  assert.deepEqual(told, ["leader.elected 1", "leader.lost 1 taken"]);
});

test("a question that reaches the store late, by then leading, costs the lead but frees nothing", async (t) => {
  const { clock, lease, told, make } = rig(t);
  let asked = 0;
  const slow: Lease = {
    ...lease,
    acquire: async (holder, ttlMs) => {
      asked += 1;
      if (asked === 1) await clock.sleep(5_000);
      // It is on its way: that nobody waits for it any more does not stop it.
      return lease.acquire(holder, ttlMs, new AbortController().signal);
    },
  };
  const leader = make({ lease: slow });
  leader.start();
  await clock.advance(4_900);
  assert.equal(leader.token, 1);
  await clock.advance(1_000);
  const answer = await lease.acquire("other", 1_000, new AbortController().signal);
  assert.ok("heldBy" in answer && answer.heldBy === "me", "nobody else can have it meanwhile");
  await clock.advance(6_000);
  assert.deepEqual(told, ["leader.elected 1", "leader.lost 1 taken", "leader.elected 3"]);
});

test("an answer that comes too late makes no leader; after the stop the lease is given back", async (t) => {
  const { clock, lease, make } = rig(t);
  const late: Lease = {
    ...lease,
    acquire: async (...args) => {
      const answer = await lease.acquire(...args);
      await clock.sleep(3_500);
      return answer;
    },
  };
  const leader = make({ lease: late });
  leader.start();
  await clock.advance(4_500);
  assert.equal(leader.isLeader, false);
  await leader.stop();
  await clock.advance(4_000);
  assert.ok("token" in (await lease.acquire("next", 1_000, new AbortController().signal)));
});

test("the lease is given up after the work has ended; work that does not end lets it run out", async (t) => {
  const { clock, lease, logged, make } = rig(t);
  const leader = make({ endMs: 2_000 });
  const stubborn = leader.whenLeader(() => clock.sleep(4_000));
  leader.whenLeader(() => Promise.reject(new Error("broken work")));
  leader.start();
  await clock.advance(1_000);
  const surrendered = leader.surrender(1_000);
  assert.equal(leader.isLeader, false);
  await clock.advance(2_500);
  await surrendered;
  const held = await lease.acquire("next", 1_000, new AbortController().signal);
  assert.ok(!("token" in held), "it is not free while work goes on");
  assert.match(messages(logged, "warn").join(), /work did not end within 2000 ms/);
  assert.match(messages(logged, "error").join(), /work of the leader ended: broken work/);
  stubborn[Symbol.dispose]();
  await clock.advance(2_000);
  assert.equal(leader.token, 2, "who has the lease still gets it again");
});

test("work never overlaps itself: the next leadership waits for the end of the last one's", async (t) => {
  const { clock, make } = rig(t);
  const leader = make({ endMs: 10 });
  let [running, most, begun] = [0, 0, 0];
  leader.whenLeader(async () => {
    running += 1;
    begun += 1;
    most = Math.max(most, running);
    await clock.sleep(7_000);
    running -= 1;
  });
  leader.start();
  for (let i = 0; i < 3; i++) {
    await clock.advance(1_000);
    void leader.surrender(100);
    await clock.advance(2_000);
  }
  await clock.advance(20_000);
  assert.equal(most, 1);
  assert.ok(begun >= 2);
});

test("every: jobs of the leader only, not at once, one at a time, whatever they throw", async (t) => {
  const { clock, logged, make } = rig(t);
  const leader = make();
  const ran: string[] = [];
  leader.every("count", 1_000, (_signal, token) => {
    ran.push(`count ${token}`);
    if (ran.length === 2) throw new Error("not today");
  });
  const slow = leader.every("slow", 1_000, () => clock.sleep(2_500), { atOnce: true });
  await clock.advance(5_000);
  assert.deepEqual(ran, [], "it does not lead");
  leader.start();
  await clock.advance(5_500);
  assert.ok(ran.length >= 4 && ran.length <= 5, `${ran.length} runs`);
  assert.match(messages(logged, "error").join(), /count of the leader failed: not today/);
  slow[Symbol.dispose]();
  const surrendered = leader.surrender(3_000);
  await clock.advance(3_000);
  await surrendered;
  const before = ran.length;
  await clock.advance(4_500);
  assert.ok(ran.length > before);
  assert.equal(ran.at(-1), "count 2");
});

test("it surrenders when the app stops, among the workers, and competes no more", async (t) => {
  const { clock, lease, told, steps, make } = rig(t);
  const leader = make();
  leader.start();
  await clock.advance(1_000);
  assert.deepEqual(
    steps.map(({ stage }) => stage),
    ["workers"],
  );
  await steps[0]?.work();
  assert.equal(leader.state, "stopped");
  assert.ok("token" in (await lease.acquire("next", 1, new AbortController().signal)), "free");
  await clock.advance(60_000);
  leader.start();
  await clock.advance(10_000);
  assert.deepEqual([leader.state, told.at(-1)], ["stopped", "leader.lost 1 stopped"]);
});

test("metrics are there from the start", async (t) => {
  const { clock, make } = rig(t);
  const numbers = new Map<string, number>();
  const metric = (name: string) => ({
    add: (by = 1) => void numbers.set(name, (numbers.get(name) ?? 0) + by),
    set: (value: number) => void numbers.set(name, value),
    with: (labels: object) => metric(`${name} ${Object.values(labels)}`),
  });
  const leader = make({ metrics: { counter: metric, gauge: metric } });
  const shown = () =>
    ["leader", "leader_elected", "leader_lost", "leader_isolated"].map((name) =>
      numbers.get(`${name} shop`),
    );
  assert.deepEqual(shown(), [0, 0, 0, 0]);
  leader.start();
  await clock.advance(1_000);
  assert.deepEqual(shown(), [1, 1, 0, 0]);
  await leader.stop();
  assert.deepEqual(shown(), [0, 1, 1, 0]);
});

test("options that cannot be are named", () => {
  const lease = memoryLease();
  const wrong: readonly [object, RegExp][] = [
    [{ lease, name: "" }, /needs a name/],
    [{ name: "x" }, /needs a lease/],
    [{ lease, name: "x", renewMs: 7_000 }, /renewMs must be at most half of the 12000 ms/],
    [{ lease, name: "x", margin: 1 }, /margin must be at most 0.9/],
    [{ lease, name: "x", onIsolated: "die" }, /"die" needs stopping/],
    [{ lease, name: "x", onIsolated: "panic" }, /onIsolated must be one of/],
    [{ lease, name: "x", ttl: 5 }, /there is no option "ttl"/],
  ];
  for (const [options, expected] of wrong) {
    assert.throws(
      () => createLeader(options as unknown as LeaderOptions),
      (error) => error instanceof HomeostatError && expected.test(error.message),
    );
  }
});
