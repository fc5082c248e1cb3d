// A small AMQP broker: durable queues in memory, confirms, redelivery; it can die, block and refuse.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import {
  bodyFrame,
  type Frame,
  frame,
  framesIn,
  headerFrame,
  long,
  methodFrame,
  type Reader,
  reader,
  short,
  u8,
  u16,
  u32,
  u64,
} from "./amqp-wire.ts";

interface Message {
  readonly id: number;
  readonly topic: string;
  /** As the publisher wrote them. */
  readonly properties: Buffer;
  readonly body: Buffer;
  redelivered: boolean;
}

interface Queue {
  readonly name: string;
  readonly topics: Set<string>;
  readonly messages: Message[];
}

interface Consumer {
  readonly tag: string;
  readonly queue: Queue;
}

interface Channel {
  readonly number: number;
  confirms: boolean;
  published: number;
  delivered: number;
  prefetch: number;
  consumer?: Consumer;
  readonly unacked: Map<number, { readonly queue: Queue; readonly message: Message }>;
  incoming?: { readonly topic: string; size: number; properties: Buffer; readonly parts: Buffer[] };
}

export interface AmqpStub {
  readonly port: number;
  /** What lies in a queue and is not taken. */
  depth(queue: string): number;
  /** Ends all connections without a word and listens no more, as after SIGKILL. */
  die(): Promise<void>;
  start(): Promise<void>;
  cancelConsumers(): void;
  /** Tells all publishers that they are blocked, and confirms nothing. */
  block(on: boolean): void;
  /** Called with the number of messages so far, before each is confirmed. */
  onPublish: (count: number) => void;
  readonly rejected: readonly string[];
}

const password = "right";

export async function startAmqpStub(): Promise<AmqpStub> {
  const broker = createBroker();
  let server: Server = createServer(broker.accept);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return Object.assign(broker.controls, {
    port,
    die: async () => {
      const closed = once(server, "close");
      server.close();
      broker.dropAll();
      await closed;
    },
    start: async () => {
      server = createServer(broker.accept);
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
  });
}

function createBroker() {
  const queues = new Map<string, Queue>();
  const links = new Set<ReturnType<typeof createLink>>();
  const rejected: string[] = [];
  const state = { blocked: false, published: 0 };
  const controls = {
    rejected,
    onPublish: (_count: number): void => {},
    depth: (name: string) => queues.get(name)?.messages.length ?? 0,
    cancelConsumers: () => {
      for (const link of links) link.cancel();
    },
    block: (on: boolean) => {
      state.blocked = on;
      for (const link of links) link.tellBlocked(on);
    },
  };
  const pump = (): void => {
    for (const link of links) link.pump();
  };
  const publish = (topic: string, properties: Buffer, body: Buffer): void => {
    state.published += 1;
    const id = state.published;
    for (const queue of queues.values()) {
      if (![...queue.topics].some((pattern) => fits(pattern, topic))) continue;
      queue.messages.push({ id, topic, properties, body, redelivered: false });
    }
    controls.onPublish(id);
    pump();
  };
  const accept = (socket: Socket): void => {
    const link = createLink(socket, { queues, rejected, state, publish, pump });
    links.add(link);
    socket.on("close", () => {
      links.delete(link);
      link.giveBack();
      pump();
    });
  };
  const dropAll = (): void => {
    for (const link of links) link.drop();
  };
  return { controls, accept, dropAll };
}

interface Shared {
  readonly queues: Map<string, Queue>;
  readonly rejected: string[];
  readonly state: { readonly blocked: boolean };
  publish(topic: string, properties: Buffer, body: Buffer): void;
  pump(): void;
}

function createLink(socket: Socket, shared: Shared) {
  const channels = new Map<number, Channel>();
  let bytes: Buffer = Buffer.alloc(0);
  let greeted = false;
  const send = (channel: number, id: readonly [number, number], ...values: Buffer[]): void => {
    const payload = Buffer.concat([u16(id[0]), u16(id[1]), ...values]);
    socket.write(frame({ type: methodFrame, channel, payload }));
  };
  const giveBack = (only?: Channel): void => {
    for (const channel of only ? [only] : channels.values()) {
      for (const { queue, message } of channel.unacked.values()) putBack(queue, message);
      channel.unacked.clear();
    }
  };
  const deliver = (channel: Channel, { tag, queue }: Consumer, message: Message): void => {
    channel.delivered += 1;
    channel.unacked.set(channel.delivered, { queue, message });
    const { topic, body, properties, redelivered } = message;
    const where = [short("stub"), short(topic)];
    send(channel.number, [60, 60], short(tag), u64(channel.delivered), u8(+redelivered), ...where);
    const head = Buffer.concat([u16(60), u16(0), u64(body.length), properties]);
    const of = { channel: channel.number };
    socket.write(frame({ ...of, type: headerFrame, payload: head }));
    if (body.length > 0) socket.write(frame({ ...of, type: bodyFrame, payload: body }));
  };
  const pump = (): void => {
    for (const channel of channels.values()) {
      const { consumer } = channel;
      while (consumer && channel.unacked.size < channel.prefetch && !socket.destroyed) {
        const message = consumer.queue.messages.shift();
        if (!message) break;
        deliver(channel, consumer, message);
      }
    }
  };
  const whole = (channel: Channel): void => {
    const { incoming } = channel;
    if (!incoming || incoming.size > 0) return;
    delete channel.incoming;
    shared.publish(incoming.topic, incoming.properties, Buffer.concat(incoming.parts));
    channel.published += 1;
    if (channel.confirms && !shared.state.blocked && !socket.destroyed) {
      send(channel.number, [60, 80], u64(channel.published), u8(0));
    }
  };
  const methods = createMethods({
    ...shared,
    channels,
    send,
    giveBack,
    pump,
    end: () => socket.end(),
  });
  const take = ({ type, channel: number, payload }: Frame): void => {
    const read = reader(payload);
    const channel = channels.get(number);
    if (type === methodFrame) {
      methods(number, `${read.u16()}.${read.u16()}`, read);
    } else if (type === headerFrame && channel?.incoming) {
      read.u32();
      channel.incoming.size = read.u64();
      channel.incoming.properties = Buffer.from(read.rest());
      whole(channel);
    } else if (type === bodyFrame && channel?.incoming) {
      channel.incoming.parts.push(Buffer.from(payload));
      channel.incoming.size -= payload.length;
      whole(channel);
    }
  };
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (!greeted && bytes.length >= 8) {
      greeted = true;
      bytes = bytes.subarray(8);
      send(0, [10, 10], u8(0), u8(9), u32(0), long("PLAIN"), long("en_US"));
    }
    const { frames, rest } = framesIn(bytes);
    bytes = rest;
    for (const each of frames) take(each);
  });
  return {
    giveBack,
    pump,
    drop: () => socket.destroy(),
    tellBlocked: (on: boolean) => {
      if (on) send(0, [10, 60], short("low on memory"));
      else send(0, [10, 61]);
    },
    cancel: () => {
      for (const channel of channels.values()) {
        if (channel.consumer) send(channel.number, [60, 30], short(channel.consumer.tag), u8(1));
        delete channel.consumer;
      }
    },
  };
}

interface LinkParts extends Shared {
  readonly channels: Map<number, Channel>;
  send(channel: number, id: readonly [number, number], ...values: Buffer[]): void;
  giveBack(only?: Channel): void;
  end(): void;
}

function createMethods(link: LinkParts): (number: number, id: string, read: Reader) => void {
  const { channels, send, queues } = link;
  const channelOf = (number: number): Channel => {
    const known = channels.get(number);
    if (known) return known;
    const counts = { published: 0, delivered: 0, prefetch: 65_535 };
    const channel = { number, confirms: false, ...counts, unacked: new Map() };
    channels.set(number, channel);
    return channel;
  };
  const settle = (channel: Channel, read: Reader, how: "ack" | "nack"): void => {
    const tag = read.u64();
    const held = channel.unacked.get(tag);
    const requeue = how === "nack" && (read.u8() & 2) === 2;
    channel.unacked.delete(tag);
    if (held && requeue) putBack(held.queue, held.message);
    if (held && how === "nack" && !requeue) link.rejected.push(String(held.message.body));
    link.pump();
  };
  const methods: Record<string, (channel: Channel, read: Reader) => void> = {
    "10.11": (_, read) => {
      const table = read.u32();
      for (let i = 0; i < table; i++) read.u8();
      read.short();
      if (read.long().endsWith(`\0${password}`))
        return send(0, [10, 30], u16(0), u32(131_072), u16(0));
      send(0, [10, 50], u16(403), short("ACCESS_REFUSED - Login was refused"), u16(0), u16(0));
    },
    "10.40": () => send(0, [10, 41], short("")),
    "10.50": () => {
      send(0, [10, 51]);
      link.end();
    },
    "20.10": (channel) => send(channel.number, [20, 11], u32(0)),
    "20.40": (channel) => {
      send(channel.number, [20, 41]);
      link.giveBack(channel);
      channels.delete(channel.number);
      link.pump();
    },
    "40.10": (channel) => send(channel.number, [40, 11]),
    "50.10": (channel, read) => {
      read.u16();
      const name = read.short() || `own-${queues.size}`;
      if (!queues.has(name)) queues.set(name, { name, topics: new Set(), messages: [] });
      send(channel.number, [50, 11], short(name), u32(0), u32(0));
    },
    "50.20": (channel, read) => {
      read.u16();
      const queue = queues.get(read.short());
      read.short();
      queue?.topics.add(read.short());
      send(channel.number, [50, 21]);
    },
    "60.10": (channel, read) => {
      read.u32();
      channel.prefetch = read.u16();
      send(channel.number, [60, 11]);
    },
    "60.20": (channel, read) => {
      read.u16();
      const queue = queues.get(read.short());
      const tag = read.short() || "stub-consumer";
      send(channel.number, [60, 21], short(tag));
      if (queue) channel.consumer = { tag, queue };
      link.pump();
    },
    "60.30": (channel, read) => {
      delete channel.consumer;
      send(channel.number, [60, 31], short(read.short()));
    },
    "60.40": (channel, read) => {
      read.u16();
      read.short();
      channel.incoming = { topic: read.short(), size: 0, properties: Buffer.alloc(0), parts: [] };
    },
    "60.80": (channel, read) => settle(channel, read, "ack"),
    "60.120": (channel, read) => settle(channel, read, "nack"),
    "85.10": (channel) => {
      channel.confirms = true;
      send(channel.number, [85, 11]);
    },
  };
  return (number, id, read) => methods[id]?.(channelOf(number), read);
}

/** Where it was: before all that came later. */
function putBack({ messages }: Queue, message: Message): void {
  message.redelivered = true;
  const at = messages.findIndex(({ id }) => id > message.id);
  messages.splice(at < 0 ? messages.length : at, 0, message);
}

/** `*` is one part of a topic, `#` any number of them. */
function fits(pattern: string, topic: string): boolean {
  const match = (words: readonly string[], parts: readonly string[]): boolean => {
    const [word, ...more] = words;
    if (word === undefined) return parts.length === 0;
    if (word === "#")
      return match(more, parts) || (parts.length > 0 && match(words, parts.slice(1)));
    return parts.length > 0 && (word === "*" || word === parts[0]) && match(more, parts.slice(1));
  };
  return match(pattern.split("."), topic.split("."));
}
