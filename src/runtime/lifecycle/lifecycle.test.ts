// The life of an app without a process: how it stops, dies, answers signals and gets unstuck.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { createLog, type Level } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { fatalDependency } from "../parts/dependency.ts";
import type { Befalls, ProcessFace } from "./face.ts";
import { createLifecycle, type Lifecycle, type LifecycleOptions } from "./lifecycle.ts";
import type { Kind } from "./open/kinds.ts";
import type { LevelSwitch } from "./stuck.ts";

interface FakeProcess extends ProcessFace {
  readonly exits: number[];
  befalls(what: Befalls, ...facts: unknown[]): void;
  readonly listeners: number;
}

function fakeProcess(): FakeProcess {
  const listeners = new Map<Befalls, Set<(...facts: readonly unknown[]) => void>>();
  const exits: number[] = [];
  return {
    exits,
    exitCode: undefined,
    on: (what, listener) => {
      const all = listeners.get(what) ?? new Set();
      listeners.set(what, all.add(listener));
      return { [Symbol.dispose]: () => void all.delete(listener) };
    },
    befalls: (what, ...facts) => {
      for (const listener of listeners.get(what) ?? []) listener(...facts);
    },
    exit: (code) => void exits.push(code),
    report: () => ({}),
    writeReport: () => "report.json",
    activeResources: () => [],
    get listeners() {
      return [...listeners.values()].reduce((sum, all) => sum + all.size, 0);
    },
  };
}

interface World {
  readonly clock: SimClock;
  readonly life: Lifecycle;
  readonly process: FakeProcess;
  readonly lines: string[];
  readonly captured: unknown[];
  readonly levels: LevelSwitch;
}

function world(options: LifecycleOptions = {}): World {
  const clock = simClock();
  const process = fakeProcess();
  const [lines, captured]: [string[], unknown[]] = [[], []];
  const levels = {
    level: "info" as Level,
    setLevel: (level: Level) => {
      levels.level = level;
    },
  };
  const write = ({ level, message }: { level: Level; message: string }): void =>
    void lines.push(`${level} ${message}`);
  const log = createLog({ level: "debug", wall: () => 0, write });
  const capture = (error: unknown): boolean => captured.push(error) > 0;
  const life = createLifecycle({ clock, log, process, capture, levels, ...options });
  return { clock, life, process, lines, captured, levels };
}

const never = (): Promise<void> => new Promise(() => {});

describe("stopping", () => {
  test("stages follow one another, steps of one stage run at once", async () => {
    const { clock, life } = world();
    const told: string[] = [];
    const step = (name: string, ms: number) => async () => {
      told.push(`${name} begins at ${clock.now()}`);
      await clock.sleep(ms);
    };
    life.onStop("reporter", "reporters", step("reporter", 0));
    life.onStop("queue", "drain", step("queue", 300));
    life.onStop("server", "drain", step("server", 200));
    life.onStop("readiness", "unready", step("readiness", 100));
    life.onStop("pool", "workers", step("pool", 10));
    life.stop("test");
    assert.equal(life.stopping, true);
    await clock.advance(1_000);
    assert.deepEqual(told, [
      "readiness begins at 0",
      "queue begins at 100",
      "server begins at 100",
      "pool begins at 400",
      "reporter begins at 410",
    ]);
    assert.equal(await life.done, 0);
    assert.equal(clock.pending, 0);
  });

  test("a step that fails or hangs is named and holds nothing up longer than its limit", async () => {
    const { clock, life, lines } = world();
    const ran: string[] = [];
    life.onStop("failing", "drain", () => {
      throw new Error("no socket");
    });
    life.onStop("deaf", "drain", never);
    life.onStop("deaf for a second", "workers", never, 1_000);
    life.onStop("last", "reporters", () => ran.push(`at ${clock.now()}`));
    life.stop("test");
    await clock.advance(6_000);
    assert.deepEqual(ran, ["at 6000"]);
    assert.deepEqual(lines, [
      "info stopping: test",
      "warn shutdown step failing failed: no socket",
      "warn shutdown step deaf is left behind after 5000 ms",
      "warn shutdown step deaf for a second is left behind after 1000 ms",
      "info shutdown complete",
    ]);
  });

  test("a step can be taken back, come in its own stage, and come too late", async () => {
    const { clock, life } = world();
    const ran: string[] = [];
    life.onStop("taken back", "drain", () => ran.push("taken back"))[Symbol.dispose]();
    life.onStop("first", "workers", () => {
      life.onStop("same stage", "workers", () => ran.push("same stage"));
      life.onStop("stage that is over", "drain", () => ran.push("stage that is over"));
    });
    life.onStop("next", "chaos", () => ran.push("next"));
    life.stop("test");
    await clock.advance(0);
    assert.deepEqual(ran, ["stage that is over", "same stage", "next"]);
    assert.throws(() => life.onStop("bad", "drain", never, 0), { code: "OPTION_INVALID" });
  });

  test("between not ready and the drain there is time for balancers to look", async () => {
    const { clock, life } = world({ unreadyMs: 3_000 });
    let drainedAt = 0;
    life.onStop("drain", "drain", () => {
      drainedAt = clock.now();
    });
    life.stop("test");
    await clock.advance(5_000);
    assert.equal(drainedAt, 3_000);
  });

  test("every sleep ends at once, with the reason of the signal", async () => {
    const { clock, life } = world();
    const slept = life.sleep(60_000);
    life.stop("test");
    await assert.rejects(slept, (error) => error === life.signal.reason);
    await assert.rejects(life.sleep(1), { code: "CANCELLED" });
    assert.equal(clock.pending, 0);
  });

  test("fault: `shutting_down` imported by value", async () => {
    interface Threads {
      die(): void;
      /** What a loop asks before each round; it was taken before anything died. */
      readonly isOver: () => boolean;
    }
    // As in the original: the flag is copied when the module is loaded.
    const original = (): Threads => {
      const threads = { shuttingDown: false };
      const { shuttingDown } = threads;
      const die = (): void => {
        threads.shuttingDown = true;
      };
      return { die, isOver: () => shuttingDown };
    };
    const ours = (): Threads => {
      const { life } = world();
      const { signal, die } = life;
      return { die: () => die(new Error("x")), isOver: () => signal.aborted };
    };
    const shows = /it goes on round after round/;
    await onlyOursHolds<Threads>({ imitation: original, ours, shows }, ({ die, isOver }) => {
      assert.equal(isOver(), false);
      die();
      let rounds = 0;
      while (!isOver() && rounds < 100) rounds += 1;
      assert.equal(rounds, 0, "it goes on round after round");
    });
    const { life } = world();
    const { sleep, die } = life;
    die(new Error("x"));
    assert.equal(life.stopping, true);
    await assert.rejects(sleep(1));
  });
});

describe("dying", () => {
  test("fault: die() overwrites the cause with later ones", async () => {
    const first = fatalDependency("the database is gone");
    const second = new HomeostatError("CONFIG_INVALID", "a table is missing");
    interface Dying {
      die(cause: unknown): void;
      cause(): unknown;
    }
    // As in the original of 2023.
    const original = (): Dying => {
      const threads: { triggerException?: unknown } = {};
      const die = (exception: unknown): void => {
        if (exception !== undefined) threads.triggerException = exception;
      };
      return { die, cause: () => threads.triggerException };
    };
    const ours = (): Dying => {
      const { life } = world();
      return { die: (cause) => life.die(cause), cause: () => life.cause };
    };
    const shows = /it is told to have died of what came of its death/;
    await onlyOursHolds<Dying>({ imitation: original, ours, shows }, ({ die, cause }) => {
      for (const one of [first, second]) die(one);
      assert.equal(cause(), first, "it is told to have died of what came of its death");
    });

    const { clock, life, process, lines } = world();
    life.install();
    for (const cause of [first, second, first]) life.die(cause);
    assert.deepEqual(life.causes, [first, second]);
    await clock.advance(0);
    assert.deepEqual([life.exitCode, process.exitCode, await life.done], [75, 75, 75]);
    assert.deepEqual(lines.slice(1, 3), [
      "warn dying: the database is gone",
      "debug another cause to die: a table is missing",
    ]);
  });

  test("anything may be a cause, the kept ones are bounded, the code is never 0", () => {
    for (const cause of [undefined, null, "text", 0, new Error("x")]) {
      const { life } = world({ codeOf: () => 0 });
      life.die(cause);
      assert.equal(life.exitCode, 1);
    }
    const { life } = world({ codeOf: (cause) => (cause === 0 ? 42 : 43) });
    for (let n = 0; n < 1_000; n++) life.die(n);
    assert.deepEqual([life.exitCode, life.causes.length], [42, 21]);
  });

  test("an app that dies while it stops cleanly ends with the cause's code", async () => {
    const { clock, life, process } = world();
    life.install();
    life.onStop("breaks", "drain", () => life.die(new Error("while draining")));
    process.befalls("SIGTERM");
    await clock.advance(0);
    assert.equal(process.exitCode, 1);
  });

  test("a dying app waits a second for what is open, not half a minute", async () => {
    const { clock, life, process } = world();
    life.install();
    life.die(fatalDependency("gone"));
    await clock.advance(999);
    assert.deepEqual(process.exits, []);
    await clock.advance(1);
    assert.deepEqual(process.exits, [75]);
  });

  test("alone, without install or bye, nothing is done to the process", async () => {
    const { clock, life, process } = world();
    life.die(new Error("x"));
    await clock.advance(60_000);
    assert.deepEqual([process.exitCode, process.exits, process.listeners], [undefined, [], 0]);
    assert.equal(await life.bye(), 1);
    assert.equal(process.exitCode, 1);
  });
});

describe("what befalls the process", () => {
  test("a signal stops the app with 0; a second one ends it at once", async () => {
    const { clock, life, process, lines } = world();
    life.install();
    life.onStop("deaf", "drain", never);
    process.befalls("SIGTERM");
    assert.equal(life.lastSignal, "SIGTERM");
    await clock.advance(299);
    process.befalls("SIGTERM");
    assert.deepEqual(process.exits, []);
    process.befalls("SIGINT");
    assert.deepEqual(process.exits, [130]);
    assert.equal(lines.at(-1), "error SIGINT after SIGTERM: exit 130");
  });

  test("the first signal after the app began to die is no second one", () => {
    const { life, process, lines } = world();
    life.install();
    life.die(new Error("x"));
    process.befalls("SIGTERM");
    assert.deepEqual(process.exits, []);
    assert.equal(lines.at(-1), "info SIGTERM: already stopping; once more ends at once");
  });

  test("a code that the app has set is kept by a clean end", async () => {
    const { clock, life, process } = world();
    life.install();
    process.exitCode = 3;
    process.befalls("SIGTERM");
    await clock.advance(0);
    assert.equal(process.exitCode, 3);
  });

  test("an uncaught error is captured once, logged, and the app dies", async () => {
    const { life, process, captured, lines } = world();
    life.install();
    const error = new Error("lost");
    process.befalls("uncaughtException", error, "uncaughtException");
    process.befalls("unhandledRejection", "a text");
    assert.deepEqual(
      [captured, life.causes],
      [
        [error, "a text"],
        [error, "a text"],
      ],
    );
    assert.ok(lines.includes("error uncaught exception: lost"));
    assert.ok(lines.includes("error unhandled rejection: a text"));
  });

  test("a wait that nobody awaits and the app's end interrupts is no crash", async () => {
    const { life, process, captured } = world();
    life.install();
    process.befalls("SIGTERM");
    process.befalls("unhandledRejection", life.signal.reason);
    process.befalls("unhandledRejection", new Error("x", { cause: life.signal.reason }));
    process.befalls("unhandledRejection", new DOMException("aborted", "AbortError"));
    assert.deepEqual([captured, life.exitCode], [[], 0]);
  });

  test("a lost dependency that nobody caught is a warning and 75", () => {
    const { life, process, captured, lines } = world();
    life.install();
    const lost = fatalDependency("no queue");
    process.befalls("unhandledRejection", new Error("consume", { cause: lost }));
    assert.deepEqual([captured, life.cause, life.exitCode], [[], lost, 75]);
    assert.ok(lines.includes("warn unhandled rejection: consume: no queue"));
  });

  test("SIGHUP switches the level; a log without levels says so", () => {
    const one = world();
    one.life.install();
    one.process.befalls("SIGHUP");
    assert.equal(one.levels.level, "debug");
    one.process.befalls("SIGHUP");
    assert.equal(one.levels.level, "info");

    const process = fakeProcess();
    const lines: string[] = [];
    const write = ({ message }: { message: string }): void => void lines.push(message);
    const log = createLog({ level: "info", wall: () => 0, write });
    createLifecycle({ clock: simClock(), log, process }).install();
    process.befalls("SIGHUP");
    assert.deepEqual(lines, ["SIGHUP: this log has no level to switch"]);
  });

  test("install can be taken back, is not done twice, and leaves out what is not wanted", () => {
    const { life, process } = world();
    const installed = life.install();
    assert.throws(() => life.install(), { code: "OPTION_INVALID" });
    installed[Symbol.dispose]();
    assert.equal(process.listeners, 0);
    life.install({ signals: false, errors: false, track: false });
    assert.equal(process.listeners, 2);
  });

  test("an exit past the shutdown is named, and is no 0 when there is a cause", () => {
    const { life, process, lines } = world();
    life.install();
    life.onStop("deaf", "drain", never);
    life.die(new Error("x"));
    process.befalls("exit", 0);
    assert.equal(process.exitCode, 1);
    assert.equal(lines.at(-1), "warn exit 0 before the shutdown was complete");
  });
});

describe("a shutdown that is stuck", () => {
  const kind = (done: string[]): Kind<{ open: boolean }> => ({
    name: "native socket",
    isOpen: (thing) => thing.open,
    holds: () => true,
    endpoint: () => "ipc:///tmp/app",
    end: () => void done.push("end"),
    destroy: (thing) => {
      done.push("destroy");
      thing.open = false;
    },
  });

  test("debug logging and a list after 30 s, force after 32 s, exit 70 after 35 s", async () => {
    const { clock, life, process, lines, levels } = world();
    const done: string[] = [];
    life.install();
    const thing = { open: true };
    life.track(thing, kind(done));
    life.onStop("deaf", "drain", never, 120_000);
    process.befalls("SIGTERM");
    await clock.advance(29_999);
    assert.equal(levels.level, "info");
    await clock.advance(1);
    assert.equal(levels.level, "debug");
    assert.ok(lines.includes("warn still running: shutdown step deaf (drain)"));
    assert.ok(lines.includes("warn still open: native socket ipc:///tmp/app"));
    assert.match(life.open()[0]?.createdAt ?? "", /lifecycle\.test\.ts:\d+:\d+/);
    await clock.advance(2_000);
    assert.deepEqual([done, process.exitCode], [["end"], 70]);
    await clock.advance(1_500);
    assert.deepEqual(done, ["end", "destroy"]);
    await clock.advance(1_499);
    assert.deepEqual(process.exits, []);
    await clock.advance(1);
    assert.deepEqual(process.exits, [70]);
    assert.equal(lines.at(-1), "error shutdown does not end: exit 70");
    void thing;
  });

  test("what is ignored or given back is neither listed nor closed", async () => {
    const { life } = world();
    const [one, two] = [{ open: true }, { open: true }];
    life.track(one, kind([]));
    life.track(two, kind([]))[Symbol.dispose]();
    life.ignore(one);
    assert.deepEqual(life.open(), []);
  });

  test("bye after an app has begun to stop watches it, too", async () => {
    const { clock, life, process } = world({ debugAfterMs: 100, hardAfterMs: 5_000 });
    life.onStop("deaf", "drain", never, 120_000);
    life.stop("test");
    void life.bye();
    await clock.advance(5_000);
    assert.deepEqual(process.exits, [70]);
  });

  test("limits out of order are refused", () => {
    for (const limits of [
      { debugAfterMs: 0 },
      { debugAfterMs: 10, forceAfterMs: 5 },
      { forceAfterMs: 40_000, hardAfterMs: 40_000 },
      { hardAfterMs: Number.NaN },
    ]) {
      assert.throws(() => createLifecycle(limits), { code: "OPTION_INVALID" });
    }
  });
});
