// Tests of orders: obeyed once, one of a kind at a time, within a limit, and always answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, type LinkWorld } from "../../../test/support/link-world.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Order } from "../../protocol/link.ts";
import type { Asked, Captured, Orders } from "./orders.ts";

const drain: Order = { kind: "drain", on: true };

const answers = ({ daemon }: LinkWorld) => daemon.of("answer").map(({ kind, ...rest }) => rest);

test("each kind of order reaches its function with what it says and who said it", async () => {
  const calls: unknown[][] = [];
  const told =
    (name: string) =>
    (...args: unknown[]): string => {
      const { by, signal } = args.pop() as Asked;
      calls.push([name, ...args, by, signal.aborted]);
      return `${name} done`;
    };
  const file = { path: "/var/tmp/heap", bytes: 7 };
  const orders: Orders = {
    ...{ drain: told("drain"), degrade: told("degrade"), feature: told("feature") },
    ...{ breaker: told("breaker"), logLevel: told("logLevel"), do: told("do") },
    recover: told("recover"),
    capture: (wish, asked) => ({ done: told("capture")(wish, asked), file }),
  };
  const wishes: Order[] = [
    drain,
    { kind: "degrade", level: 3 },
    { kind: "feature", name: "search", state: "off", forMs: 5_000 },
    { kind: "breaker", name: "stock", state: "open" },
    { kind: "log-level", level: "debug" },
    { kind: "capture", what: "open", folder: "/var/tmp" },
    { kind: "do", name: "flush" },
    { kind: "recover", type: "db.lost", source: "db" },
  ];
  const world = await connected({ orders });
  assert.equal(world.daemon.of("hello")[0]?.orders.length, 8);
  for (const [id, wish] of wishes.entries()) world.daemon.order(id, wish);
  await world.clock.advance(0);
  assert.deepEqual(calls, [
    ["drain", true, "test", false],
    ["degrade", 3, "test", false],
    ["feature", wishes[2], "test", false],
    ["breaker", wishes[3], "test", false],
    ["logLevel", "debug", "test", false],
    ["capture", wishes[5], "test", false],
    ["do", "flush", "test", false],
    ["recover", "db.lost", "db", "test", false],
  ]);
  const done = calls.map(([name], id) => ({ id, done: `${name} done` }));
  assert.deepEqual(
    answers(world).sort((a, b) => a.id - b.id),
    done.map((answer) => (answer.id === 5 ? { ...answer, file } : answer)),
  );
  assert.ok(world.said().includes("info: the daemon ordered: breaker stock open"));
});

test("an order that is told twice is run once and answered from memory", async () => {
  let runs = 0;
  let finish = (_: string): void => {};
  const orders: Orders = {
    drain: () => {
      runs += 1;
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
  };
  const world = await connected({ orders }, "run-1");
  world.daemon.order(1, drain);
  await world.clock.advance(0);
  world.daemon.order(1, drain);
  await world.clock.advance(0);
  assert.deepEqual(answers(world), []);
  finish("drained");
  await world.clock.advance(0);
  assert.deepEqual(answers(world), [{ id: 1, done: "drained" }]);
  world.daemon.order(1, drain);
  await world.clock.advance(0);
  assert.deepEqual([runs, answers(world).length], [1, 2]);

  // The same run of the daemon on a new connection asks again: it did not hear the answer.
  world.daemon.close();
  await world.clock.advance(1_000);
  world.daemon.welcome("run-1");
  world.daemon.order(1, drain);
  await world.clock.advance(0);
  assert.deepEqual([runs, answers(world)], [1, [{ id: 1, done: "drained" }]]);

  // Another run counts from 1 again: its order 1 is another order.
  world.daemon.close();
  await world.clock.advance(1_000);
  world.daemon.welcome("run-2");
  world.daemon.order(1, drain);
  await world.clock.advance(0);
  assert.deepEqual([runs, answers(world)], [2, []]);
});

test("what a daemon ordered that is gone is not answered to its successor, nor begun", async () => {
  const ends: ((text: string) => void)[] = [];
  const orders: Orders = { drain: () => new Promise((resolve) => ends.push(resolve)) };
  const world = await connected({ orders });
  world.daemon.order(1, drain);
  world.daemon.order(2, drain);
  await world.clock.advance(0);
  world.daemon.close();
  await world.clock.advance(1_000);
  world.daemon.welcome();
  world.daemon.order(1, drain);
  await world.clock.advance(0);
  ends[0]?.("the first");
  await world.clock.advance(0);
  assert.equal(ends.length, 2);
  ends[1]?.("the new one");
  await world.clock.advance(0);
  assert.deepEqual(answers(world), [{ id: 1, done: "the new one" }]);
  assert.ok(
    world.said().includes("info: not done, as the daemon that ordered it is gone: drain true"),
  );
});

test("one of a kind at a time, other kinds beside it; too many that wait are refused", async () => {
  let running = 0;
  let most = 0;
  const ends: (() => void)[] = [];
  const orders: Orders = {
    drain: async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      return "done";
    },
    degrade: () => "degraded",
  };
  const world = await connected({ orders });
  for (let id = 0; id < 20; id++) world.daemon.order(id, drain);
  world.daemon.order(99, { kind: "degrade", level: 1 });
  await world.clock.advance(0);
  const refused = answers(world).filter((answer) => "code" in answer);
  assert.deepEqual(
    refused.map(({ id }) => id),
    [16, 17, 18, 19],
  );
  assert.deepEqual(refused[0], {
    id: 16,
    error: "16 orders of the kind drain are waiting already",
    code: "BULKHEAD_FULL",
  });
  assert.ok(answers(world).some(({ id }) => id === 99));
  for (let i = 0; i < 16; i++) {
    ends[i]?.();
    await world.clock.advance(0);
  }
  assert.deepEqual([most, ends.length, answers(world).length], [1, 16, 21]);
});

test("an order has 10 s and a capture 90 s; then it is answered, and the next begins", async () => {
  const signals: AbortSignal[] = [];
  const fails: ((error: Error) => void)[] = [];
  const hang = (signal: AbortSignal): Promise<never> => {
    signals.push(signal);
    return new Promise((_, reject) => fails.push(reject));
  };
  const orders: Orders = {
    do: (name, { signal }) => (name === "hang" ? hang(signal) : "done"),
    capture: (_, { signal }): Promise<Captured> => hang(signal),
  };
  const world = await connected({ orders });
  world.daemon.order(1, { kind: "do", name: "hang" });
  world.daemon.order(2, { kind: "do", name: "next" });
  world.daemon.order(3, { kind: "capture", what: "open", folder: "/" });
  await world.clock.advance(9_900);
  assert.deepEqual(answers(world), []);
  await world.clock.advance(200);
  const late = { error: "not done within 10000 ms", code: "TIMED_OUT" };
  assert.deepEqual(answers(world), [
    { id: 1, ...late },
    { id: 2, done: "done" },
  ]);
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, false],
  );
  fails[0]?.(new Error("it was too much"));
  await world.clock.advance(80_000);
  const [, , capture] = answers(world);
  assert.deepEqual(capture, { id: 3, error: "not done within 90000 ms", code: "TIMED_OUT" });
  assert.ok(world.said().includes("warn: an order that took too long failed: it was too much"));
});

test("what cannot be done is answered with an error, and the link goes on", async () => {
  const orders: Orders = {
    drain: () => {
      throw new HomeostatError("FEATURE_UNAVAILABLE", "the app is starting");
    },
    do: async () => {
      throw new Error("no way to postgres://app:hunter22@db/shop");
    },
  };
  const world = await connected({ orders });
  const { daemon } = world;
  daemon.order(1, drain);
  daemon.order(2, { kind: "do", name: "x" });
  daemon.order(3, { kind: "degrade", level: 1 });
  daemon.say('{"kind":"order","id":4,"by":"test","order":{"kind":"explode"}}\n');
  daemon.say('{"kind":"order","id":5,"by":"test","order":{"kind":"degrade","level":10}}\n');
  await world.clock.advance(0);
  const got = answers(world).sort((a, b) => a.id - b.id);
  assert.deepEqual(got.slice(0, 3), [
    { id: 1, error: "the app is starting", code: "FEATURE_UNAVAILABLE" },
    { id: 2, error: "no way to postgres://app:***@db/shop", code: "ACTION_FAILED" },
    { id: 3, error: "this app takes no orders of the kind degrade", code: "UNKNOWN_ID" },
  ]);
  assert.deepEqual(
    got.slice(3).map((answer) => ("code" in answer ? answer.code : "")),
    ["WIRE_SHAPE", "WIRE_SHAPE"],
  );
  assert.equal(world.link.state, "connected");
  assert.equal(world.daemons.length, 1);
});
