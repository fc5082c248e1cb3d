// The faults of the originals that concern the watchdog: each shown in an imitation, and absent here.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  FakeChild,
  FakeWorker,
  watchdogWorld,
} from "../../../test/process/support/watchdog-world.ts";
import type { Clock } from "../../kernel/clock.ts";
import { exitCode } from "../../kernel/errors.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";

/** The process watchdog of the article, S2: a loop every 5 s that restarts whatever has ended. */
class ArticleWatchdog {
  restarts = 0;
  readonly log: string[] = [];
  child: FakeChild | undefined;
  readonly #make: () => FakeChild;
  readonly #max: number;

  constructor(make: () => FakeChild, max: number) {
    this.#make = make;
    this.#max = max;
  }

  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.child || this.child.exitCode !== null) this.#start();
      await clock.sleep(5_000, signal).catch(() => {});
    }
  }

  #start(): void {
    if (this.restarts >= this.#max) {
      this.log.push("exceeded maximum restarts");
      return;
    }
    this.restarts += 1;
    this.child = this.#make();
  }
}

async function article(
  make: () => FakeChild,
  max: number,
  then: (clock: SimClock, watchdog: ArticleWatchdog) => Promise<void>,
): Promise<ArticleWatchdog> {
  const clock = simClock();
  const over = new AbortController();
  const watchdog = new ArticleWatchdog(make, max);
  const run = watchdog.run(clock, over.signal);
  await clock.advance(0);
  await then(clock, watchdog);
  over.abort();
  await run;
  return watchdog;
}

/** The nanny of pylib, T-1 and T-2: names of threads, looked at once a minute. */
class Nanny {
  readonly tracked = new Set<string>();
  readonly alive = new Map<FakeWorker, string>();
  lostAt: number | undefined;
  /** What the process would end with. */
  code: number | undefined;
  exception: Error | undefined;

  /** AppThread.__init__: its name is tracked before it is started. */
  construct(name: string): void {
    this.tracked.add(name);
  }

  start(name: string, thread: FakeWorker): void {
    this.alive.set(thread, name);
    thread.on("exit", () => this.alive.delete(thread));
  }

  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.lostAt === undefined) {
      const names = new Set(this.alive.values());
      if ([...this.tracked].some((name) => !names.has(name))) {
        this.lostAt = clock.now();
        // 2023: shutting down is latched, the exception is not; bye() then exits with 0.
        this.code = this.exception === undefined ? 0 : 1;
      }
      await clock.sleep(60_000, signal).catch(() => {});
      await clock.sleep(2_000, signal).catch(() => {});
    }
  }
}

async function nannyWorld(then: (clock: SimClock, nanny: Nanny) => Promise<void>): Promise<void> {
  const clock = simClock();
  const over = new AbortController();
  const nanny = new Nanny();
  const run = nanny.run(clock, over.signal);
  await clock.advance(0);
  await then(clock, nanny);
  over.abort();
  await run;
}

describe("fault: watchdog counts the first start as a restart, restarts clean exits, logs the give-up every 5 s for ever", () => {
  test("the first start is no restart", async () => {
    const imitation = await article(
      () => new FakeChild(),
      5,
      async () => {},
    );
    assert.equal(imitation.restarts, 1);

    const { watch } = watchdogWorld();
    assert.equal(watch.child("job", () => new FakeChild(), "restart").restarts, 0);
  });

  test("a clean exit (code 0) is not restarted", async () => {
    const imitation = await article(
      () => new FakeChild(),
      5,
      async (clock, { child }) => {
        child?.exit(0);
        await clock.advance(10_000);
      },
    );
    assert.equal(imitation.restarts, 2);

    const { watch, clock, types } = watchdogWorld();
    const made: FakeChild[] = [];
    const entry = watch.child(
      "job",
      () => made[made.push(new FakeChild()) - 1] ?? new FakeChild(),
      "restart",
    );
    made[0]?.exit(0);
    await clock.advance(600_000);
    assert.equal(made.length, 1);
    assert.equal(entry.state, "untracked");
    assert.deepEqual(types(), []);
  });

  test("the give-up is said once", async () => {
    const dying = (): FakeChild => {
      const child = new FakeChild();
      child.exitCode = 1;
      return child;
    };
    const imitation = await article(dying, 5, (clock) => clock.advance(3_600_000));
    assert.ok(imitation.log.length > 700, `${imitation.log.length} lines`);

    const { watch, clock, said, types } = watchdogWorld();
    const entry = watch.child("job", dying, {
      policy: "restart",
      restart: { max: 5, whenSpent: "ignore" },
    });
    await clock.advance(3_600_000);
    assert.equal(entry.state, "given-up");
    assert.equal(entry.restarts, 5);
    assert.equal(said("error").filter((line) => line.includes("given up")).length, 1);
    assert.equal(types().filter((type) => type === "watchdog.given_up").length, 1);
    assert.equal(types().filter((type) => type === "watchdog.lost").length, 6);
  });
});

test("fault: exit code 0 on thread death", async () => {
  await nannyWorld(async (clock, nanny) => {
    const thread = new FakeWorker();
    nanny.construct("relay");
    nanny.start("relay", thread);
    thread.die(1);
    await clock.advance(62_000);
    assert.equal(nanny.code, 0);
  });

  const { watch, stopping } = watchdogWorld();
  const thread = new FakeWorker().online();
  watch.worker("relay", thread);
  thread.die(1, new Error("boom"));
  assert.equal(stopping.stopping, true);
  assert.notEqual(exitCode(stopping.causes[0]), 0);
});

test("fault: thread tracked before start", async () => {
  await nannyWorld(async (clock, nanny) => {
    nanny.construct("relay");
    await clock.advance(62_000);
    assert.notEqual(nanny.lostAt, undefined, "dies of a thread that was never started");
  });

  const { watch, stopping, clock } = watchdogWorld();
  const thread = new FakeWorker();
  const entry = watch.worker("relay", thread, { startMs: 120_000 });
  await clock.advance(119_000);
  assert.equal(entry.state, "pending");
  assert.deepEqual(stopping.causes, []);
  // But not for ever: what never starts is told by its own name.
  await clock.advance(1_000);
  assert.match(String(stopping.causes[0]), /relay#1 was lost: not started within 120000 ms/);
});

test("fault: same names collide", async () => {
  await nannyWorld(async (clock, nanny) => {
    const [one, two] = [new FakeWorker(), new FakeWorker()];
    for (const thread of [one, two]) {
      nanny.construct("worker");
      nanny.start("worker", thread);
    }
    one.die(1);
    await clock.advance(600_000);
    assert.equal(nanny.lostAt, undefined, "the one that lives hides the one that died");
  });

  const { watch, told } = watchdogWorld({ policy: "ignore" });
  const [one, two] = [new FakeWorker().online(), new FakeWorker().online()];
  const ids = [one, two].map((thread) => watch.worker("worker", thread).id);
  assert.deepEqual(ids, ["worker#1", "worker#2"]);
  two.die(1);
  assert.partialDeepStrictEqual(told.at(-1), { data: { missing: ["worker#2"] } });
});

test("fault: up to 62 s detection latency", async () => {
  await nannyWorld(async (clock, nanny) => {
    const thread = new FakeWorker();
    nanny.construct("relay");
    nanny.start("relay", thread);
    await clock.advance(100);
    const diedAt = clock.now();
    thread.die(1);
    await clock.advance(62_000);
    await clock.advance(62_000);
    assert.ok((nanny.lostAt ?? 0) - diedAt > 60_000, `${(nanny.lostAt ?? 0) - diedAt} ms`);
  });

  const { watch, stopping, clock } = watchdogWorld();
  const thread = new FakeWorker().online();
  watch.worker("relay", thread);
  await clock.advance(100);
  thread.die(1);
  assert.equal(stopping.causes.length, 1, "in the same turn of the event loop");
});
