// The sending end of a port: a message is sent when the other end has processed it.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { anything, checkOptions, count, finiteAbove, flag } from "../../policies/options.ts";
import { wait } from "../parts/wait.ts";
import { badMessage, type Send } from "./delivery.ts";
import { answerIn, type Envelope, envelope } from "./envelope.ts";
import { hear, type Port, post, readFrame } from "./port.ts";

export interface PortSinkOptions {
  /**
   * Waits until the {@link portSource} at the other end has processed the message, so that none is
   * lost with it and none piles up in between. Default true; false for a BroadcastChannel and for an
   * end that is not ours.
   */
  readonly acknowledged?: boolean;
  /** Milliseconds that the other end has for one message. Default 60,000. */
  readonly limitMs?: number;
  /** So many messages may be on their way; one more is refused. Default 1,000. */
  readonly most?: number;
  readonly clock?: Clock;
}

export interface PortSink extends Disposable {
  /** Rejects with DEPENDENCY_LOST when the other end closes, with TIMED_OUT when it is too slow. */
  readonly send: Send;
  /** The answer of a worker at the other end. @throws ACTION_FAILED when it could not answer. */
  ask(data: unknown, context?: { readonly signal?: AbortSignal }): Promise<unknown>;
}

interface Pending {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

export function portSink(port: Port, options: PortSinkOptions = {}): PortSink {
  checkOptions<PortSinkOptions>("portSink", options, {
    acknowledged: flag,
    limitMs: finiteAbove(0),
    most: count(1),
    clock: anything,
  });
  const { acknowledged = true, limitMs = 60_000, most = 1_000, clock = systemClock } = options;
  const exchange = createExchange(port, { limitMs, most, clock });
  const never = new AbortController().signal;
  return {
    send: (message, { signal }) =>
      acknowledged ? exchange.send(message, signal) : post(port, message),
    ask: async (data, { signal = never } = {}) =>
      answerIn(await exchange.send(envelope(data), signal)),
    [Symbol.dispose]: exchange.close,
  };
}

function createExchange(
  port: Port,
  { limitMs, most, clock }: Required<Pick<PortSinkOptions, "limitMs" | "most" | "clock">>,
) {
  const pending = new Map<number, Pending>();
  let [lastId, deaf] = [0, (): void => {}];

  const onMessage = (raw: unknown): void => {
    const frame = readFrame(raw);
    const one = frame && pending.get(frame.id);
    if (!one) return;
    if (frame.homeostat === "done" || frame.homeostat === "answer") one.resolve(frame.message);
    else if (frame.homeostat === "bad") one.reject(badMessage("the receiver could not process it"));
    else if (frame.homeostat === "released") one.reject(lost("the receiver is ending"));
  };
  let closed = false;
  const onEnd = (): void => {
    closed = true;
    for (const { reject } of pending.values()) reject(lost("the port closed"));
  };
  const ends = ["close", "disconnect", "exit"].map((event) => hear(port, event, onEnd));

  const send = (message: Envelope, signal: AbortSignal): Promise<unknown> => {
    if (pending.size >= most) {
      const full = `${most} messages are on their way over the port`;
      return Promise.reject(new HomeostatError("BULKHEAD_FULL", full));
    }
    if (closed) return Promise.reject(lost("the port has closed"));
    lastId += 1;
    const id = lastId;
    const over = new AbortController();
    return new Promise<unknown>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      if (signal.aborted) return onAbort();
      // Only who waits for an answer keeps the port, and the process with it, open.
      if (pending.size === 0) deaf = hear(port, "message", onMessage);
      pending.set(id, { resolve, reject });
      signal.addEventListener("abort", onAbort, { once: true, signal: over.signal });
      void wait(clock, limitMs, over.signal).then((passed) => {
        const slow = `the receiver has not processed a message within ${limitMs} ms`;
        if (passed) reject(new HomeostatError("TIMED_OUT", slow));
      });
      post(port, { homeostat: "message", id, message }, onEnd);
    }).finally(() => {
      over.abort();
      if (pending.delete(id) && pending.size === 0) deaf();
    });
  };
  const close = (): void => {
    for (const stop of ends.splice(0)) stop();
    onEnd();
  };
  return { send, close };
}

function lost(why: string): HomeostatError {
  return new HomeostatError("DEPENDENCY_LOST", why);
}
