// A server in an orderly end: takes nothing new, lets its requests end, then is closed by force.
import type { Clock } from "../../kernel/clock.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { EmitterLike } from "../watchdog/kinds.ts";
import type { Care } from "../watchdog/register.ts";

/** What is needed of a server of node:http, node:https, node:http2 or node:net. */
export interface DrainedServer extends EmitterLike {
  close(done?: (error?: Error) => void): unknown;
  closeIdleConnections?(): void;
  closeAllConnections?(): void;
}

export interface ServerOptions {
  /** What is done when it is lost while the app runs. Default: the watchdog's policy. */
  readonly care?: Care;
  /** Milliseconds that requests have to end once the app stops. Default 10,000. */
  readonly drainMs?: number;
}

interface ClosableSocket {
  once(event: "close", listener: () => void): unknown;
  destroy(): unknown;
}

/** A connection that becomes idle while its server closes would be kept for its next request. */
const idleEveryMs = 50;

export function drainOnStop(
  name: string,
  server: DrainedServer,
  drainMs: number,
  { stopping, clock }: { readonly stopping: Stopping; readonly clock: Clock },
): void {
  const sockets = new Set<ClosableSocket>();
  // Also those that left HTTP for another protocol, which the server itself forgets.
  server.on("connection", (fact) => {
    const socket = fact as ClosableSocket;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const drain = async (): Promise<void> => {
    if (server.listening === false) {
      // It may be on its way to listen: then it would keep the process alive.
      server.on("listening", () => void server.close());
      return;
    }
    const over = new AbortController();
    server.close(() => over.abort());
    const untilMs = clock.now() + drainMs;
    while (!over.signal.aborted && clock.now() < untilMs) {
      server.closeIdleConnections?.();
      await clock.sleep(idleEveryMs, over.signal).catch(() => {});
    }
    if (over.signal.aborted) return;
    server.closeAllConnections?.();
    for (const socket of sockets) socket.destroy();
  };
  // A little longer than the drain takes, so that it is the drain that ends what is left.
  stopping.onStop(`server ${name}`, "drain", drain, drainMs + 1_000);
}
