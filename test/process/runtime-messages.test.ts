// Messages between real threads and processes: nothing is lost when one is killed.
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { BroadcastChannel, MessageChannel, Worker } from "node:worker_threads";
import { seeded } from "../../src/kernel/random.ts";
import { delivery, type Source } from "../../src/runtime/messages/delivery.ts";
import { createInbox } from "../../src/runtime/messages/inbox.ts";
import { portSink } from "../../src/runtime/messages/port-sink.ts";
import { portSource } from "../../src/runtime/messages/ports.ts";
import { relay, worker } from "../../src/runtime/messages/relay.ts";
import { currentTrace } from "../../src/runtime/messages/trace.ts";
import { eventually, within } from "../../src/testing/waiting.ts";

const child = fileURLToPath(new URL("support/messages-child.ts", import.meta.url));
const source = (path: string): string => new URL(`../../src/${path}`, import.meta.url).href;

/** Gives each number until it is acknowledged, in as many runs as it takes. */
function numbers(count: number) {
  const waiting = new Set(Array.from({ length: count }, (_, n) => n));
  const from = (): Source => {
    const inbox = createInbox<unknown>(count, () => {});
    for (const n of waiting) {
      inbox.push(delivery({ read: () => n, ack: () => void waiting.delete(n) }));
    }
    inbox.end();
    return { [Symbol.asyncIterator]: () => inbox };
  };
  return { waiting, from };
}

test("every message is processed though its process is killed again and again", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-messages-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "noted");
  const count = 400;
  const { waiting, from } = numbers(count);
  const random = seeded(11);
  let [lives, kills] = [0, 0];
  while (waiting.size > 0 && lives < 30) {
    lives += 1;
    const execArgv = ["--conditions=source"];
    const noter: ChildProcess = fork(child, ["port", file], { execArgv });
    await within(10_000, once(noter, "message"));
    using sink = portSink(noter);
    const killAt = kills < 5 ? waiting.size - Math.ceil(random() * 90) : -1;
    const kill = (): void => {
      if (waiting.size > killAt || noter.killed) return;
      kills += 1;
      noter.kill("SIGKILL");
    };
    const exited = once(noter, "exit");
    const task = relay({
      name: "feed",
      from,
      inFlight: 3,
      to: async (message, context) => {
        const sent = sink.send(message, context);
        kill();
        await sent;
      },
      process: (n) => n,
    });
    const run = task.run(new AbortController().signal);
    if (killAt < 0) await within(10_000, run);
    else await assert.rejects(within(10_000, run), { code: "DEPENDENCY_LOST" });
    noter.kill("SIGKILL");
    await exited;
  }
  const noted = readFileSync(file, "utf8").trim().split("\n").map(Number);
  assert.equal(kills, 5);
  assert.equal(new Set(noted).size, count);
  // A message that was under way at a kill may come twice, and no other.
  assert.ok(noted.length <= count + kills, `${noted.length} notes`);
});

test("a worker thread answers, in the asker's trace, and says what it cannot", async (t) => {
  const script = `
    import { parentPort } from "node:worker_threads";
    import { worker } from "${source("runtime/messages/relay.ts")}";
    import { portSource } from "${source("runtime/messages/ports.ts")}";
    import { currentTrace } from "${source("runtime/messages/trace.ts")}";
    const handle = (n) => {
      if (n === 1) return new Promise(() => {});
      if (n < 0) throw new RangeError("below zero, password=hunter2");
      return { root: Math.sqrt(n), traceId: currentTrace().traceId };
    };
    await worker({ name: "root", from: portSource(parentPort), handle }).run(new AbortController().signal);
  `;
  const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
    execArgv: ["--conditions=source"],
  });
  t.after(() => thread.terminate());
  using sink = portSink(thread);
  assert.equal(((await within(10_000, sink.ask(9))) as { root: number }).root, 3);
  await assert.rejects(sink.ask(-1), { message: "no answer: below zero, password=***" });
  const seen: unknown[] = [];
  const end = new AbortController();
  async function* asked() {
    yield 16;
  }
  await relay({
    name: "ask",
    from: asked(),
    to: () => {},
    process: async (n) => void seen.push(currentTrace()?.traceId, await sink.ask(n)),
  }).run(end.signal);
  assert.deepEqual(seen[1], { root: 4, traceId: seen[0] });
  const pending = sink.ask(1);
  void thread.terminate();
  await assert.rejects(within(5_000, pending), { code: "DEPENDENCY_LOST" });
  await assert.rejects(sink.ask(1), { code: "DEPENDENCY_LOST" });
});

test("over a port one message is on its way at a time; its end ends the task", async (t) => {
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  using sink = portSink(port1);
  const { from } = numbers(50);
  const got: unknown[] = [];
  let [given, most] = [0, 0];
  const taking = relay({
    name: "take",
    from: portSource(port2),
    to: () => {},
    process: async (n) => {
      most = Math.max(most, given - got.length);
      await new Promise((resolve) => setImmediate(resolve));
      got.push(n);
      if (n === 7) throw new Error("not seven");
    },
  });
  const run = taking.run(new AbortController().signal);
  const process = (n: unknown): unknown => {
    given += 1;
    return n;
  };
  const giving = relay({ name: "give", from, to: sink, process });
  await within(5_000, giving.run(new AbortController().signal));
  assert.deepEqual(
    got,
    Array.from({ length: 50 }, (_, n) => n),
  );
  assert.equal(most, 1);
  // Whoever gave it hears that it could not be processed.
  assert.deepEqual([giving.counts().bad, taking.counts().bad], [1, 1]);
  const unfit = relay({ name: "unfit", from: numbers(1).from, to: sink, process: () => () => {} });
  await within(5_000, unfit.run(new AbortController().signal));
  assert.equal(unfit.counts().bad, 1);
  port1.close();
  await within(5_000, run);
});

test("all ends of a BroadcastChannel get each message", async (t) => {
  const name = `homeostat-${process.pid}`;
  const out = new BroadcastChannel(name);
  const ins = [1, 2].map(() => new BroadcastChannel(name));
  const end = new AbortController();
  const got: unknown[] = [];
  const runs = ins.map((channel) =>
    relay({
      name: "hear",
      from: portSource(channel),
      to: () => {},
      process: (data) => void got.push(data),
    }).run(end.signal),
  );
  t.after(() => {
    for (const channel of [out, ...ins]) channel.close();
  });
  using sink = portSink(out, { acknowledged: false });
  await relay({ name: "say", from: numbers(2).from, to: sink, process: (n) => n }).run(end.signal);
  await eventually("both heard both", () => got.length === 4);
  assert.deepEqual(got.toSorted(), [0, 0, 1, 1]);
  end.abort();
  await within(5_000, Promise.all(runs));
});

test("a receiver that ends gives back what it has not begun", async (t) => {
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  using sink = portSink(port1);
  const end = new AbortController();
  const block = Promise.withResolvers<void>();
  let begun = false;
  const handle = (): Promise<void> => {
    begun = true;
    return block.promise;
  };
  const taking = worker({ name: "slow", from: portSource(port2), handle });
  const run = taking.run(end.signal);
  const asked = [sink.ask(1), sink.ask(2)];
  const second = assert.rejects(asked[1] ?? Promise.resolve(), { code: "DEPENDENCY_LOST" });
  await eventually("the first is begun", () => begun);
  end.abort();
  block.resolve();
  await within(5_000, Promise.all([run, asked[0], second]));
});
