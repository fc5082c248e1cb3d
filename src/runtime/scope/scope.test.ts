// Scopes: what they own is closed in reverse order; each kind of error has its own answer.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { exitCode, HomeostatError } from "../../kernel/errors.ts";
import { createLog } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { fatalDependency } from "../parts/dependency.ts";
import type { Stopping } from "../parts/stopping.ts";
import { createScope, type Scope } from "./scope.ts";

interface World {
  readonly clock: SimClock;
  readonly scope: Scope;
  readonly lines: string[];
  readonly captured: unknown[];
  readonly deaths: unknown[];
  stop(): void;
}

function world(): World {
  const clock = simClock();
  const [lines, captured, deaths]: [string[], unknown[], unknown[]] = [[], [], []];
  const root = new AbortController();
  const stop = (): void => root.abort(new HomeostatError("CANCELLED", "the app is stopping"));
  const stopping: Stopping = {
    signal: root.signal,
    get stopping() {
      return root.signal.aborted;
    },
    die: (cause) => {
      deaths.push(cause);
      stop();
    },
    sleep: (ms) => clock.sleep(ms, root.signal),
    onStop: () => ({ [Symbol.dispose]: () => {} }),
  };
  const log = createLog({
    level: "debug",
    wall: () => 0,
    write: ({ level, message }) => void lines.push(`${level} ${message}`),
  });
  const capture = (error: unknown): boolean => {
    const isNew = !captured.includes(error);
    if (isNew) captured.push(error);
    return isNew;
  };
  return {
    clock,
    lines,
    captured,
    deaths,
    stop,
    scope: createScope({ clock, log, stopping, capture }),
  };
}

test("no error: the answer comes back, nothing is logged, all is closed in reverse order", async () => {
  const { scope, lines, captured } = world();
  const closed: string[] = [];
  const named = (name: string) => ({ close: () => void closed.push(name) });
  const answer = await scope({ name: "work", closables: [named("given")] }, (context) => {
    context.use(named("first"));
    context.use({ [Symbol.asyncDispose]: async () => void closed.push("second") });
    context.use({ terminate: async () => void closed.push("third") });
    context.defer(() => closed.push("fourth"));
    return 42;
  });
  assert.equal(answer, 42);
  assert.deepEqual(closed, ["fourth", "third", "second", "first", "given"]);
  assert.deepEqual([lines, captured], [[], []]);
});

test("an error is logged and captured once, even through nested scopes, and goes on", async () => {
  const { scope, lines, captured, deaths } = world();
  const error = new TypeError("x is not a function");
  const nested = scope("outer", () => scope("inner", () => Promise.reject(error)));
  await assert.rejects(nested, error);
  assert.deepEqual(captured, [error]);
  assert.deepEqual(lines, [
    "error scope inner: x is not a function",
    "debug scope outer: x is not a function",
  ]);
  assert.deepEqual(deaths, []);
});

test("andRaise: false keeps the error from the caller", async () => {
  const { scope, captured } = world();
  const failing = () => Promise.reject(new Error("quietly"));
  assert.equal(await scope({ name: "quiet", andRaise: false }, failing), undefined);
  assert.equal(captured.length, 1);
});

test("shutdownOnError: the app dies of any error, after what was owned is closed", async () => {
  const { scope, captured, deaths } = world();
  const error = new Error("no way on");
  let closedFirst = false;
  const options = { name: "vital", shutdownOnError: true };
  const failing = scope(options, (context) => {
    context.defer(() => {
      closedFirst = deaths.length === 0;
    });
    throw error;
  });
  await assert.rejects(failing, error);
  assert.deepEqual([captured, deaths, closedFirst], [[error], [error], true]);
});

test("a lost dependency: a warning, the app dies with 75, nothing is captured", async () => {
  const { scope, lines, captured, deaths } = world();
  const cause = new Error("ECONNREFUSED");
  const lost = fatalDependency("the queue is gone", { cause });
  const failing = scope("outer", () => scope("consumer", () => Promise.reject(lost)));
  await assert.rejects(failing, (error) => error === lost);
  assert.deepEqual([captured, deaths], [[], [lost]]);
  assert.equal(exitCode(deaths[0]), 75);
  assert.equal(lines[0], "warn scope consumer: the queue is gone: ECONNREFUSED");
  assert.match(lines[1] ?? "", /^debug scope outer/);
});

test("a lost dependency is known inside the error of a library, and by the app's own rule", async () => {
  const inside = world();
  const lost = fatalDependency("no database");
  const wrapped = () => Promise.reject(new Error("query failed", { cause: lost }));
  await assert.rejects(inside.scope("query", wrapped), /query failed/);
  assert.deepEqual([inside.captured, inside.deaths], [[], [lost]]);

  const ruled = world();
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  const classify = (error: unknown) => (error === refused ? "dependency" : undefined);
  await assert.rejects(
    ruled.scope({ name: "link", classify }, () => Promise.reject(refused)),
    /connect/,
  );
  assert.equal(ruled.captured.length, 0);
  assert.equal(exitCode(ruled.deaths[0]), 75);

  const spared = world();
  const options = { name: "spared", shutdownOnError: false };
  await assert.rejects(spared.scope(options, () => Promise.reject(lost)));
  assert.deepEqual(spared.deaths, []);
});

const waits: Readonly<Record<string, (signal: AbortSignal, clock: SimClock) => Promise<unknown>>> =
  {
    "the clock": (signal, clock) => clock.sleep(60_000, signal),
    "timers/promises": (signal) => pause(60_000, undefined, { signal, ref: false }),
    "events.once": (signal) => once(new EventTarget(), "never", { signal }),
    "throwIfAborted after work that does not listen": async (signal, clock) => {
      await clock.sleep(1);
      signal.throwIfAborted();
    },
    "an error of the app's own around it": async (signal, clock) => {
      await clock.sleep(60_000, signal).catch((cause) => {
        throw new Error("could not wait", { cause });
      });
    },
  };
for (const [name, wait] of Object.entries(waits)) {
  test(`the end of the app interrupts ${name}: swallowed, closed, only debug`, async () => {
    const { scope, clock, lines, captured, deaths, stop } = world();
    let closed = false;
    const options = { name: "waits", closeOnExit: false, shutdownOnError: true };
    const ended = scope(options, (context) => {
      context.defer(() => {
        closed = true;
      });
      return wait(context.signal, clock);
    });
    stop();
    await clock.advance(1);
    assert.equal(await ended, undefined);
    assert.equal(closed, true);
    assert.deepEqual([captured, deaths], [[], []]);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /^debug scope waits: /);
  });
}

test("while the app stops any error is only debug, and still goes on", async () => {
  const { scope, lines, captured, deaths, stop } = world();
  stop();
  const options = { name: "late", shutdownOnError: true };
  const failing = scope(options, () => Promise.reject(new Error("socket closed")));
  await assert.rejects(failing, /socket closed/);
  assert.deepEqual(lines, ["debug scope late: socket closed"]);
  assert.deepEqual([captured, deaths], [[], []]);
});

test("an AbortError while the app runs is the caller's business only when the caller aborted", async () => {
  const { scope, lines, captured, clock } = world();
  const caller = new AbortController();
  const waiting = scope({ name: "asked", signal: caller.signal }, ({ signal }) =>
    clock.sleep(60_000, signal),
  );
  caller.abort(new Error("the user went away"));
  await assert.rejects(waiting);
  assert.deepEqual(captured, []);
  assert.match(lines[0] ?? "", /^debug/);
  const stray = new DOMException("This operation was aborted", "AbortError");
  await assert.rejects(scope("stray", () => Promise.reject(stray)));
  assert.deepEqual(captured, [stray]);
});

test("closeOnExit: false leaves what is owned open, with an error and without", async () => {
  const { scope } = world();
  let closed = 0;
  const socket = { close: () => closed++ };
  const options = { name: "kept", closeOnExit: false, closables: [socket] };
  await scope(options, () => {});
  await assert.rejects(scope(options, () => Promise.reject(new Error("no"))));
  assert.equal(closed, 0);
});

test("what cannot be closed, or not in time, is named and keeps nothing else open", async () => {
  const { scope, clock, lines } = world();
  let closed = false;
  const ended = scope("closing", (context) => {
    context.defer(() => {
      closed = true;
    }, "the last");
    context.defer(() => new Promise(() => {}), "the deaf one");
    context.use({
      close: () => {
        throw new Error("already closed");
      },
    });
    return "done";
  });
  await clock.advance(5_000);
  assert.equal(await ended, "done");
  assert.equal(closed, true);
  assert.deepEqual(lines, [
    "warn Object could not be closed: already closed",
    "warn the deaf one could not be closed: no answer within 5000 ms",
  ]);
});

test("the scope's signal ends with it, and what is opened afterwards is closed at once", async () => {
  const { scope, lines } = world();
  let late: (() => void) | undefined;
  let closed = false;
  const signal = await scope("short", (context) => {
    late = () => {
      context.use({ close: () => (closed = true) });
    };
    return context.signal;
  });
  assert.equal(signal?.aborted, true);
  late?.();
  assert.equal(closed, true);
  assert.deepEqual(lines, [
    "warn Object was opened after its scope had ended and is closed at once",
  ]);
});

test("a message socket that gathers binds, one that sends connects, another type is refused", async () => {
  const { scope } = world();
  const calls: string[] = [];
  const socket = (name: string) => ({
    bind: async (url: string) => void calls.push(`${name} bind ${url}`),
    connect: (url: string) => void calls.push(`${name} connect ${url}`),
    close: () => void calls.push(`${name} close`),
  });
  await scope("messages", async (context) => {
    for (const type of ["PULL", "PUB", "REP", "PUSH", "SUB", "REQ", "DEALER"]) {
      await context.attach(socket(type), "inproc://app", type);
    }
  });
  const opened = calls.slice(0, 7).map((call) => call.split(" ").slice(0, 2).join(" "));
  assert.deepEqual(opened, [
    "PULL bind",
    "PUB bind",
    "REP bind",
    "PUSH connect",
    "SUB connect",
    "REQ connect",
    "DEALER connect",
  ]);
  assert.equal(calls.length, 14);
  const wrong = scope("wrong", (context) => context.attach(socket("x"), "inproc://x", "ROUTER2"));
  await assert.rejects(wrong, { code: "OPTION_INVALID" });
});

test("a scope works alone: without an app to stop, a log or reporters", async () => {
  const scope = createScope();
  assert.equal(await scope("alone", ({ signal }) => signal.aborted), false);
  await assert.rejects(
    scope("alone", () => Promise.reject(fatalDependency("x"))),
    /x/,
  );
});
