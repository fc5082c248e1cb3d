// Messages over ports: MessagePort, Worker, a child's channel and BroadcastChannel.
import { HomeostatError } from "../../kernel/errors.ts";
import { whole } from "../../policies/options.ts";
import { type Delivery, delivery, type Source } from "./delivery.ts";
import { createInbox, type Inbox } from "./inbox.ts";
import { hear, type Port, type PortFrame, post, readFrame } from "./port.ts";

export interface PortSourceOptions {
  /** So many messages wait here at most; one more ends the source by an error. Default 10,000. */
  readonly most?: number;
}

/**
 * The messages that come to this end of a port. Those of a {@link portSink} are acknowledged to it;
 * others, and those of a BroadcastChannel, are taken as they come. Ends when the other end closes.
 */
export function portSource(port: Port, options: PortSourceOptions = {}): Source {
  const { most = 10_000 } = options;
  const expected = whole(1)(most);
  if (expected !== undefined) {
    throw new HomeostatError("OPTION_INVALID", `portSource: most must be ${expected}`);
  }
  return { [Symbol.asyncIterator]: () => listen(port, most) };
}

function listen(port: Port, most: number): AsyncIterator<unknown> {
  const stops: (() => void)[] = [];
  const inbox: Inbox<Delivery> = createInbox(most, async (left) => {
    for (const stop of stops.splice(0)) stop();
    for (const item of left) await item.release?.();
  });
  const onMessage = (raw: unknown): void => {
    const item = itemOf(port, raw);
    if (item && !inbox.push(item)) {
      inbox.fail(new HomeostatError("BULKHEAD_FULL", `over ${most} messages wait at a port`));
    }
  };
  stops.push(hear(port, "message", onMessage));
  for (const end of ["close", "disconnect", "exit"]) stops.push(hear(port, end, () => inbox.end()));
  return inbox;
}

/** Undefined for the other direction's own words. */
function itemOf(port: Port, raw: unknown): Delivery | undefined {
  const frame = readFrame(raw);
  if (!frame) return delivery({ read: () => raw });
  if (frame.homeostat !== "message") return undefined;
  const { id, message } = frame;
  const say = (word: PortFrame["homeostat"], more: Partial<PortFrame> = {}) =>
    post(port, { homeostat: word, id, ...more });
  return delivery({
    read: () => message,
    ack: () => say("done"),
    reject: () => say("bad"),
    release: () => say("released"),
    reply: (answer) => say("answer", { message: answer }),
  });
}
