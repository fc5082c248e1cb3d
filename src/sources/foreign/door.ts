// The HTTP door of a receiver: lets in what is sent in the right form and size, and no more at once.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { showsBearer } from "../../protocol/bearer.ts";

/** What came, unpacked. */
export interface Parcel {
  readonly path: string;
  /** Without parameters: "application/json". */
  readonly type: string;
  readonly body: Buffer;
  readonly header: (name: string) => string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DoorOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly bodyBytes: number;
  /** By path, the content types that are taken there. */
  readonly takes: Readonly<Record<string, readonly string[]>>;
  /** Whether a body may come as a block of Snappy, which `take` unpacks. */
  readonly snappy?: boolean;
  /** @throws WIRE_SHAPE for what cannot be read: it is answered with 400. */
  readonly take: (parcel: Parcel) => Answer;
  /** The body of an answer of 4xx; default: the text. */
  readonly failure?: (type: string, why: string) => Pick<Answer, "type" | "body">;
}

const ownHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
const connectionsMax = 128;
const underWayMax = 32;
/** Bodies that are not read to their end yet, in sizes of the largest. */
const waitingMax = 8;
const requestMs = 30_000;
const againMs = 5_000;
const retryAfterS = 1;

/** Why a request is not let in. */
class Turned extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, why: string, headers: Readonly<Record<string, string>> = {}) {
    super(why);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Listens until the signal aborts. A port that is taken is tried again: `onTrouble` hears why, and
 * nothing once it works.
 */
export async function keepDoor(
  options: DoorOptions,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  onTrouble: (why: string | undefined) => void,
): Promise<void> {
  while (!signal.aborted) {
    const server = serverOf(options);
    // It may fail at any time: with no descriptor left for another connection, say.
    const failed = new Promise<never>((_, reject) => server.on("error", reject));
    failed.catch(() => {});
    try {
      server.listen(options.port, options.host);
      await Promise.race([once(server, "listening"), failed]);
      onTrouble(undefined);
      if (!signal.aborted) await Promise.race([once(signal, "abort"), failed]);
    } catch (error) {
      onTrouble(messageOf(error));
      await clock.sleep(againMs, signal).catch(() => {});
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }
}

/** A server that does not listen yet. */
export function serverOf(options: DoorOptions): Server {
  const under = { requests: 0, bytes: 0 };
  const server = createServer((request, response) => {
    under.requests += 1;
    answer(options, request, response, under).finally(() => {
      under.requests -= 1;
    });
  });
  server.maxConnections = connectionsMax;
  server.requestTimeout = requestMs;
  server.headersTimeout = requestMs;
  return server;
}

interface Under {
  requests: number;
  bytes: number;
}

async function answer(
  options: DoorOptions,
  request: IncomingMessage,
  response: ServerResponse,
  under: Under,
): Promise<void> {
  const type = typeOf(request);
  try {
    const path = pathOf(request);
    admit(options, request, path, type, under);
    const body = await unpacked(options, request, under);
    send(response, options.take({ path, type, body, header: headerOf(request) }));
  } catch (error) {
    if (response.destroyed) return;
    const status = error instanceof Turned ? error.status : statusOf(error);
    const why = messageOf(error);
    const headers = { connection: "close", ...(error instanceof Turned ? error.headers : {}) };
    const plain = { type: "text/plain; charset=utf-8", body: `${why}\n` };
    send(response, { status, headers, ...(options.failure?.(type, why) ?? plain) });
  }
}

function statusOf(error: unknown): number {
  return error instanceof HomeostatError && error.family === "Protocol" ? 400 : 500;
}

function admit(
  { token, takes, bodyBytes }: DoorOptions,
  request: IncomingMessage,
  path: string,
  type: string,
  under: Under,
): void {
  const { method, headers } = request;
  if (token !== undefined && !showsBearer(headers.authorization, token)) {
    throw new Turned(401, "expected the bearer token", { "www-authenticate": "Bearer" });
  }
  // Without a token it is bound to loopback; a name that is not ours is DNS rebinding.
  if (token === undefined && !ownHost.test(headers.host ?? "")) {
    throw new Turned(403, `expected a Host of this machine, got ${headers.host ?? "none"}`);
  }
  const types = Object.hasOwn(takes, path) ? takes[path] : undefined;
  if (types === undefined) {
    throw new Turned(404, `there is no ${path}; known: ${Object.keys(takes).join(", ")}`);
  }
  if (method !== "POST") throw new Turned(405, "expected POST", { allow: "POST" });
  // A page of a browser may send text and forms to any address without asking; these it may not.
  if (!types.includes(type)) {
    throw new Turned(415, `expected ${types.join(" or ")}, got ${type || "no content-type"}`);
  }
  if (under.requests > underWayMax || under.bytes > bodyBytes * waitingMax) {
    throw new Turned(429, "too much at once", { "retry-after": String(retryAfterS) });
  }
  if (Number(headers["content-length"] ?? 0) > bodyBytes) throw tooLarge(bodyBytes);
}

function tooLarge(bytes: number): Turned {
  return new Turned(413, `expected a body of at most ${bytes} bytes`);
}

const unzip = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

async function unpacked(
  { bodyBytes, snappy }: DoorOptions,
  request: IncomingMessage,
  under: Under,
): Promise<Buffer> {
  const packing = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const isKnown = packing === "gzip" || packing === "deflate" || packing === "identity";
  if (!isKnown && !(snappy === true && packing === "snappy")) {
    throw new Turned(415, `expected no content-encoding or gzip, got ${packing}`);
  }
  const body = await bodyOf(request, bodyBytes, under);
  if (packing !== "gzip" && packing !== "deflate") return body;
  try {
    return await unzip[packing](body, { maxOutputLength: bodyBytes });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bodyBytes);
    throw new Turned(400, `the body is no ${packing}: ${messageOf(error)}`);
  }
}

async function bodyOf(request: IncomingMessage, most: number, under: Under): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.length;
      under.bytes += part.length;
      if (bytes > most) throw tooLarge(most);
      parts.push(part);
    }
  } finally {
    under.bytes -= bytes;
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, bytes);
}

function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  const content = type === undefined ? {} : { "content-type": type };
  response.writeHead(status, { ...content, ...headers });
  response.end(body);
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "/";
}

function typeOf({ headers }: IncomingMessage): string {
  return (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function headerOf({ headers }: IncomingMessage): Parcel["header"] {
  return (name) => {
    const value = headers[name];
    return typeof value === "string" ? value : undefined;
  };
}
