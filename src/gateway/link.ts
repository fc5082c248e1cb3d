// The daemon's side of the control socket: pushes routes, asks for counters, notices a loss.
import { type Clock, deadline } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { GatewayStats, Route, ToxiproxyConfig } from "../protocol/gateway.ts";
import { type Applied, type Conversation, startConversation } from "./conversation.ts";

export type { Applied } from "./conversation.ts";

/**
 * Connects when it is first used and again after a loss. Every call ends within 2 s, if need be with
 * GATEWAY_ABSENT, TIMED_OUT (the result is unknown), WIRE_VERSION or WIRE_SHAPE.
 */
export interface GatewayLink {
  readonly connected: boolean;
  /** Puts these routes in force in place of all others. */
  push(routes: readonly Route[]): Promise<Applied>;
  stats(): Promise<GatewayStats>;
  /** Requests that an instance works on now; 0 when the gateway does not know it. */
  inflight(instance: string): Promise<number>;
  /** Where it is to be connected to from now on; a connection that stands goes on. */
  moved(socketPath: string): void;
  /** Only the connection that stands is used from now on, and its end is none to be told of. */
  leave(): void;
  /** Called when a connection that stood has ended other than by `close`. */
  onLost(callback: () => void): void;
  /** Ends the connection for good; the gateway carries on with what it has. */
  close(): void;
}

const limitMs = 2_000;

interface LinkOptions {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Goes with every push. */
  readonly toxiproxy?: ToxiproxyConfig;
}

export function gatewayLink(options: LinkOptions): GatewayLink {
  const { toxiproxy } = options;
  const line = createLine(options);
  let version = 0;

  /** Versions only grow: the gateway may hold a config of an earlier daemon. */
  const call = <T>(what: string, ask: (talk: Conversation) => Promise<T>): Promise<T> =>
    line.call(what, async (talk) => {
      version = Math.max(version, (await talk.hello).version);
      return ask(talk);
    });
  const push = async (talk: Conversation, routes: readonly Route[]): Promise<Applied> => {
    const mine = ++version;
    const applied = await talk.push({ version: mine, routes, ...(toxiproxy ? { toxiproxy } : {}) });
    version = Math.max(version, applied.version);
    if (applied.version === mine) return applied;
    const text = `applied.version: expected ${mine}, got ${applied.version}`;
    throw new HomeostatError("WIRE_SHAPE", `${text}; does another daemon use this gateway?`);
  };
  const stats = (): Promise<GatewayStats> => call("stats", (talk) => talk.stats());

  return {
    get connected() {
      return line.connected;
    },
    push: (routes) => call("push", (talk) => push(talk, routes)),
    stats,
    async inflight(instance) {
      const { instances } = await stats();
      return instances.find((counters) => counters.instance === instance)?.inflight ?? 0;
    },
    moved: line.moved,
    leave: line.leave,
    onLost: line.onLost,
    close: line.close,
  };
}

interface Line extends Pick<GatewayLink, "connected" | "moved" | "leave" | "onLost" | "close"> {
  /** Runs `ask` on the connection that stands, or on a new one. */
  call<T>(what: string, ask: (talk: Conversation) => Promise<T>): Promise<T>;
}

function createLine({ clock, log, ...options }: LinkOptions): Line {
  const callbacks: (() => void)[] = [];
  let { socketPath } = options;
  let current: Conversation | undefined;
  let closed = false;
  let leaves = false;

  const onEnd = (reason: HomeostatError, greeted: boolean): void => {
    current = undefined;
    if (closed || leaves || !greeted) return;
    log.warn("the connection to the gateway ended", { why: messageOf(reason) });
    for (const callback of callbacks) callback();
  };

  return {
    get connected() {
      return current?.greeted ?? false;
    },
    async call(what, ask) {
      if (closed || (leaves && !current)) {
        throw new HomeostatError("GATEWAY_ABSENT", "the link to the gateway is closed");
      }
      current ??= startConversation(socketPath, onEnd);
      const talk = current;
      const limit = deadline(clock, limitMs);
      // The connection ends with the call: a late answer must not be taken for that of another one.
      limit.signal.addEventListener("abort", () => {
        const text = `the gateway did not answer within ${limitMs} ms (${what})`;
        talk.end(new HomeostatError("TIMED_OUT", text));
      });
      try {
        return await ask(talk);
      } finally {
        limit.done();
      }
    },
    moved: (path) => {
      socketPath = path;
    },
    leave: () => {
      leaves = true;
    },
    onLost: (callback) => void callbacks.push(callback),
    close() {
      closed = true;
      current?.end(new HomeostatError("GATEWAY_ABSENT", "the link to the gateway was closed"));
    },
  };
}
