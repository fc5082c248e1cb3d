// Instances and clients of the gateway suite: servers in this process that hang, die and answer late.
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  type Agent,
  createServer,
  type IncomingHttpHeaders,
  request,
  type Server,
} from "node:http";
import {
  type AddressInfo,
  createServer as createNetServer,
  Server as NetServer,
  type Socket,
} from "node:net";
import { systemClock } from "../kernel/clock.ts";
import type { Upstream, UpstreamState } from "../protocol/gateway.ts";

export interface Instance {
  readonly name: string;
  readonly port: number;
  /** "GET /path" of all that it was asked, in order. */
  readonly asked: readonly string[];
  /** From now on it takes requests and says nothing, until it goes on. */
  hang(): void;
  goOn(): void;
  /** Ends as a killed process does: all connections are reset, and its port is closed. */
  kill(): Promise<void>;
  /** As a route has it. */
  as(state: UpstreamState): Upstream;
}

/**
 * Answers with its name and how many bytes it got; `?wait=50` as late, `?bytes=100` as much more.
 * An upgrade is answered, and what comes then is sent back.
 */
export async function startInstance(name: string): Promise<Instance> {
  const asked: string[] = [];
  let hanging: PromiseWithResolvers<void> | undefined;
  const server = createServer(async (req, res) => {
    asked.push(`${req.method} ${req.url}`);
    let received = 0;
    for await (const piece of req) received += (piece as Buffer).length;
    const { searchParams } = new URL(req.url ?? "/", "http://instance");
    const number = (key: string): number => Number(searchParams.get(key) ?? 0);
    if (number("wait") > 0) await systemClock.sleep(number("wait"));
    await hanging?.promise;
    res.setHeader("x-instance", name);
    if (number("bytes") > 0) return void res.end(Buffer.alloc(number("bytes"), name));
    res.end(JSON.stringify({ name, received, headers: req.headers }));
  });
  server.on("upgrade", ({ headers }, socket) => {
    socket.on("error", () => {});
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const fields = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}`;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\n`);
    socket.pipe(socket);
  });
  // Longer than any test: that a server closes an idle connection is not what is tested here.
  server.keepAliveTimeout = 60_000;
  const kill = killer(server);
  const port = await listening(server);
  return {
    ...{ name, port, asked, kill },
    hang: () => {
      hanging ??= Promise.withResolvers();
    },
    goOn: () => {
      hanging?.resolve();
      hanging = undefined;
    },
    as: (state) => ({ instance: name, port, state }),
  };
}

function killer(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  });
  return async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    // That of HTTP looks for idle connections first, among those that are reset here.
    NetServer.prototype.close.call(server);
    for (const socket of sockets) {
      // Node 24 never ends when a connection is reset whose end is being sent.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
    await closed;
  };
}

async function listening(server: NetServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export async function freePort(): Promise<number> {
  const server = createNetServer();
  const port = await listening(server);
  server.close();
  await once(server, "close");
  return port;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

/** What an instance says of itself and of the request. */
export interface Told {
  readonly name: string;
  readonly received: number;
  readonly headers: IncomingHttpHeaders;
}

export const told = ({ body }: Answer): Told => JSON.parse(body) as Told;

/** One request, on a connection of its own unless an agent is given; rejects when it breaks. */
export function ask(port: number, path: string, options: Ask = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, agent = false, signal } = options;
  const answer = new Promise<Answer>((resolve, reject) => {
    const to = { host: "127.0.0.1", port, path, method, headers, agent };
    const out = request(signal ? { ...to, signal } : to, async (incoming) => {
      const pieces: Buffer[] = [];
      try {
        for await (const piece of incoming) pieces.push(piece as Buffer);
      } catch (error) {
        reject(error as Error);
      }
      const { statusCode: status = 0, headers: fields } = incoming;
      resolve({ status, headers: fields, body: Buffer.concat(pieces).toString() });
    });
    out.on("error", reject);
    out.end(body);
  });
  return heard(answer);
}

/** A check that has failed waits for no answer any more: what comes then must not end the process. */
function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** So many at once, with numbers for their paths. */
export function many<T>(count: number, one: (i: number) => Promise<T>): Promise<T[]> {
  return heard(Promise.all(Array.from({ length: count }, (_, i) => one(i))));
}
