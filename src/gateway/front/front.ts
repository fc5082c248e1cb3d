// Where clients of a route arrive: its listening socket, and what stands between that and its requests.
import { createServer, type Socket } from "node:net";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Route } from "../../protocol/gateway.ts";
import type { Limits } from "../relay/limits.ts";
import { type Peer, peerOf } from "../relay/peer.ts";

export interface Front {
  readonly isListening: boolean;
  /** @throws the system's error. */
  listen(): Promise<void>;
  /** Takes nobody in any more; who is connected stays. */
  close(): void;
}

/** Gets each client once its connection can carry requests. */
export type Serve = (socket: Socket, peer: Peer) => void;

export interface FrontParts {
  readonly log: Log;
  readonly limits: Limits;
}

export function createFront(route: Route, { log, limits }: FrontParts, serve: Serve): Front {
  const { service, host, port } = route;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    serve(socket, peerOf(socket));
  });
  server.maxConnections = limits.connections;
  server.on("error", (error) => log.warn("route", { service, error: messageOf(error) }));
  return {
    get isListening() {
      return server.listening;
    },
    listen: () =>
      new Promise((resolve, reject) => {
        const onError = (error: Error): void => {
          server.off("listening", onListening);
          reject(error);
        };
        const onListening = (): void => {
          server.off("error", onError);
          resolve();
        };
        server.once("error", onError).once("listening", onListening).listen({ host, port });
      }),
    close: () => void server.close(),
  };
}
