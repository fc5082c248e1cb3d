// The AMQP link against a client of amqplib's shape that a test can break: losses, limits, masks.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";
import { createLog, type Entry } from "../../kernel/log.ts";
import { seeded } from "../../kernel/random.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { dependencyIn } from "../parts/dependency.ts";
import { amqpLink } from "./amqp.ts";
import type { AmqpConnection, AmqpMessage } from "./amqp-client.ts";
import type { AmqpOptions } from "./amqp-settings.ts";
import { relay } from "./relay.ts";

type Confirm = (error: unknown) => void;

/** Servers that do as the test says; `said` is what they were told. */
function world() {
  const said: string[] = [];
  const state = { down: new Set<string>(), confirms: true, hang: false };
  const connections: (EventEmitter & { server: string })[] = [];
  const channels: EventEmitter[] = [];
  const consumers: { channel: EventEmitter; give(message: AmqpMessage | null): void }[] = [];
  const published: { topic: string; body: string; messageId: unknown; confirm: Confirm }[] = [];

  const channelOf = (server: string) => {
    const channel = new EventEmitter();
    channels.push(channel);
    return Object.assign(channel, {
      assertExchange: async (name: string, type: string) => void said.push(`${type} ${name}`),
      assertQueue: async (queue = "", options: object = {}) => {
        said.push(`queue ${queue} ${Object.keys(options)}`);
        return { queue: queue || "own" };
      },
      bindQueue: async (queue: string, _: string, topic: string) =>
        void said.push(`bind ${queue} ${topic}`),
      prefetch: async (count: number) => void said.push(`prefetch ${count}`),
      consume: async (_: string, give: (message: AmqpMessage | null) => void) => {
        consumers.push({ channel, give });
        return { consumerTag: "tag" };
      },
      cancel: async () => void said.push("cancel"),
      ack: ({ fields }: AmqpMessage) => void said.push(`ack ${fields.deliveryTag}`),
      nack: ({ fields }: AmqpMessage, _: boolean, requeue: boolean) =>
        void said.push(`nack ${fields.deliveryTag} ${requeue}`),
      sendToQueue: (queue: string, body: Buffer) => Boolean(said.push(`to ${queue} ${body}`)),
      close: async () => void said.push(`close channel ${server}`),
      publish: (_: string, topic: string, body: Buffer, options: object, confirm: Confirm) => {
        const { messageId } = options as { messageId?: unknown };
        published.push({ topic, body: String(body), messageId, confirm });
        if (state.confirms) queueMicrotask(() => confirm(null));
        return true;
      },
    });
  };
  const connect = async (url: string): Promise<AmqpConnection> => {
    const server = new URL(url).hostname;
    said.push(`connect ${server}`);
    if (state.hang) return new Promise(() => {});
    if (state.down.has(server)) throw new Error(`refused ${url}`);
    const connection = Object.assign(new EventEmitter(), { server });
    connections.push(connection);
    return Object.assign(connection, {
      createChannel: async () => channelOf(server),
      createConfirmChannel: async () => channelOf(server),
      close: async () => void said.push(`close connection ${server}`),
    });
  };
  return { said, state, connections, channels, consumers, published, connect };
}

function rig(more: Partial<AmqpOptions> = {}) {
  const broker = world();
  const clock = simClock();
  const entries: Entry[] = [];
  const log = createLog({ level: "debug", wall: () => 0, write: (entry) => entries.push(entry) });
  const link = amqpLink({
    connect: broker.connect,
    servers: ["amqp://app:s3cret@a:5672/shop", "amqp://app:s3cret@b:5672/shop"],
    exchange: "shop",
    clock,
    random: seeded(1),
    log,
    ...more,
  });
  return { ...broker, clock, entries, link };
}

function message(deliveryTag: number, body: string, more: object = {}): AmqpMessage {
  const fields = {
    deliveryTag,
    redelivered: false,
    exchange: "shop",
    routingKey: "shop.order.new",
  };
  return { content: Buffer.from(body), fields, properties: {}, ...more };
}

const lost = new Error("read ECONNRESET");

describe("publishing", () => {
  test("resolves when the server has confirmed, over one connection", async () => {
    const { link, said, published, state, clock } = rig();
    state.confirms = false;
    let confirmed = false;
    const first = link.publish("shop.order.new", { id: 1 }).then(() => {
      confirmed = true;
    });
    await clock.advance(10);
    assert.equal(confirmed, false);
    published[0]?.confirm(null);
    await first;
    state.confirms = true;
    await link.publish("shop.order.new", { id: 2 });
    assert.deepEqual(said, ["connect a", "topic shop"]);
    assert.deepEqual(
      published.map(({ body }) => body),
      ['{"id":1}', '{"id":2}'],
    );
  });

  test("a lost connection: channel and connection are closed, the next server is tried", async () => {
    const { link, said, published, state, connections, clock } = rig();
    state.confirms = false;
    const sent = link.publish("shop.order.new", 1);
    await clock.advance(0);
    connections[0]?.emit("error", lost);
    state.confirms = true;
    await clock.advance(100);
    await sent;
    assert.deepEqual(said, [
      ...["connect a", "topic shop", "close channel a", "close connection a"],
      ...["connect b", "topic shop"],
    ]);
    assert.equal(published[0]?.messageId, published[1]?.messageId);
    assert.deepEqual([link.counts().published, link.counts().retried], [1, 1]);
  });

  test("after three repeats it is a fatal dependency error that names no credentials", async () => {
    const { link, state, said, entries, clock } = rig();
    state.down = new Set(["a", "b"]);
    const sent = assert.rejects(link.publish("shop.order.new", 1), (error: Error) => {
      assert.equal(dependencyIn(error), error);
      assert.match(error.message, /no server answers: a:5672\/shop: refused \*\*\*; b:5672/);
      return true;
    });
    await clock.advance(1_000);
    await sent;
    assert.equal(said.length, 8);
    assert.doesNotMatch(JSON.stringify(entries.map(String)) + JSON.stringify(entries), /s3cret/);
  });

  test('with "reconnect" the same is an error of this message only', async () => {
    const { link, state, clock } = rig({ onLost: "reconnect", publishRetries: 0 });
    state.down = new Set(["a", "b"]);
    const sent = assert.rejects(link.publish("shop.order.new", 1), (error: Error) => {
      assert.equal((error as { code?: unknown }).code, "DEPENDENCY_LOST");
      assert.equal(dependencyIn(error), undefined);
      return true;
    });
    await clock.advance(10);
    await sent;
  });

  test("a connection that its server blocks for 5 s is lost", async () => {
    const { link, state, said, connections, clock } = rig();
    state.confirms = false;
    const sent = link.publish("shop.order.new", 1);
    await clock.advance(0);
    connections[0]?.emit("blocked", "low on memory");
    await clock.advance(3_000);
    connections[0]?.emit("unblocked");
    connections[0]?.emit("blocked", "low on memory");
    await clock.advance(4_900);
    assert.equal(said.includes("connect b"), false);
    state.confirms = true;
    await clock.advance(300);
    await sent;
    assert.equal(said.at(-2), "connect b");
  });

  test("a server that neither connects nor confirms is left after its limit", async () => {
    const { link, state, said, clock } = rig({ publishRetries: 1 });
    state.hang = true;
    const sent = assert.rejects(link.publish("shop.order.new", 1), /did not confirm in 10000 ms/);
    await clock.advance(5_000);
    state.hang = false;
    state.confirms = false;
    await clock.advance(21_000);
    await sent;
    assert.deepEqual(said.filter((word) => word.startsWith("connect")).length, 3);
  });

  test("what the server forbids is not tried again", async () => {
    const { link, state, clock, channels, said } = rig();
    state.confirms = false;
    const sent = assert.rejects(link.publish("shop.order.new", 1), { code: "OPTION_INVALID" });
    await clock.advance(0);
    channels[0]?.emit("error", Object.assign(new Error("ACCESS_REFUSED"), { code: 403 }));
    await clock.advance(0);
    await sent;
    assert.equal(said.filter((word) => word.startsWith("connect ")).length, 1);
  });

  test("a topic has three parts at least, and no wildcards", async () => {
    const { link, published } = rig();
    for (const topic of ["shop.order", "shop..new", "shop.order.*", "a.b.".repeat(70)]) {
      await assert.rejects(link.publish(topic, 1), { code: "WIRE_SHAPE" });
    }
    assert.equal(published.length, 0);
    const free = rig({ topicParts: 0 });
    await free.link.publish("order", 1);
  });

  test("options that cannot be are named without credentials", () => {
    const servers = ["http://app:s3cret@a"];
    assert.throws(
      () => rig({ servers }),
      (error: Error) => {
        assert.doesNotMatch(error.message, /s3cret/);
        return (error as { code?: unknown }).code === "OPTION_INVALID";
      },
    );
  });
});

describe("consuming", () => {
  const begin = (more: Partial<AmqpOptions> = {}) => {
    const all = rig(more);
    const end = new AbortController();
    const got: unknown[] = [];
    const task = relay({
      name: "orders",
      clock: all.clock,
      from: all.link.source({ topics: ["shop.order.*"], queue: "orders", prefetch: 2 }),
      to: () => {},
      process: (data, { about, trace }) => void got.push([data, about.topic, trace.parentSpanId]),
    });
    const run = task.run(end.signal);
    run.catch(() => {});
    return { ...all, end, got, task, run };
  };

  test("acknowledges after success; a bad body is dropped; what waits at the end goes back", async () => {
    const { clock, said, consumers, got, end, run, task } = begin();
    await clock.advance(0);
    const headers = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
    consumers[0]?.give(message(1, '{"id":1}', { properties: { headers } }));
    consumers[0]?.give(message(2, "{"));
    await clock.advance(0);
    end.abort();
    consumers[0]?.give(message(3, "3"));
    await clock.advance(0);
    await run;
    assert.deepEqual(said, [
      ...["connect a", "topic shop", "queue orders durable", "bind orders shop.order.*"],
      ...["prefetch 2", "ack 1", "nack 2 false", "cancel", "nack 3 true"],
      ...["close channel a", "close connection a"],
    ]);
    assert.deepEqual(got, [[{ id: 1 }, "shop.order.new", "b".repeat(16)]]);
    assert.deepEqual(task.counts(), { done: 1, bad: 1, released: 0 });
  });

  test("fault: a lost consumer is a fatal dependency error", async () => {
    const { clock, consumers, run, connections } = begin();
    await clock.advance(0);
    connections[0]?.emit("close", lost);
    await clock.advance(2_000);
    await assert.rejects(run, (error: Error) => {
      assert.equal(error.message, "consumer interrupted");
      return dependencyIn(error) === error && error.cause === lost;
    });
    const cancelled = begin();
    await cancelled.clock.advance(0);
    cancelled.consumers[0]?.give(null);
    await cancelled.clock.advance(2_000);
    await assert.rejects(cancelled.run, /consumer interrupted/);
    assert.equal(consumers.length, 1);
  });

  test('with "reconnect" it is begun again, at the next server, later and later', async () => {
    const { clock, state, said, consumers, connections, got, end, run } = begin({
      onLost: "reconnect",
    });
    await clock.advance(0);
    state.down = new Set(["a", "b"]);
    connections[0]?.emit("close", lost);
    await clock.advance(300_000);
    const tries = said.filter((word) => word.startsWith("connect ")).length;
    assert.ok(tries > 15 && tries < 60, `${tries} tries`);
    state.down = new Set();
    await clock.advance(30_000);
    consumers[1]?.give(message(1, "1"));
    await clock.advance(0);
    assert.equal(got.length, 1);
    end.abort();
    await run;
  });

  test("an acknowledgement for a lost connection is not sent over the next one", async () => {
    const all = rig({ onLost: "reconnect" });
    const work = Promise.withResolvers<void>();
    const end = new AbortController();
    const from = all.link.source({ topics: ["#"] });
    const process = () => work.promise;
    const run = relay({ name: "late", clock: all.clock, from, to: () => {}, process }).run(
      end.signal,
    );
    await all.clock.advance(0);
    all.consumers[0]?.give(message(1, "1"));
    await all.clock.advance(0);
    all.connections[0]?.emit("close", lost);
    work.resolve();
    await all.clock.advance(1_000);
    assert.equal(all.consumers.length, 2);
    assert.equal(all.said.includes("ack 1"), false);
    assert.equal(all.link.counts().stale, 1);
    end.abort();
    await run;
  });

  test("the client's own errors go to a logger that can be ignored", async () => {
    const { clock, connections, entries, run } = begin();
    await clock.advance(0);
    connections[0]?.emit("error", new Error("lost amqp://app:s3cret@a:5672/shop"));
    await clock.advance(2_000);
    await assert.rejects(run);
    const [error] = entries.filter(({ level }) => level === "error");
    assert.equal(error?.fields.logger, "amqp.client");
    assert.equal(error?.message, "amqp at a:5672/shop: lost ***");
  });
});
