// The daemon's side of the control socket: pushes routes, asks for counters, notices a loss.
import { type Clock, deadline } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { FromGateway, GatewayStats, Route } from "../protocol/gateway.ts";
import { type Conversation, openConversation } from "./conversation.ts";

export type Applied = Extract<FromGateway, { kind: "applied" }>;

/** Every call ends within 2 s, else GATEWAY_ABSENT or TIMED_OUT; reconnects when it has to. */
export interface GatewayLink {
  readonly connected: boolean;
  /** Puts these routes in force in place of all others. @throws WIRE_VERSION, WIRE_SHAPE too */
  push(routes: readonly Route[]): Promise<Applied>;
  stats(): Promise<GatewayStats>;
  /** Requests that an instance works on now; 0 when the gateway does not know it. */
  inflight(instance: string): Promise<number>;
  /** Called when a connection that stood has ended, but not by `close`. */
  onLost(callback: () => void): void;
  /** Ends the connection; the gateway carries on with what it has. */
  close(): void;
}

const limitMs = 2_000;

export function gatewayLink(options: {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
}): GatewayLink {
  const { socketPath, clock, log } = options;
  const lost: (() => void)[] = [];
  let opening: Promise<Conversation> | undefined;
  let current: Conversation | undefined;
  let version = 0;
  let closed = false;

  const open = async (): Promise<Conversation> => {
    const talk = await openConversation(socketPath, (why) => {
      opening = undefined;
      if (current !== talk) return;
      current = undefined;
      if (closed) return;
      log.warn("the gateway's connection ended", { why });
      for (const callback of lost) callback();
    });
    // Versions only grow: the gateway may have met an earlier daemon, or be newer than this one.
    version = Math.max(version, talk.hello.version);
    current = talk;
    return talk;
  };

  /** Runs `ask` on an open connection, within the limit. */
  const call = async <T>(what: string, ask: (talk: Conversation) => Promise<T>): Promise<T> => {
    if (closed) throw new HomeostatError("GATEWAY_ABSENT", "the link to the gateway is closed");
    const limit = deadline(clock, limitMs);
    const expired = new Promise<never>((_, reject) => {
      limit.signal.addEventListener("abort", () => {
        reject(new HomeostatError("TIMED_OUT", `gateway: ${what}: no answer within ${limitMs} ms`));
        // A late answer could be taken for that of a later call.
        void opening?.then((talk) => talk.end("an answer did not come in time"));
      });
    });
    opening ??= open();
    const tried = opening;
    tried.catch(() => {
      if (opening === tried) opening = undefined;
    });
    try {
      return await Promise.race([tried.then(ask), expired]);
    } finally {
      limit.done();
    }
  };
  return undefined as never;
}
