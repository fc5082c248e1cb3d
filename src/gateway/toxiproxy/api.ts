// The HTTP server of the API: who may ask, how long and how much, and how answers are sent.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Clock, deadline } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { failureOf, failureView } from "./bodies.ts";
import { badBody } from "./failure.ts";
import { writeGoJson } from "./go-json.ts";
import { type Path, type PathOptions, pathsOf, plain, type Reply } from "./paths.ts";

export interface Api {
  close(): Promise<void>;
}

export interface ApiOptions extends PathOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}

const limits = {
  bodyBytes: 1024 * 1024,
  connections: 1_000,
  /** Times of Toxiproxy, api.go. */
  readMs: 15_000,
  idleMs: 60_000,
  answerMs: 25_000,
  checkMs: 5_000,
} as const;

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

/** What is too much is read all the same and forgotten: who still writes would not see the answer. */
function bodyOf(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    req.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limits.bodyBytes) return void chunks.push(chunk);
      chunks = [];
      reject(badBody("http: request body too large"));
    });
    req.on("end", () => resolve(Buffer.concat(chunks)));
    req.on("error", reject);
    req.on("close", () => reject(badBody("unexpected EOF")));
  });
}

function send(res: ServerResponse, { status, type, body }: Reply): void {
  res.statusCode = status;
  if (type !== undefined) res.setHeader("Content-Type", type);
  if (type?.startsWith("text/plain; charset")) res.setHeader("X-Content-Type-Options", "nosniff");
  res.end(body);
}
