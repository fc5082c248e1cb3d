// Checks a RabbitMQ broker by the first step of AMQP 0-9-1: its header, answered by Connection.Start.
import type { Check } from "../../parts/health.ts";
import { converse, type Place } from "./conversation.ts";

export interface RabbitmqCheckOptions extends Place {
  /** Default 5672. */
  readonly port?: number;
}

const header = Buffer.from("AMQP\0\0\x09\x01", "latin1");
/** A frame has a header of 7 bytes, then its method: class 10, method 10. */
const startBytes = 11;
const methodFrame = 1;
const connectionStart = 0x000a_000a;
const frameEnd = 0xce;

/**
 * Healthy when the broker begins the handshake; no login is made. The broker writes two lines to its
 * log for each run (a client came and went): choose an interval of a minute, or `tcpCheck`.
 */
export function rabbitmqCheck(options: RabbitmqCheckOptions = {}): Check {
  return ({ signal }) =>
    converse({ to: { port: 5672, ...options }, signal, hello: header, hear: judge });
}

function judge(heard: Buffer): true | undefined {
  const name = heard.toString("latin1", 0, 4);
  if (name === "AMQP" && heard.length >= 8) {
    const version = [...heard.subarray(5, 8)].join("-");
    throw new Error(`the broker speaks AMQP ${version}, not 0-9-1`);
  }
  if (heard[0] !== methodFrame && !"AMQP".startsWith(name)) {
    throw new Error("the answer is not AMQP");
  }
  if (heard[0] !== methodFrame || heard.length < startBytes) return undefined;
  if (heard.readUInt32BE(7) !== connectionStart) {
    throw new Error("the answer is not Connection.Start");
  }
  const endAt = 7 + heard.readUInt32BE(3);
  if (heard.length <= endAt) return undefined;
  if (heard[endAt] !== frameEnd) throw new Error("the answer is not a whole AMQP frame");
  return true;
}
