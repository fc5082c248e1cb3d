// Where clients of a route arrive: its listening sockets, and what stands between these and its requests.
import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Route } from "../../protocol/gateway.ts";
import type { CertificateStats } from "../../protocol/gateway-secure.ts";
import type { Deadlines } from "../relay/deadlines.ts";
import type { Connected } from "../relay/desk.ts";
import type { Limits } from "../relay/limits.ts";
import { type Peer, peerOf } from "../relay/peer.ts";
import { entering } from "./entering.ts";
import type { Listening } from "./listening.ts";
import { networksOf } from "./networks.ts";
import { readProxy } from "./proxy.ts";
import { createRedirect } from "./redirect.ts";
import { createTlsFront } from "./tls.ts";

export interface Front {
  /** What is in force for TLS. */
  readonly certificates: readonly CertificateStats[];
  /** Takes what may change while the sockets stay: TLS and its certificates. */
  apply(route: Route): void;
  /**
   * Opens what is not open yet. @throws the system's error; an Error when a certificate cannot be
   * had: with one of before it listens all the same.
   */
  listen(): Promise<void>;
  /** Takes nobody in any more; who is connected stays. */
  close(): void;
}

/** Gets each client once its connection can carry requests. */
export type Serve = (socket: Socket, peer: Peer) => void;

export interface FrontParts {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: Log;
  readonly limits: Limits;
  readonly listening: Listening;
  /** Where those who have connected and cannot ask yet are known as well. */
  readonly clients: Set<Connected>;
}

/** Whoever is in the group of the socket's file may connect, as a web server in front does. */
const pathMode = 0o660;

export function createFront(route: Route, parts: FrontParts, serve: Serve): Front {
  const { service, host, port, path } = route;
  const { log, limits } = parts;
  const proxies = route.acceptProxy && networksOf(route.acceptProxy);
  const tls = createTlsFront({ ...parts, service });
  const named = (socket: Socket, peer: Peer, goOn: Serve): void => {
    if (!proxies?.has(peer.address)) goOn(socket, peer);
    else readProxy(socket, peer, parts, (origin) => goOn(socket, origin));
  };
  const redirect = createRedirect({ ...parts, host, port, named });
  const enter: Serve = (socket, peer) => {
    if (!tls.isOn && !proxies) return void serve(socket, peer);
    const leave = entering(socket, parts.clients);
    const entered: Serve = (ready, origin) => {
      leave();
      serve(ready, origin);
    };
    named(socket, peer, (plain, origin) => {
      if (tls.isOn) tls.take(plain, origin, entered);
      else entered(plain, origin);
    });
  };
  const open = (): Server => {
    const options = { allowHalfOpen: true, noDelay: true };
    const server = createServer(options, (socket) => enter(socket, peerOf(socket)));
    server.maxConnections = limits.connections;
    server.on("error", (error) => log.warn("route", { service, error: messageOf(error) }));
    return server;
  };
  const server = open();
  const local = path === undefined ? undefined : open();
  return {
    get certificates() {
      return tls.certificates;
    },
    apply(next) {
      tls.apply(next.tls);
      redirect.apply(next.tls?.redirectFrom);
    },
    async listen() {
      const fault = await tls.refresh().then(() => undefined, asError);
      if (fault && tls.certificates.length === 0) throw fault;
      if (!server.listening) await parts.listening.open(server, { host, port });
      if (local !== undefined && path !== undefined && !local.listening) {
        await parts.listening.open(local, { path });
        chmodSync(path, pathMode);
      }
      await redirect.listen();
      if (fault) throw fault;
    },
    close() {
      tls.close();
      redirect.close();
      server.close();
      local?.close();
    },
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
