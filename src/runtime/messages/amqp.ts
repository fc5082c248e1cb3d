// A link to AMQP (RabbitMQ): publishes with confirms, consumes with acknowledgements, fails over.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { anything, checkOptions, count as counted, named } from "../../policies/options.ts";
import { surroundings } from "../parts/surroundings.ts";
import { type AmqpQueue, createConsumer } from "./amqp-consumer.ts";
import { type AmqpCounts, createCounts } from "./amqp-counts.ts";
import { type AmqpHome, createPublisher } from "./amqp-publisher.ts";
import { type AmqpOptions, settingsOf } from "./amqp-settings.ts";
import type { Send, Source } from "./delivery.ts";
import { type Envelope, type EnvelopeOptions, envelope } from "./envelope.ts";

export interface PublishOptions extends EnvelopeOptions {
  readonly signal?: AbortSignal;
}

export interface AmqpLink extends AsyncDisposable {
  /**
   * Resolves when the server has confirmed the message. It may then be there more than once, with
   * the same `messageId`: a confirmation that was lost is no reason not to publish again.
   * Rejects with DEPENDENCY_LOST after the last repeat (fatal by `onLost: "die"`), with WIRE_SHAPE
   * for a wrong topic, with OPTION_INVALID for what the server refuses for good.
   */
  publish(topic: string, data: unknown, options?: PublishOptions): Promise<void>;
  /** What a relay passes on is published under this topic. */
  sink(topic: string | ((message: Envelope) => string)): { send: Send };
  /**
   * Messages for relays and workers, over a connection of its own, as a server that is short of
   * memory blocks connections that publish. By `onLost: "die"` a loss is the fatal dependency error
   * "consumer interrupted".
   */
  source(queue: AmqpQueue): Source;
  /** Since the link was made. */
  counts(): AmqpCounts;
  /** Ends sources, gives back what they hold, closes connections. */
  close(): Promise<void>;
}

/** Names of loggers, for `log.noisy`: what the client itself says of lost connections. */
export const amqpNoise: readonly string[] = ["amqp.client"];

const never = new AbortController().signal;

/** Connects when it is used first. @throws OPTION_INVALID */
export function amqpLink(options: AmqpOptions): AmqpLink {
  const settings = settingsOf(options);
  const around = surroundings(options);
  const { count, counts } = createCounts(settings.name, options.metrics);
  const clientLog = loggerNamed(around.log, amqpNoise[0] ?? "");
  const home: AmqpHome = { settings, ...around, clientLog, count };
  const publisher = createPublisher(home);
  const over = new AbortController();

  const publish = (topic: string, message: Envelope, signal: AbortSignal): Promise<void> => {
    if (over.signal.aborted) return Promise.reject(over.signal.reason);
    return publisher.publish(topic, message, signal);
  };
  const close = async (): Promise<void> => {
    step?.[Symbol.dispose]();
    over.abort(new HomeostatError("CANCELLED", `${settings.name} is closed`));
    await publisher.close();
  };
  const step = options.stopping?.onStop(settings.name, "resources", close);
  return {
    publish: async (topic, data, { signal = never, ...trace } = {}) =>
      publish(topic, envelope(data, trace), signal),
    sink: (topic) => ({
      send: (message, { signal }) =>
        publish(typeof topic === "string" ? topic : topic(message), message, signal),
    }),
    source: (queue) => {
      checkOptions<AmqpQueue>("amqpLink.source", queue, {
        topics: (value) => (Array.isArray(value) ? undefined : "a list of topics"),
        queue: named,
        prefetch: counted(1, 65_535),
        arguments: anything,
      });
      return createConsumer(home, queue, over.signal);
    },
    counts,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A log of the app knows loggers by name; any other takes the name as a field. */
function loggerNamed(log: Log, name: string): Log {
  const { named: byName } = log as Log & { readonly named?: (name: string) => Log };
  return byName ? byName(name) : log.child({ logger: name });
}
