// A second port without TLS whose clients are sent to the first one.
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { builtin } from "../../kernel/builtin.ts";
import { isHost } from "../http1/values.ts";
import type { Limits } from "../relay/limits.ts";
import { type Peer, peerOf } from "../relay/peer.ts";
import type { Listening } from "./listening.ts";

export interface Redirect {
  /** Undefined: none. */
  apply(from: number | undefined): void;
  /** Opens it if it is wanted and not open. @throws the system's error. */
  listen(): Promise<void>;
  close(): void;
}

export interface RedirectParts {
  readonly host: string;
  /** Where clients are sent. */
  readonly port: number;
  readonly limits: Limits;
  readonly listening: Listening;
  /** Goes on once it is known who it is. */
  readonly named: (socket: Socket, peer: Peer, goOn: (socket: Socket) => void) => void;
}

export function createRedirect(parts: RedirectParts): Redirect {
  const { host, listening } = parts;
  let wanted: number | undefined;
  let open: { readonly server: Server; readonly port: number } | undefined;
  const close = (): void => {
    open?.server.close();
    open = undefined;
  };
  return {
    apply(from) {
      if (from !== open?.port) close();
      wanted = from;
    },
    async listen() {
      if (wanted === undefined || open) return;
      const server = serverOf(parts);
      const port = wanted;
      await listening.open(server, { host, port });
      open = { server, port };
    },
    close,
  };
}

/** Answers 308 with the same host and path on `port`; a request without a host, 400. */
function serverOf({ port, limits, named }: RedirectParts): Server {
  const { headMs, headBytes, connections } = limits;
  const options = { headersTimeout: headMs, requestTimeout: headMs, maxHeaderSize: headBytes };
  const server = builtin("node:http").createServer(options, (req, res) => {
    const { host = "" } = req.headers;
    const path = req.url?.startsWith("/") === true ? req.url : "/";
    res.setHeader("connection", "close").setHeader("content-length", 0);
    if (!isHost(host)) return void res.writeHead(400).end();
    const name = host.replace(/:\d*$/, "");
    const place = port === 443 ? name : `${name}:${port}`;
    res.writeHead(308, { location: `https://${place}${path}` }).end();
  });
  server.maxConnections = connections;
  const [read, ...others] = server.listeners("connection");
  if (!read || others.length > 0) throw new Error("Node's server reads its connections otherwise");
  server.removeAllListeners("connection");
  server.on("connection", (socket) => {
    named(socket, peerOf(socket), (ready) => read.call(server, ready));
  });
  server.on("error", () => {});
  return server;
}
