// What an AMQP link is told, and the checks of it.
import { HomeostatError } from "../../kernel/errors.ts";
import {
  anything,
  called,
  checkOptions,
  count,
  finiteAbove,
  named,
  oneOf,
} from "../../policies/options.ts";
import type { Metrics } from "../parts/metrics.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { AmqpConnect } from "./amqp-client.ts";

export interface AmqpOptions extends Partial<Surroundings> {
  /** `connect` of amqplib; called with an address of `servers`. */
  readonly connect: AmqpConnect;
  /**
   * Addresses `amqp://user:password@host:5672/vhost`, tried in this order; after a loss the next one
   * is tried first. A query such as `?heartbeat=10` tells how fast a dead network is noticed.
   */
  readonly servers: readonly string[];
  readonly exchange: string;
  /** Default "topic"; it is declared as durable. */
  readonly exchangeType?: "topic" | "direct" | "fanout" | "headers";
  /** In messages and metrics; default "amqp". */
  readonly name?: string;
  /**
   * What a lost server means: "die" (default) is a fatal dependency error, so that whoever runs the
   * app starts it again; "reconnect" tries for ever, up to 30,000 ms apart, and fails what is
   * published meanwhile.
   */
  readonly onLost?: "die" | "reconnect";
  /** A topic has so many parts between dots at least; 0 checks nothing. Default 3. */
  readonly topicParts?: number;
  /** Repeats of a publication over a new connection. Default 3. */
  readonly publishRetries?: number;
  /** Milliseconds for connecting to one server. Default 5,000. */
  readonly connectLimitMs?: number;
  /** Milliseconds a connection may be blocked by its server before it is lost. Default 5,000. */
  readonly blockedLimitMs?: number;
  /** Milliseconds the server has to confirm a message. Default 10,000. */
  readonly confirmLimitMs?: number;
  /** So many publications may wait to be confirmed; one more is refused. Default 1,000. */
  readonly pendingMax?: number;
  /** Longer bodies are bad messages. Default 16 MiB. */
  readonly bytesMax?: number;
  readonly encode?: (data: unknown) => Uint8Array;
  /** Of a body; default JSON. What it throws makes the message a bad one. */
  readonly decode?: (body: Uint8Array) => unknown;
  /** Closes the link when the app stops. */
  readonly stopping?: Stopping;
  readonly metrics?: Metrics;
}

export type AmqpSettings = Required<
  Pick<
    AmqpOptions,
    | "connect"
    | "servers"
    | "exchange"
    | "exchangeType"
    | "name"
    | "onLost"
    | "topicParts"
    | "publishRetries"
    | "connectLimitMs"
    | "blockedLimitMs"
    | "confirmLimitMs"
    | "pendingMax"
    | "bytesMax"
  >
> &
  Pick<AmqpOptions, "encode" | "decode">;

const rules = {
  connect: called,
  servers: anything,
  exchange: named,
  exchangeType: oneOf("topic", "direct", "fanout", "headers"),
  name: named,
  onLost: oneOf("die", "reconnect"),
  topicParts: count(0, 100),
  publishRetries: count(0, 100),
  connectLimitMs: finiteAbove(0),
  blockedLimitMs: finiteAbove(0),
  confirmLimitMs: finiteAbove(0),
  pendingMax: count(1),
  bytesMax: count(1),
  encode: called,
  decode: called,
  stopping: anything,
  metrics: anything,
  clock: anything,
  random: called,
  log: anything,
};

/** @throws OPTION_INVALID, without the credentials of the addresses */
export function settingsOf(options: AmqpOptions): AmqpSettings {
  checkOptions<AmqpOptions>("amqpLink", options, rules);
  const { servers } = options;
  if (!Array.isArray(servers) || servers.length === 0 || !servers.every(isAddress)) {
    const expected = "one or more addresses that begin with amqp:// or amqps://";
    throw new HomeostatError("OPTION_INVALID", `amqpLink: servers must be ${expected}`);
  }
  return {
    exchangeType: "topic",
    name: "amqp",
    onLost: "die",
    topicParts: 3,
    publishRetries: 3,
    connectLimitMs: 5_000,
    blockedLimitMs: 5_000,
    confirmLimitMs: 10_000,
    pendingMax: 1_000,
    bytesMax: 16_777_216,
    ...options,
  };
}

function isAddress(value: unknown): boolean {
  return typeof value === "string" && /^amqps?:\/\//.test(value) && URL.canParse(value);
}

/** Why it is no topic to publish to; undefined when it is one. */
export function wrongTopic(topic: string, parts: number): string | undefined {
  if (Buffer.byteLength(topic) > 255) return "a topic of over 255 bytes";
  if (parts === 0) return undefined;
  const all = topic.split(".");
  if (all.length >= parts && all.every((part) => part !== "" && !/[*#]/.test(part))) {
    return undefined;
  }
  return `the topic ${JSON.stringify(topic)} has not ${parts} parts or more between dots`;
}
