// The faults of the originals that concern the watchdog: each shown in an imitation, and absent here.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FakeChild,
  FakeWorker,
  watchdogWorld,
} from "../../../test/process/support/watchdog-world.ts";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { exitCode } from "../../kernel/errors.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";

type Make = () => FakeChild;

/** A watchdog with one process, whose restarts are 5 at most. */
interface Keeper {
  readonly clock: SimClock;
  start(make: Make): void;
  stop(): void;
  restarts(): number;
  /** What it logged of errors. */
  errors(): readonly string[];
}

interface Slips {
  /** As it stands in the article: the module of the log is never imported. */
  readonly withoutLogging?: boolean;
}

/** The process watchdog of the article, S2: a loop every 5 s that restarts whatever has ended. */
function articleKeeper({ withoutLogging = false }: Slips = {}): Keeper {
  const clock = simClock();
  const over = new AbortController();
  const errors: string[] = [];
  let restarts = 0;
  let child: FakeChild | undefined;
  const logError = (line: string): void => {
    // @ts-expect-error here the compiler sees that there is no such name
    if (withoutLogging) logging.error(line);
    errors.push(line);
  };
  const startProcess = (make: Make): void => {
    if (restarts >= 5) {
      logError("exceeded maximum restarts");
      return;
    }
    restarts += 1;
    try {
      child = make();
    } catch (error) {
      logError(`failed to start: ${error}`);
    }
  };
  const monitor = async (make: Make): Promise<void> => {
    while (!over.signal.aborted) {
      await clock.sleep(5_000, over.signal).catch(() => {});
      if (!over.signal.aborted && child?.exitCode !== null) startProcess(make);
    }
  };
  return {
    clock,
    start: (make) => {
      startProcess(make);
      void monitor(make);
    },
    stop: () => {
      over.abort();
      child?.kill("SIGTERM");
    },
    restarts: () => restarts,
    errors: () => errors,
  };
}

function ourKeeper(): Keeper {
  const { watch, clock, said, stopping } = watchdogWorld();
  const restart = { max: 5, whenSpent: "ignore" } as const;
  let entry: { readonly restarts: number } | undefined;
  return {
    clock,
    start: (make) => {
      entry = watch.child("job", make, { policy: "restart", restart });
    },
    stop: () => {
      stopping.stop();
      void stopping.runSteps();
    },
    restarts: () => entry?.restarts ?? 0,
    errors: () => said("error"),
  };
}

const keepers = { imitation: (): Keeper => articleKeeper(), ours: ourKeeper };

test("fault: watchdog counts the first start as a restart", async () => {
  const shows = /the first start is a restart/;
  await onlyOursHolds<Keeper>({ ...keepers, shows }, ({ start, restarts }) => {
    start(() => new FakeChild());
    assert.equal(restarts(), 0, "the first start is a restart");
  });
});

test("fault: watchdog restarts clean exits (code 0)", async () => {
  const shows = /started again though it was done/;
  await onlyOursHolds<Keeper>({ ...keepers, shows }, async ({ start, clock }) => {
    const made: FakeChild[] = [];
    start(() => made[made.push(new FakeChild()) - 1] ?? assert.fail());
    await clock.advance(1_000);
    made[0]?.exit(0);
    await clock.advance(600_000);
    assert.equal(made.length, 1, "started again though it was done");
  });
  const { watch, clock, types } = watchdogWorld();
  const child = new FakeChild();
  const entry = watch.child("job", () => child, "restart");
  child.exit(0);
  await clock.advance(600_000);
  assert.deepEqual([entry.state, types()], ["untracked", []]);
});

test("fault: watchdog logs the give-up every 5 s for ever", async () => {
  const dying: Make = () => {
    const child = new FakeChild();
    child.exitCode = 1;
    return child;
  };
  const shows = /7\d\d lines say that it was given up/;
  await onlyOursHolds<Keeper>({ ...keepers, shows }, async ({ start, clock, errors }) => {
    start(dying);
    await clock.advance(3_600_000);
    const said = errors().filter((line) => /given up|exceeded/.test(line)).length;
    assert.equal(said, 1, `${said} lines say that it was given up`);
  });
  const { watch, clock, types } = watchdogWorld();
  const restart = { max: 5, whenSpent: "ignore" } as const;
  const entry = watch.child("job", dying, { policy: "restart", restart });
  await clock.advance(3_600_000);
  assert.deepEqual([entry.state, entry.restarts], ["given-up", 5]);
  assert.equal(types().filter((type) => type === "watchdog.given_up").length, 1);
  assert.equal(types().filter((type) => type === "watchdog.lost").length, 6);
});

test("fault: watchdog sends no KILL", async () => {
  const shows = /what does not follow SIGTERM outlives its watchdog/;
  await onlyOursHolds<Keeper>({ ...keepers, shows }, async ({ start, stop, clock }) => {
    const child = new FakeChild();
    child.polite = false;
    start(() => child);
    await clock.advance(1_000);
    stop();
    await clock.advance(60_000);
    const why = "what does not follow SIGTERM outlives its watchdog";
    assert.equal(child.signalCode, "SIGKILL", why);
    assert.deepEqual(child.signals, ["SIGTERM", "SIGKILL"], "politely first");
  });
});

test("fault: watchdog's `logging` is not imported", async () => {
  const imitation = (): Keeper => articleKeeper({ withoutLogging: true });
  const shows = /logging is not defined/;
  await onlyOursHolds<Keeper>({ imitation, ours: ourKeeper, shows }, async (keeper) => {
    let starts = 0;
    const make: Make = () => {
      starts += 1;
      if (starts === 1) throw new Error("spawn ENOENT");
      return new FakeChild();
    };
    assert.doesNotThrow(() => keeper.start(make));
    await keeper.clock.advance(60_000);
    assert.match(keeper.errors().join(), /ENOENT/);
    assert.equal(starts, 2, "it goes on all the same");
  });
});

/** What watches the threads of an app. */
interface Watch {
  readonly clock: SimClock;
  /** Makes a thread of this name, which is not started yet. */
  construct(name: string): FakeWorker;
  start(thread: FakeWorker): void;
  /** What the process ends with; undefined while it lives. */
  code(): number | undefined;
}

/** The nanny of pylib, T-1 and T-2: names of threads, looked at once a minute. */
function nanny(): Watch {
  const clock = simClock();
  const tracked = new Set<string>();
  const names = new Map<FakeWorker, string>();
  const alive = new Set<FakeWorker>();
  let code: number | undefined;
  const run = async (): Promise<void> => {
    while (code === undefined) {
      const living = new Set([...alive].map((thread) => names.get(thread)));
      // 2023: shutting down is latched, the exception is not; bye() then exits with 0.
      if ([...tracked].some((name) => !living.has(name))) code = 0;
      await clock.sleep(60_000);
      await clock.sleep(2_000);
    }
  };
  void Promise.resolve().then(run);
  return {
    clock,
    construct: (name) => {
      const thread = new FakeWorker();
      // AppThread.__init__: its name is tracked before it is started.
      tracked.add(name);
      names.set(thread, name);
      return thread;
    },
    start: (thread) => {
      alive.add(thread);
      thread.on("exit", () => alive.delete(thread));
    },
    code: () => code,
  };
}

function ourWatch(): Watch {
  const { watch, clock, stopping } = watchdogWorld();
  return {
    clock,
    construct: (name) => {
      const thread = new FakeWorker();
      watch.worker(name, thread, { startMs: 120_000 });
      return thread;
    },
    start: (thread) => void thread.online(),
    code: () => (stopping.causes.length === 0 ? undefined : exitCode(stopping.causes[0])),
  };
}

const watches = { imitation: nanny, ours: ourWatch };

test("fault: exit code 0 on thread death", async () => {
  const shows = /ends with 0, and its supervisor leaves it down/;
  await onlyOursHolds<Watch>({ ...watches, shows }, async ({ construct, start, clock, code }) => {
    const thread = construct("relay");
    start(thread);
    thread.die(1);
    await clock.advance(130_000);
    assert.notEqual(code(), undefined);
    assert.notEqual(code(), 0, "ends with 0, and its supervisor leaves it down");
  });
  const { watch, stopping } = watchdogWorld();
  const thread = new FakeWorker().online();
  watch.worker("relay", thread);
  thread.die(1, new Error("boom"));
  assert.deepEqual([stopping.stopping, exitCode(stopping.causes[0])], [true, 1]);
});

test("fault: thread tracked before start", async () => {
  const shows = /dies of a thread that nobody has started yet/;
  await onlyOursHolds<Watch>({ ...watches, shows }, async ({ construct, clock, code }) => {
    construct("relay");
    await clock.advance(119_000);
    assert.equal(code(), undefined, "dies of a thread that nobody has started yet");
  });
  // But not for ever: what never starts is told by its own name.
  const { watch, stopping, clock } = watchdogWorld();
  const entry = watch.worker("relay", new FakeWorker(), { startMs: 120_000 });
  await clock.advance(119_000);
  assert.equal(entry.state, "pending");
  await clock.advance(1_000);
  assert.match(String(stopping.causes[0]), /relay#1 was lost: not started within 120000 ms/);
});

test("fault: same names collide", async () => {
  const shows = /the one that lives hides the one that died/;
  await onlyOursHolds<Watch>({ ...watches, shows }, async ({ construct, start, clock, code }) => {
    const [one, two] = [construct("worker"), construct("worker")];
    for (const thread of [one, two]) start(thread);
    two.die(1);
    await clock.advance(600_000);
    assert.notEqual(code(), undefined, "the one that lives hides the one that died");
  });
  const { watch, told } = watchdogWorld({ policy: "ignore" });
  const [one, two] = [new FakeWorker().online(), new FakeWorker().online()];
  const ids = [one, two].map((thread) => watch.worker("worker", thread).id);
  assert.deepEqual(ids, ["worker#1", "worker#2"]);
  two.die(1);
  assert.partialDeepStrictEqual(told.at(-1), { data: { missing: ["worker#2"] } });
});

test("fault: up to 62 s detection latency", async () => {
  const shows = /seen after 6[12] s/;
  await onlyOursHolds<Watch>({ ...watches, shows }, async ({ construct, start, clock, code }) => {
    const thread = construct("relay");
    start(thread);
    await clock.advance(100);
    thread.die(1);
    let seconds = 0;
    for (; code() === undefined && seconds < 200; seconds++) await clock.advance(1_000);
    assert.equal(seconds, 0, `seen after ${seconds} s`);
  });
});
