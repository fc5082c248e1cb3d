// The AMQP link with amqplib against a broker that dies, blocks and refuses.
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "amqplib";
import { createLog, type Entry } from "../../src/kernel/log.ts";
import { amqpLink } from "../../src/runtime/messages/amqp.ts";
import type { AmqpOptions } from "../../src/runtime/messages/amqp-settings.ts";
import { relay } from "../../src/runtime/messages/relay.ts";
import { currentTrace } from "../../src/runtime/messages/trace.ts";
import { dependencyIn } from "../../src/runtime/parts/dependency.ts";
import { eventually, within } from "../../src/testing/waiting.ts";
import { type AmqpStub, startAmqpStub } from "./support/amqp-stub.ts";

const child = fileURLToPath(new URL("support/messages-child.ts", import.meta.url));

/** The waits of a link do not keep a process alive; an app has something else that does. */
let alive: NodeJS.Timeout;
before(() => {
  alive = setInterval(() => {}, 60_000);
});
after(() => clearInterval(alive));

async function rig(more: Partial<AmqpOptions> = {}) {
  const stub = await startAmqpStub();
  const entries: Entry[] = [];
  const log = createLog({ level: "debug", wall: () => 0, write: (entry) => entries.push(entry) });
  const url = urlOf(stub);
  const link = (others: Partial<AmqpOptions> = {}) =>
    amqpLink({ connect, servers: [url], exchange: "shop", log, ...more, ...others });
  const end = new AbortController();
  const got: number[] = [];
  const consume = (from = link()) => {
    const source = from.source({ topics: ["shop.order.*"], queue: "orders", prefetch: 10 });
    const process = (n: number): void => void got.push(n);
    const task = relay<number>({ name: "orders", from: source, to: () => {}, process, log });
    const run = task.run(end.signal);
    run.catch(() => {});
    return { run, task };
  };
  const close = async (): Promise<void> => {
    end.abort();
    await stub.die();
  };
  return { stub, url, entries, link, end, got, consume, [Symbol.asyncDispose]: close };
}

function urlOf({ port }: AmqpStub, password = "right"): string {
  return `amqp://app:${password}@127.0.0.1:${port}`;
}

test("what is published arrives in its trace, is acknowledged, and bad bodies are dropped", async () => {
  await using it = await rig();
  const { task, run } = it.consume();
  const link = it.link();
  const traces: (string | undefined)[] = [];
  const told = relay<number>({
    name: "told",
    from: link.source({ topics: ["#"], queue: "told" }),
    to: link.sink("shop.told.again"),
    process: (n, { about }) => {
      traces.push(currentTrace()?.traceId);
      return about.topic === "shop.order.new" ? n : undefined;
    },
  }).run(it.end.signal);
  await eventually("both consume", () => link.counts().consuming === 1);
  const traceId = "a".repeat(32);
  await link.publish("shop.order.new", 1, { traceparent: `00-${traceId}-${"b".repeat(16)}-01` });
  await it.link({ encode: () => Buffer.from("{") }).publish("shop.order.old", 0);
  await eventually("the bad one is dropped", () => it.stub.rejected.length === 2);
  await eventually("the trace went through a relay", () => traces.length === 2);
  assert.deepEqual([it.got, it.stub.rejected, traces], [[1], ["{", "{"], [traceId, traceId]]);
  assert.deepEqual(task.counts(), { done: 1, bad: 1, released: 0 });
  it.end.abort();
  await within(5_000, Promise.all([run, told]));
  assert.deepEqual([it.stub.depth("orders"), it.stub.depth("told")], [0, 0]);
});

test("a broker that dies while messages are published and consumed loses none", async () => {
  await using it = await rig({ onLost: "reconnect", publishRetries: 6 });
  const consumer = it.link();
  const { run } = it.consume(consumer);
  await eventually("it consumes", () => consumer.counts().consuming === 1);
  let back: Promise<void> | undefined;
  it.stub.onPublish = (count) => {
    if (count === 150) back = it.stub.die().then(() => it.stub.start());
  };
  const link = it.link();
  for (let n = 0; n < 300; n++) await link.publish("shop.order.new", n);
  await back;
  await eventually("all are there", () => new Set(it.got).size === 300);
  // The one without a confirmation was published twice, and up to ten were not acknowledged yet.
  assert.ok(it.got.length <= 311, `${it.got.length} messages`);
  assert.deepEqual([link.counts().published, link.counts().retried > 0], [300, true]);
  it.end.abort();
  await within(5_000, run);
});

test("a lost or cancelled consumer is a fatal dependency error", async () => {
  for (const loss of ["die", "cancelConsumers"] as const) {
    await using it = await rig();
    const link = it.link();
    const { run } = it.consume(link);
    await eventually("it consumes", () => link.counts().consuming === 1);
    await it.stub[loss]();
    await assert.rejects(within(5_000, run), (error: Error) => {
      assert.equal(error.message, "consumer interrupted");
      return dependencyIn(error) === error;
    });
    if (loss === "die") await it.stub.start();
  }
});

test("a server that blocks is left for the next one; a refused login names no password", async () => {
  await using it = await rig({ blockedLimitMs: 200 });
  await using other = await rig();
  const wrong = urlOf(other.stub, "s3cret-pass");
  const link = it.link({ servers: [it.url, wrong, other.url] });
  await link.publish("shop.order.new", 1);
  it.stub.block(true);
  await within(5_000, link.publish("shop.order.new", 2));
  assert.equal(link.counts().retried, 1);
  const alone = it.link({ servers: [wrong], publishRetries: 0 });
  await assert.rejects(alone.publish("shop.order.new", 3), (error: Error) => {
    assert.match(error.message, /ACCESS_REFUSED/);
    return !`${error.message}${JSON.stringify(it.entries)}`.includes("s3cret");
  });
  await link.close();
});

test("every message is processed though its consumer is killed again and again", async (t) => {
  await using it = await rig();
  const folder = mkdtempSync(join(tmpdir(), "homeostat-amqp-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "noted");
  const count = 300;
  const first = it.link();
  const { run } = it.consume(first);
  await eventually("the queue is there", () => first.counts().consuming === 1);
  it.end.abort();
  await run;
  for (let n = 0; n < count; n++) await first.publish("shop.order.new", n);
  await first.close();
  const noted = (): number[] => {
    try {
      return readFileSync(file, "utf8").trim().split("\n").map(Number);
    } catch {
      return []; // nothing is noted yet
    }
  };
  for (const killAt of [37, 120, 201, count]) {
    const execArgv = ["--conditions=source"];
    const noter: ChildProcess = fork(child, ["amqp", file, it.url], { execArgv });
    t.after(() => noter.kill("SIGKILL"));
    await eventually(`${killAt} are noted`, () => new Set(noted()).size >= killAt);
    const exited = once(noter, "exit");
    noter.kill("SIGKILL");
    await exited;
  }
  assert.equal(new Set(noted()).size, count);
  // Three were under way at each of three kills.
  assert.ok(noted().length <= count + 9, `${noted().length} notes`);
});
