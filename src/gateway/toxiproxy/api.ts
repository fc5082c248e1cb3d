// The HTTP API of Toxiproxy: its paths, status codes, headers and bodies.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Clock, deadline } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import {
  failureOf,
  failureView,
  proxyToCreate,
  proxyToUpdate,
  proxyView,
  toxicView,
} from "./bodies.ts";
import { type Collection, toxicOf } from "./collection.ts";
import { badBody } from "./failure.ts";
import { writeGoJson } from "./go-json.ts";
import type { Counters } from "./metrics.ts";
import type { ToxicProxy } from "./proxy.ts";

export interface Api {
  close(): Promise<void>;
}

export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  readonly collection: Collection;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly log: Log;
}

/** The API that this one is like; clients look at it. */
const version = "2.12.0";

const limits = {
  bodyBytes: 1024 * 1024,
  connections: 1_000,
  /** Times of Toxiproxy, api.go. */
  readMs: 15_000,
  idleMs: 60_000,
  answerMs: 25_000,
  checkMs: 5_000,
} as const;

interface Reply {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
}

const done: Reply = { status: 204 };

interface Ask {
  readonly body: Buffer;
  readonly proxy: string;
  readonly toxic: string;
}

type Verb = (ask: Ask) => Promise<Reply> | Reply;

interface Path {
  readonly pattern: RegExp;
  readonly verbs: Readonly<Record<string, Verb>>;
}

/** @throws the system's error when the port cannot be had */
export async function openApi(options: ApiOptions): Promise<Api> {
  const { host, port, log } = options;
  const paths = pathsOf(options);
  const server = createServer({
    headersTimeout: limits.readMs,
    requestTimeout: limits.readMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: limits.checkMs,
  });
  server.maxConnections = limits.connections;
  server.on("request", (req, res) => {
    answer(req, paths, options).then(
      (reply) => send(res, reply),
      (error: unknown) => {
        log.warn("toxiproxy: a request broke", { error: messageOf(error) });
        res.destroy();
      },
    );
  });
  await listen(server, host, port);
  server.on("error", (error) => log.warn("toxiproxy: the API", { error: messageOf(error) }));
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function answer(
  req: IncomingMessage,
  paths: readonly Path[],
  { clock, log }: ApiOptions,
): Promise<Reply> {
  const pathname = decoded((req.url ?? "/").replace(/[?#].*$/s, ""));
  if (pathname === undefined) return plain(400, "400 Bad Request");
  const found = paths.flatMap(({ pattern, verbs }) => {
    const match = pattern.exec(pathname);
    return match ? [{ verbs, names: match.groups ?? {} }] : [];
  })[0];
  if (!found) return plain(404, "404 page not found\n");
  const verb = found.verbs[req.method ?? ""] ?? found.verbs.any;
  if (!verb) return { status: 405 };
  // A page in a browser must not reach it: every browser says that it is Mozilla.
  if (req.headers["user-agent"]?.startsWith("Mozilla/")) {
    return plain(403, "User agent not allowed\n");
  }
  const { proxy = "", toxic = "" } = found.names;
  const limit = deadline(clock, limits.answerMs);
  const late = new Promise<Reply>((resolve) => {
    limit.signal.addEventListener("abort", () => resolve({ status: 503 }));
  });
  try {
    const work = async (): Promise<Reply> => verb({ body: await bodyOf(req), proxy, toxic });
    return await Promise.race([work(), late]);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.status >= 500) log.warn("toxiproxy: not done", { error: failure.message });
    return plain(failure.status, `${writeGoJson(failureView(failure))}\n`);
  } finally {
    limit.done();
  }
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    // It names nothing: the caller answers 400.
    return undefined;
  }
}

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    bytes += chunk.length;
    if (bytes > limits.bodyBytes) throw badBody("http: request body too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function pathsOf({ collection, counters }: ApiOptions): readonly Path[] {
  const change =
    (work: (ask: Ask, proxy: ToxicProxy) => Promise<Reply> | Reply): Verb =>
    (ask) =>
      collection.exclusive(async () => work(ask, collection.get(ask.proxy)));
  const updateProxy = change(async ({ body }, proxy) => {
    await proxy.update(proxyToUpdate(body, proxy));
    return json(200, proxyView(proxy));
  });
  const updateToxic = change(({ body, toxic }, proxy) =>
    json(200, toxicView(collection.updateToxic(proxy, toxic, body))),
  );
  const createProxy: Verb = ({ body }) =>
    collection.exclusive(async () =>
      json(201, proxyView(await collection.create(proxyToCreate(body)))),
    );
  const addToxic = change(({ body }, proxy) =>
    json(200, toxicView(collection.addToxic(proxy, body))),
  );
  const deleteProxy = change(async (_, proxy) => {
    await collection.remove(proxy.name);
    return done;
  });
  const deleteToxic = change(({ toxic }, proxy) => {
    collection.removeToxic(proxy, toxic);
    return done;
  });
  const reset: Verb = () => collection.exclusive(() => collection.reset()).then(() => done);
  const index: Verb = () =>
    json(200, Object.fromEntries(collection.proxies.map((it) => [it.name, proxyView(it)])));
  const show: Verb = ({ proxy }) => json(200, proxyView(collection.get(proxy)));
  const toxics: Verb = ({ proxy }) => json(200, collection.get(proxy).toxics.map(toxicView));
  const showToxic: Verb = ({ proxy, toxic }) =>
    json(200, toxicView(toxicOf(collection.get(proxy), toxic)));

  return [
    { pattern: /^\/proxies$/, verbs: { GET: index, POST: createProxy } },
    { pattern: /^\/populate$/, verbs: { POST: ({ body }) => populate(collection, body) } },
    { pattern: /^\/reset$/, verbs: { POST: reset } },
    { pattern: /^\/version$/, verbs: { GET: sayVersion } },
    { pattern: /^\/metrics$/, verbs: { any: () => sayMetrics(counters) } },
    {
      pattern: /^\/proxies\/(?<proxy>[^/]+)$/,
      verbs: { GET: show, POST: updateProxy, PATCH: updateProxy, DELETE: deleteProxy },
    },
    {
      pattern: /^\/proxies\/(?<proxy>[^/]+)\/toxics$/,
      verbs: { GET: toxics, POST: addToxic },
    },
    {
      pattern: /^\/proxies\/(?<proxy>[^/]+)\/toxics\/(?<toxic>[^/]+)$/,
      verbs: { GET: showToxic, POST: updateToxic, PATCH: updateToxic, DELETE: deleteToxic },
    },
  ];
}

/** Its failure stands beside the proxies that were put before it. */
function populate(collection: Collection, body: Buffer): Promise<Reply> {
  return collection.exclusive(async () => {
    const put: ToxicProxy[] = [];
    const failure = await collection.populate(body, put).then(() => undefined, failureOf);
    const proxies = put.length === 0 ? null : put.map(proxyView);
    if (!failure) return json(201, { proxies });
    return json(failure.status, { ...failureView(failure), proxies });
  });
}

function sayVersion(): Reply {
  const type = "application/json;charset=utf-8";
  return { status: 200, type, body: `{"version": "${version}"}\n` };
}

function sayMetrics(counters: Counters): Reply {
  return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: counters.text() };
}

function json(status: number, value: object): Reply {
  return { status, type: "application/json", body: writeGoJson(value) };
}

/** As Go's http.Error sends it: failures are JSON in a body that calls itself plain text. */
function plain(status: number, body: string): Reply {
  return { status, type: "text/plain; charset=utf-8", body };
}

function send(res: ServerResponse, { status, type, body }: Reply): void {
  res.statusCode = status;
  if (type !== undefined) res.setHeader("Content-Type", type);
  if (type?.startsWith("text/plain; charset")) res.setHeader("X-Content-Type-Options", "nosniff");
  res.end(body);
}
