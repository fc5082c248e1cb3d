// The rule for message sockets: who gathers or answers binds, who sends or asks connects.
import { HomeostatError } from "../../kernel/errors.ts";

/** A socket as that of ZeroMQ: it can be either end. */
export interface MessageSocket {
  bind(url: string): unknown;
  connect(url: string): unknown;
  close(): unknown;
}

/** The names of ZeroMQ's socket types, and those of its Node classes. */
const binders = new Set(["PULL", "PUB", "REP", "Pull", "Publisher", "Reply"]);
const connectors = new Set(["PUSH", "SUB", "REQ", "DEALER", "Push", "Subscriber", "Request"]);

/**
 * Binds a PULL, PUB or REP socket to `url` and connects a PUSH, SUB, REQ or DEALER one; `type`
 * defaults to the name of the socket's class. Rejects with OPTION_INVALID for another type.
 */
export async function attach(socket: MessageSocket, url: string, type?: string): Promise<void> {
  const known = type ?? socket.constructor.name;
  if (binders.has(known)) await socket.bind(url);
  else if (connectors.has(known)) await socket.connect(url);
  else {
    const names = "PULL, PUB, REP, PUSH, SUB, REQ or DEALER";
    throw new HomeostatError("OPTION_INVALID", `socketType: expected ${names}, got ${known}`);
  }
}
