// The HTTP side that all services share: routes, JSON, /health, sickness switches, a calm end.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { App } from "homeostat";
import type { Answer, Ask } from "./answer.ts";
import type { Settings } from "./env.ts";
import type { Sickness } from "./sickness.ts";

const MAX_BODY_BYTES = 64 * 1024;
/** Longer than any client keeps an idle connection, so that it is never us who closes first. */
const KEEP_ALIVE_MS = 65_000;
/** What is still open this long after SIGTERM is cut. */
const MAX_STOP_MS = 8_000;

export interface Serving {
  readonly settings: Settings<string>;
  /** "GET /products" or "GET /products/:id" (only the last part may be `:id`). */
  readonly routes: Readonly<Record<string, (ask: Ask) => Answer | Promise<Answer>>>;
  readonly sick: Sickness;
  readonly health?: () => Answer;
  /** Finishes what is not a request; then the process ends with 0. */
  readonly stop?: () => Promise<void>;
  /** Sees to signals and the calm end, where the service has one. */
  readonly app?: App;
}

/** Listens on 127.0.0.1, prints one line, and ends with 0 on SIGTERM or SIGINT when all is done. */
export function serve(serving: Serving): void {
  const { settings, app } = serving;
  const end = app ? endOf(app, serving) : endBySignal(serving);
  const server = createServer(async (request, response) => {
    const answer = await answerTo(serving, request);
    send(response, answer, end.stopping());
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  end.attach(server);
  server.listen(settings.port, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    console.log(`${settings.name} listening on 127.0.0.1:${port}`);
  });

  // Whoever reads our lines may die before us; that is no reason to die too.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
}

interface End {
  stopping(): boolean;
  attach(server: Server): void;
}

function endOf(app: App, { settings, stop }: Serving): End {
  return {
    stopping: () => app.stopping,
    attach: (server) => {
      app.server(settings.name, server, { drainMs: MAX_STOP_MS });
      if (stop) app.onStop("the rest", "resources", stop);
    },
  };
}

/** How a service that knows nothing of Homeostat does it. */
function endBySignal({ settings, sick, stop }: Serving): End {
  let stopping = false;
  return {
    stopping: () => stopping,
    attach: (server) => {
      server.on("error", (error) => {
        process.stderr.write(`${settings.name}: ${error.message}\n`);
        process.exit(1);
      });
      const end = (): void => {
        if (stopping || sick.ignoresTerm()) return;
        stopping = true;
        setTimeout(() => server.closeAllConnections(), MAX_STOP_MS).unref();
        server.close(async () => {
          await stop?.();
          process.exit(0);
        });
      };
      process.on("SIGTERM", end);
      process.on("SIGINT", end);
    },
  };
}

async function answerTo(serving: Serving, request: IncomingMessage): Promise<Answer> {
  const { method = "GET", url = "/" } = request;
  const [path = "/", search] = url.split("?", 2);
  try {
    const body = method === "POST" ? await readJson(request) : undefined;
    if (body === invalid) return { status: 400, body: { error: "the body is not JSON" } };
    if (path === "/health") return healthOf(serving);
    const slash = path.lastIndexOf("/") + 1;
    const id = path.slice(slash);
    if (method === "POST" && path.startsWith("/_sick/")) return serving.sick.fall(id, body);
    const route =
      serving.routes[`${method} ${path}`] ?? serving.routes[`${method} ${path.slice(0, slash)}:id`];
    if (!route) return { status: 404, body: { error: `nothing at ${method} ${path}` } };
    return await route({ id, query: new URLSearchParams(search), body });
  } catch (error) {
    process.stderr.write(`${serving.settings.name}: ${method} ${path}: ${String(error)}\n`);
    return { status: 500, body: { error: String(error) } };
  }
}

function healthOf({ sick, health }: Serving): Answer {
  if (sick.failsProbe()) return { status: 500, body: { status: "sick", reason: "told to be" } };
  return health?.() ?? { status: 200, body: { status: "ok" } };
}

const invalid: unique symbol = Symbol("not JSON");

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) return invalid;
  }
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return invalid;
  }
}

function send(response: ServerResponse, { status, body, after }: Answer, last: boolean): void {
  const isPage = typeof body === "string";
  const bytes = Buffer.from(isPage ? body : JSON.stringify(body));
  if (after) response.once("finish", () => setImmediate(after));
  response.writeHead(status, {
    "content-type": isPage ? "text/html; charset=utf-8" : "application/json",
    "content-length": bytes.length,
    ...(last ? { connection: "close" } : {}),
  });
  response.end(bytes);
}
