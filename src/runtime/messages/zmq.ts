// Messages over the sockets of zeromq.js 6, which are known here by their shape only.
import { HomeostatError } from "../../kernel/errors.ts";
import { checkLength, fromJson, mostBytes, toJson } from "./codec.ts";
import { type Delivery, delivery, type Send, type Source } from "./delivery.ts";
import { type Envelope, envelope, told } from "./envelope.ts";

/** Pull, Reply, Subscriber: an async iterable of messages, each of one or more frames. */
export interface ZmqReadable {
  [Symbol.asyncIterator](): AsyncIterator<readonly Uint8Array[], unknown>;
}

/** Push, Publisher, Request. */
export interface ZmqWritable {
  send(message: Uint8Array | Uint8Array[]): Promise<void>;
}

export interface ZmqSourceOptions {
  /** Default: the last frame as JSON. What it throws makes the message a bad one. */
  readonly decode?: (frames: readonly Uint8Array[]) => unknown;
  /** Longer messages are bad ones. Default 16 MiB. */
  readonly bytesMax?: number;
}

export interface ZmqSinkOptions {
  /** Default: the envelope as one frame of JSON. */
  readonly encode?: (message: Envelope) => Uint8Array | Uint8Array[];
}

/**
 * ZeroMQ knows no acknowledgement: what this process has taken and not processed dies with it. Hand
 * the same source to each run of a task: the message that comes between two runs is then kept. A
 * frame before the last, as the topic of a subscription, is `about.topic`. Ends when the socket is
 * closed; closing it is up to its owner, such as a scope.
 */
export function zmqSource(socket: ZmqReadable, options: ZmqSourceOptions = {}): Source {
  return sourceOf(socket, (frames) => deliveryOf(frames, options));
}

/** The requests of a Reply socket, for a worker: it has to answer each before it gets the next. */
export function zmqRequests(
  socket: ZmqReadable & ZmqWritable,
  options: ZmqSourceOptions & ZmqSinkOptions = {},
): Source {
  const { encode = toJson } = options;
  return sourceOf(socket, (frames) => {
    const reply = (answer: Envelope): Promise<void> => socket.send(encode(answer));
    const ending = new HomeostatError("CANCELLED", "the worker is ending");
    return delivery({
      ...deliveryOf(frames, options),
      reply,
      release: () => reply({ ...envelope(null), error: told(ending) }),
    });
  });
}

/** Sends one message after the other, as a socket takes no second one while it waits for a peer. */
export function zmqSink(socket: ZmqWritable, options: ZmqSinkOptions = {}): { send: Send } {
  const { encode = toJson } = options;
  let tail: Promise<unknown> = Promise.resolve();
  return {
    send: (message) => {
      const bytes = encode(message);
      const sent = tail.then(() => socket.send(bytes));
      tail = sent.catch(() => {});
      return sent;
    },
  };
}

function sourceOf(socket: ZmqReadable, make: (frames: readonly Uint8Array[]) => Delivery): Source {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = socket[Symbol.asyncIterator]();
      return {
        next: async () => {
          const { done, value } = await iterator.next();
          if (done) return { done, value: undefined };
          return { done: false, value: make(value) };
        },
      };
    },
  };
}

function deliveryOf(frames: readonly Uint8Array[], options: ZmqSourceOptions): Delivery {
  const { decode, bytesMax = mostBytes } = options;
  const last = frames.at(-1) ?? new Uint8Array();
  const [topic] = frames.length > 1 ? frames : [];
  return delivery({
    read: () => {
      checkLength(last, bytesMax);
      return decode ? decode(frames) : fromJson(last, bytesMax);
    },
    ...(topic && { about: { topic: Buffer.from(topic).toString() } }),
  });
}
