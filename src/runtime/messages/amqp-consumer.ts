// The messages of an AMQP queue as a source: acknowledged after success, back in the queue otherwise.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { type Backoff, backoff } from "../../policies/retry/backoff.ts";
import { fatalDependency } from "../parts/dependency.ts";
import { wait } from "../parts/wait.ts";
import type { AmqpChannel, AmqpMessage } from "./amqp-client.ts";
import { amqpDelivery, type Held } from "./amqp-delivery.ts";
import { createDial, type Dial, type Line } from "./amqp-line.ts";
import { type AmqpHome, isRefusal, refused } from "./amqp-publisher.ts";
import type { Delivery, Source } from "./delivery.ts";
import { createInbox, type Inbox } from "./inbox.ts";
import { within } from "./until.ts";

export interface AmqpQueue {
  /** Which messages of the exchange come into the queue: `shop.order.*`, `shop.#`. */
  readonly topics: readonly string[];
  /**
   * A named queue is durable and shared: what comes while nobody consumes waits in it. Without a
   * name the queue is this consumer's own and its messages are gone with it.
   */
  readonly queue?: string;
  /** So many messages are taken before the first is acknowledged. Default 1. */
  readonly prefetch?: number;
  /** Arguments of the queue, such as `x-dead-letter-exchange`. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

interface Session {
  readonly line: Line;
  readonly channel: AmqpChannel;
  readonly inbox: Inbox<Delivery>;
  readonly tag: string;
}

/** Between attempts to consume again: 100 ms, doubled each time up to 30,000 ms, half by chance. */
const pause: Backoff = backoff({ baseMs: 100, maxMs: 30_000, jitter: "equal" });

export function createConsumer(home: AmqpHome, queue: AmqpQueue, closed: AbortSignal): Source {
  return { [Symbol.asyncIterator]: () => consume(home, queue, closed) };
}

function consume(home: AmqpHome, queue: AmqpQueue, closed: AbortSignal): AsyncIterator<unknown> {
  const { settings, clock, random, log, count } = home;
  const { name, onLost } = settings;
  const dial = createDial(home);
  const own = new AbortController();
  const over = AbortSignal.any([own.signal, closed]);
  let session: Session | undefined;
  let failures = 0;
  const state = { last: 0 };

  const end = async (): Promise<void> => {
    const last = session;
    session = undefined;
    if (last) await endSession(home, last);
  };
  const onClosed = (): void => void end();
  closed.addEventListener("abort", onClosed, { once: true });

  const interrupted = async (error: unknown): Promise<void> => {
    count("interrupted");
    await end();
    if (isRefusal(error)) throw refused(name, error);
    if (onLost === "die") throw fatalDependency("consumer interrupted", { cause: error });
    log.warn(`${name}: consumer interrupted, it is begun again: ${messageOf(error)}`);
    await wait(clock, pause(failures++, state, random), over);
  };
  return {
    next: async () => {
      while (!over.aborted) {
        try {
          session ??= await openSession(home, dial, queue, over);
          const result = await session.inbox.next();
          if (result.done) break;
          failures = 0;
          return result;
        } catch (error) {
          if (over.aborted) break;
          await interrupted(error);
        }
      }
      await end();
      return { done: true, value: undefined };
    },
    return: async () => {
      own.abort(new HomeostatError("CANCELLED", `${name}: the consumer ends`));
      closed.removeEventListener("abort", onClosed);
      await end();
      return { done: true, value: undefined };
    },
  };
}

/** What waits here goes back at once, not only when the server notices that the channel is gone. */
async function endSession(home: AmqpHome, { line, channel, inbox, tag }: Session): Promise<void> {
  const { clock, log, settings } = home;
  const ended = (async () => {
    if (!line.lost.aborted) await channel.cancel(tag);
    await inbox.return();
  })();
  try {
    await within(clock, 1_000, ended);
  } catch (error) {
    log.debug(`${settings.name}: at the end of a consumer: ${messageOf(error)}`);
  }
  await line.close(channel);
}

async function openSession(
  home: AmqpHome,
  dial: Dial,
  queue: AmqpQueue,
  signal: AbortSignal,
): Promise<Session> {
  const { settings, clock, count } = home;
  const { connectLimitMs } = settings;
  const line = await dial(signal);
  const opening = beginConsuming(home, line, queue);
  try {
    const opened = await within(clock, connectLimitMs, opening, signal);
    signal.throwIfAborted();
    if (!opened) throw new HomeostatError("TIMED_OUT", `no consumer within ${connectLimitMs} ms`);
    count("consuming");
    return opened.value;
  } catch (error) {
    opening.catch(() => {});
    await line.close();
    throw error;
  }
}

async function beginConsuming(home: AmqpHome, line: Line, given: AmqpQueue): Promise<Session> {
  const { settings, clientLog } = home;
  const { exchange, exchangeType, name } = settings;
  const { topics, queue, prefetch = 1, arguments: more } = given;
  const inbox: Inbox<Delivery> = createInbox(prefetch + 1, (left) => {
    for (const item of left) item.release?.();
  });
  const channel = await line.connection.createChannel();
  const held: Held = { channel, line, home };
  const interrupt = (error: unknown): void => {
    line.lose(error);
    inbox.fail(error);
  };
  line.lost.addEventListener("abort", () => interrupt(line.lost.reason), { once: true });
  channel.on("error", (error: unknown) => {
    clientLog.error(`${name}: channel: ${messageOf(error)}`, { error });
    interrupt(error);
  });
  channel.on("close", () => interrupt(new HomeostatError("DEPENDENCY_LOST", "channel closed")));
  await channel.assertExchange(exchange, exchangeType, { durable: true });
  const kind = queue === undefined ? { exclusive: true, autoDelete: true } : { durable: true };
  const asserted = await channel.assertQueue(queue ?? "", {
    ...kind,
    ...(more && { arguments: more }),
  });
  for (const topic of topics) await channel.bindQueue(asserted.queue, exchange, topic);
  await channel.prefetch(prefetch);
  const onMessage = (message: AmqpMessage | null): void => {
    if (message) inbox.push(amqpDelivery(held, message));
    else interrupt(new HomeostatError("DEPENDENCY_LOST", `${line.server} cancelled the consumer`));
  };
  const { consumerTag } = await channel.consume(asserted.queue, onMessage);
  return { line, channel, inbox, tag: consumerTag };
}
