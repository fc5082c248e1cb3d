// A small HTTP router on node:http: which question is asked, and what is answered. See decision 11.
import type { IncomingMessage, ServerResponse } from "node:http";
import { HomeostatError, messageOf } from "../kernel/errors.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A function writes for as long as it likes; the answer ends with it. */
  readonly body: string | Uint8Array | ((out: ServerResponse) => Promise<void>);
}

export interface Asked {
  readonly method: string;
  /** Without the query, as it was sent. */
  readonly path: string;
  /** What stands in the path for `:name`. */
  param(name: string): string;
  query(name: string): string | undefined;
  header(name: string): string | undefined;
  /** @throws WIRE_SHAPE when it is longer than the limit in bytes. */
  text(limit: number): Promise<string>;
}

export interface Before {
  /** Answered instead of what the route would say. */
  readonly refusal?: Reply;
  /** Of each answer. */
  readonly headers: Readonly<Record<string, string>>;
}

export type Answering = (asked: Asked) => Reply | Promise<Reply>;

export interface Router {
  get(path: string, answer: Answering): void;
  post(path: string, answer: Answering): void;
  /** What no other route took. */
  other(answer: Answering): void;
  /** Asked before each route. */
  before(look: (asked: Asked) => Before): void;
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
}

export function json(value: unknown, status = 200): Reply {
  return bytes(JSON.stringify(value), "application/json", status);
}

export function text(value: string, status = 200, type = "text/plain; charset=utf-8"): Reply {
  return bytes(value, type, status);
}

export function bytes(body: string | Uint8Array, type: string, status = 200): Reply {
  return { status, headers: { "content-type": type }, body };
}

interface Route {
  readonly method: string;
  readonly parts: readonly string[];
  readonly answer: Answering;
}

/** `onError`: the answer to what a route throws. */
export function createRouter(onError: (error: unknown) => Reply): Router {
  const routes: Route[] = [];
  let last: Answering = () => text("not found", 404);
  let look: (asked: Asked) => Before = () => ({ headers: {} });
  const add =
    (method: string) =>
    (path: string, answer: Answering): void =>
      void routes.push({ method, parts: path.split("/"), answer });
  const answerTo = async (request: IncomingMessage): Promise<Reply> => {
    let headers: Readonly<Record<string, string>> = {};
    try {
      const { path, query } = addressOf(request);
      const { route, params } = find(routes, request.method ?? "GET", path);
      const asked = askedOf(request, path, query, params);
      const before = look(asked);
      headers = before.headers;
      const reply = before.refusal ?? (await (route?.answer ?? last)(asked));
      return { ...reply, headers: { ...headers, ...reply.headers } };
    } catch (error) {
      const reply = onError(error);
      return { ...reply, headers: { ...headers, ...reply.headers } };
    }
  };
  return {
    get: add("GET"),
    post: add("POST"),
    other: (answer) => {
      last = answer;
    },
    before: (first) => {
      look = first;
    },
    listener: (request, response) => {
      // Who asked may be gone at any time: nobody is left to tell.
      response.on("error", () => {});
      void answerTo(request).then((reply) => send(request, response, reply));
    },
  };
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Reply,
): Promise<void> {
  // A body that nobody read would be taken for the next question of this connection.
  if (!request.complete) response.setHeader("connection", "close");
  if (typeof body === "function") {
    response.writeHead(status, headers);
    if (request.method !== "HEAD") await body(response).catch(() => {});
    response.end();
    return;
  }
  const length = { "content-length": Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length }).end(body);
}

/** @throws WIRE_SHAPE */
function addressOf(request: IncomingMessage): { path: string; query: URLSearchParams } {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  const [path, query] = mark < 0 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
  if (path.startsWith("/")) return { path, query: new URLSearchParams(query) };
  throw new HomeostatError("WIRE_SHAPE", "expected a path from /");
}

function find(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly route?: Route; readonly params: Readonly<Record<string, string>> } {
  const given = path.split("/");
  const wanted = method === "HEAD" ? "GET" : method;
  for (const route of routes) {
    if (route.method !== wanted || route.parts.length !== given.length) continue;
    const isFit = route.parts.every((part, i) => part.startsWith(":") || part === given[i]);
    if (isFit) return { route, params: paramsOf(route, given) };
  }
  return { params: {} };
}

/** @throws WIRE_SHAPE */
function paramsOf({ parts }: Route, given: readonly string[]): Readonly<Record<string, string>> {
  const params: Record<string, string> = {};
  for (const [i, part] of parts.entries()) {
    if (part.startsWith(":")) params[part.slice(1)] = decoded(given[i] ?? "");
  }
  return params;
}

/** @throws WIRE_SHAPE */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new HomeostatError("WIRE_SHAPE", `path: expected UTF-8 in percent code, got ${part}`, {
      cause: error,
    });
  }
}

function askedOf(
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
  params: Readonly<Record<string, string>>,
): Asked {
  return {
    method: request.method ?? "GET",
    path,
    param: (name) => params[name] ?? "",
    query: (name) => query.get(name) ?? undefined,
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    text: (limit) => readText(request, limit),
  };
}

/** @throws WIRE_SHAPE */
async function readText(request: IncomingMessage, limit: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limit) break;
      parts.push(part);
    }
  } catch (error) {
    throw new HomeostatError("WIRE_SHAPE", `body: it broke off: ${messageOf(error)}`);
  }
  if (size <= limit) return Buffer.concat(parts).toString("utf8");
  throw new HomeostatError("WIRE_SHAPE", `body: expected at most ${limit} bytes, got more`);
}
