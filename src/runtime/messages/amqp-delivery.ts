// One message of an AMQP queue: its trace and data, and what the server is told became of it.
import { messageOf } from "../../kernel/errors.ts";
import type { AmqpChannel, AmqpMessage } from "./amqp-client.ts";
import type { Line } from "./amqp-line.ts";
import { type AmqpHome, encoded } from "./amqp-publisher.ts";
import { wrongTopic } from "./amqp-settings.ts";
import { checkLength, fromJson } from "./codec.ts";
import { badMessage, type Delivery, delivery } from "./delivery.ts";

/** A message is acknowledged over the channel that it came by, or not at all. */
export interface Held {
  readonly channel: AmqpChannel;
  readonly line: Line;
  readonly home: AmqpHome;
}

export function amqpDelivery({ channel, line, home }: Held, message: AmqpMessage): Delivery {
  const { settings, log, count } = home;
  const { fields, properties } = message;
  const { replyTo, correlationId, messageId } = properties;
  const say = (what: string, tell: () => void): void => {
    try {
      if (line.lost.aborted) throw line.lost.reason;
      tell();
    } catch (error) {
      // The server gives it to somebody again: at least once holds.
      count("stale");
      log.debug(`${settings.name}: ${what} comes too late: ${messageOf(error)}`);
    }
  };
  const answered = typeof replyTo === "string" && replyTo !== "";
  return delivery({
    about: {
      topic: fields.routingKey,
      redelivered: fields.redelivered,
      ...(messageId !== undefined && { messageId }),
    },
    read: () => readBody(home, message),
    ack: () => say("an acknowledgement", () => channel.ack(message as never)),
    reject: () => say("a rejection", () => channel.nack(message as never, false, false)),
    release: () => say("a release", () => channel.nack(message as never, false, true)),
    ...(answered && {
      reply: (answer) => {
        const { content: body, options } = encoded(home, answer);
        say("an answer", () =>
          channel.sendToQueue(replyTo, body, {
            ...options,
            correlationId,
            persistent: false,
            mandatory: false,
          }),
        );
      },
    }),
  });
}

function readBody({ settings }: AmqpHome, { fields, content, properties }: AmqpMessage): unknown {
  const { decode, bytesMax, topicParts } = settings;
  const wrong = wrongTopic(fields.routingKey, topicParts);
  if (wrong !== undefined) throw badMessage(wrong);
  checkLength(content, bytesMax);
  const data = decode ? decode(content) : fromJson(content, bytesMax);
  const { traceparent, tracestate, baggage } = properties.headers ?? {};
  return typeof traceparent === "string" ? { data, traceparent, tracestate, baggage } : data;
}
