// What messages come from and go to, as narrow as sockets, ports, queues and plain iterables can be.
import { HomeostatError } from "../../kernel/errors.ts";
import { causesOf } from "../parts/interrupt.ts";
import type { Envelope } from "./envelope.ts";

/** Messages come from it one by one: bare data, envelopes, or {@link delivery deliveries}. */
export type Source = AsyncIterable<unknown>;

export interface SendContext {
  /** Aborts when the time for sending is over. */
  readonly signal: AbortSignal;
}

/** Resolves when the message is as safe as the sink can make it: that is when the next one comes. */
export type Send = (message: Envelope, context: SendContext) => unknown;

export type Sink = Send | { send: Send };

/** A message of a source that wants to know what became of it. */
export interface Delivery {
  /** Bare data or an envelope; what it throws makes it a message that cannot be processed. */
  read(): unknown;
  /** What else is known of the message, such as its topic. */
  readonly about?: Readonly<Record<string, unknown>>;
  /** It was processed, and what came of it was sent: it need not come again. */
  ack?(): unknown;
  /** It cannot be processed and must not come again. */
  reject?(error: unknown): unknown;
  /** It was not processed; it may come again, here or elsewhere. */
  release?(): unknown;
  /** Answers it; for a {@link worker}. */
  reply?(answer: Envelope): unknown;
}

// By symbols of the registry, so that two copies of the package know them.
const brand: unique symbol = Symbol.for("homeostat.delivery") as never;
const badBrand: unique symbol = Symbol.for("homeostat.bad-message") as never;

export function delivery(of: Delivery): Delivery {
  return Object.defineProperty(of, brand, { value: true });
}

export function isDelivery(item: unknown): item is Delivery {
  return typeof item === "object" && item !== null && brand in item;
}

/** It is the message's fault: thrown by a sink, it costs this message and not the task. */
export function badMessage(message: string, cause?: unknown): HomeostatError {
  const error = new HomeostatError("WIRE_SHAPE", message, cause === undefined ? {} : { cause });
  return Object.defineProperty(error, badBrand, { value: true });
}

export function isBadMessage(error: unknown): boolean {
  return causesOf(error).some(
    (cause) => typeof cause === "object" && cause !== null && badBrand in cause,
  );
}

export function sendOf(sink: Sink): Send {
  return typeof sink === "function" ? sink : (message, context) => sink.send(message, context);
}
