// Publishes to an AMQP exchange and knows that the server has it, or says that it has not.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { randomId } from "../../kernel/ids.ts";
import type { Random } from "../../kernel/random.ts";
import { type Backoff, backoff } from "../../policies/retry/backoff.ts";
import { fatalDependency } from "../parts/dependency.ts";
import { wait } from "../parts/wait.ts";
import type { AmqpConfirmChannel } from "./amqp-client.ts";
import type { Count } from "./amqp-counts.ts";
import { createDial, type DialHome, type Line } from "./amqp-line.ts";
import { wrongTopic } from "./amqp-settings.ts";
import { toJson } from "./codec.ts";
import { badMessage } from "./delivery.ts";
import { type Envelope, open } from "./envelope.ts";
import { within } from "./until.ts";

export interface AmqpHome extends DialHome {
  readonly random: Random;
  readonly count: Count;
}

export interface Publisher {
  publish(topic: string, message: Envelope, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

interface Way {
  readonly line: Line;
  readonly channel: AmqpConfirmChannel;
}

/** Before each repeat: 100 ms, doubled each time, half of it by chance. */
const pause: Backoff = backoff({ baseMs: 100, jitter: "equal" });

export function createPublisher(home: AmqpHome): Publisher {
  const { settings, clock, random, log, count } = home;
  const { name, publishRetries, pendingMax, onLost } = settings;
  const dial = createDial(home);
  const over = new AbortController();
  let [way, opening, pending]: [Way | undefined, Promise<Way> | undefined, number] = [
    undefined,
    undefined,
    0,
  ];

  const ready = async (): Promise<Way> => {
    if (way && !way.line.lost.aborted) return way;
    opening ??= openWay(home, dial, over.signal).finally(() => {
      opening = undefined;
    });
    way = await opening;
    return way;
  };
  const drop = async (used: Way | undefined): Promise<void> => {
    if (way === used) way = undefined;
    await used?.line.close(used.channel);
  };
  const attempts = async (topic: string, sent: Sent, signal: AbortSignal): Promise<void> => {
    const state = { last: 0 };
    for (let n = 0; ; n++) {
      let used: Way | undefined;
      try {
        used = await ready();
        await confirmed(home, used, topic, sent, signal);
        return count("published");
      } catch (error) {
        signal.throwIfAborted();
        await drop(used);
        if (isRefusal(error)) throw refused(name, error);
        if (n >= publishRetries) {
          count("unpublished");
          const why = `${name}: a message could not be published: ${messageOf(error)}`;
          if (onLost === "die") throw fatalDependency(why);
          throw new HomeostatError("DEPENDENCY_LOST", why);
        }
        count("retried");
        log.warn(`${name}: publishing is tried again: ${messageOf(error)}`);
        if (!(await wait(clock, pause(n, state, random), signal))) throw signal.reason;
      }
    }
  };
  return {
    publish: async (topic, message, given) => {
      const wrong = wrongTopic(topic, settings.topicParts);
      if (wrong !== undefined) throw badMessage(`${name}: ${wrong}`);
      if (pending >= pendingMax) {
        throw new HomeostatError("BULKHEAD_FULL", `${name}: ${pendingMax} publications wait`);
      }
      const sent = encoded(home, message);
      const signal = AbortSignal.any([given, over.signal]);
      pending += 1;
      try {
        await attempts(topic, sent, signal);
      } finally {
        pending -= 1;
      }
    },
    close: async () => {
      over.abort(new HomeostatError("CANCELLED", `${name} is closed`));
      await drop(way);
    },
  };
}

async function openWay(
  home: AmqpHome,
  dial: (signal: AbortSignal) => Promise<Line>,
  signal: AbortSignal,
): Promise<Way> {
  const { settings, clock, clientLog, count } = home;
  const { exchange, exchangeType, name, connectLimitMs } = settings;
  const line = await dial(signal);
  const opening = (async () => {
    const channel = await line.connection.createConfirmChannel();
    channel.on("error", (error: unknown) => {
      clientLog.error(`${name}: channel: ${messageOf(error)}`, { error });
      line.lose(error);
    });
    channel.on("return", () => count("unrouted"));
    channel.on("close", () => line.lose(new HomeostatError("DEPENDENCY_LOST", "channel closed")));
    await channel.assertExchange(exchange, exchangeType, { durable: true });
    return channel;
  })();
  try {
    const opened = await within(clock, connectLimitMs, opening, signal);
    signal.throwIfAborted();
    if (!opened) throw new HomeostatError("TIMED_OUT", `no channel within ${connectLimitMs} ms`);
    count("connected");
    return { line, channel: opened.value };
  } catch (error) {
    opening.catch(() => {});
    await line.close();
    throw error;
  }
}

interface Sent {
  readonly content: Buffer;
  readonly options: Record<string, unknown>;
}

/** The same id for each repeat, as the one before may have come through all the same. */
export function encoded({ settings, random }: AmqpHome, message: Envelope): Sent {
  const { data, error, ...headers } = open(message);
  const { encode = toJson } = settings;
  const body = error ? toJson({ data: null, error, ...headers }) : encode(data);
  const messageId = randomId(random, 20);
  const contentType = error || !settings.encode ? { contentType: "application/json" } : {};
  const options = {
    persistent: true,
    mandatory: true,
    messageId,
    headers: { ...headers },
    ...contentType,
  };
  return { content: Buffer.from(body), options };
}

async function confirmed(
  { settings, clock }: AmqpHome,
  { line, channel }: Way,
  topic: string,
  { content, options }: Sent,
  signal: AbortSignal,
): Promise<void> {
  const { exchange, confirmLimitMs } = settings;
  const published = new Promise<true>((resolve, reject) => {
    channel.publish(exchange, topic, content, options, (error) => {
      if (error) reject(error);
      else resolve(true);
    });
  });
  // It is rejected too when the connection is lost, by then nobody may be listening.
  published.catch(() => {});
  const stop = AbortSignal.any([line.lost, signal]);
  if (await within(clock, confirmLimitMs, published, stop)) return;
  signal.throwIfAborted();
  line.lost.throwIfAborted();
  throw new HomeostatError("TIMED_OUT", `${line.server} did not confirm in ${confirmLimitMs} ms`);
}

/** The server says that this cannot be, today or tomorrow: forbidden, or declared otherwise. */
export function isRefusal(error: unknown): boolean {
  const code = error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
  return code === 403 || code === 404 || code === 406;
}

export function refused(name: string, error: unknown): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `${name}: ${messageOf(error)}`);
}
