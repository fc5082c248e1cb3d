// The HTTP API: views for people and programs, and the few things that people may tell the daemon.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type {
  AppsView,
  ErrorView,
  IncidentDetail,
  OrderView,
  SeriesView,
  StateView,
} from "../protocol/api.ts";
import { cookieOf, isAllowed } from "./auth.ts";
import { type ChannelsBackend, channelRoutes } from "./channels.ts";
import { type DrillsBackend, drillRoutes } from "./drills.ts";
import { body, whole } from "./given.ts";
import { isKumaDoor, type KumaDoor, kumaDoor } from "./kuma.ts";
import { report } from "./report.ts";
import { bytes, createRouter, decoded, json, type Reply, type Router, text } from "./router.ts";
import { type Stream, streamTo } from "./stream.ts";

/** What the API needs of the daemon: each entry is one question or one order. */
export interface Backend {
  state(): StateView;
  /** @throws UNKNOWN_ID */
  incident(id: string): IncidentDetail;
  series(target: string, metric: string, seconds: number): SeriesView;
  logs(
    service: string,
    lines: number,
  ): readonly { readonly instance: string; readonly text: string }[];
  pause(by: string, reason: string): void;
  resume(by: string): void;
  decide(approval: string, by: string, answer: "approve" | "deny"): void;
  restart(service: string, by: string): Promise<readonly string[]>;
  /** `name` is a service or a group; what was done, step by step. @throws UNKNOWN_ID, NOT_NOW */
  stop(name: string, by: string): Promise<readonly string[]>;
  start(name: string, by: string): Promise<readonly string[]>;
  /** So many instances that serve, until all is stopped. @throws as above */
  scale(name: string, count: number, by: string): Promise<readonly string[]>;
  /** Answers when the run is asked for: `ended` rounds were over before. @throws as above */
  run(name: string, by: string): { readonly ended: number };
  /** Proportional set size of each running instance, bytes: the kernel walks its memory for it. */
  pss(): Readonly<Record<string, number>>;
  apps(): AppsView;
  /** `order` is as it came. @throws WIRE_SHAPE, UNKNOWN_ID, APP_ABSENT, ORDER_FAILED, TIMED_OUT */
  order(target: string, order: unknown, by: string): Promise<OrderView>;
  /** Answers at once; the daemon ends after the answer is sent. */
  down(by: string): void;
  /**
   * Answers at once; the next version is in its place soon after. `nonce` says which launch is meant.
   * @throws NOT_NOW, USAGE
   */
  upgrade(by: string, nonce: string): void;
  readonly stream: Stream;
  readonly drills: DrillsBackend;
  readonly channels: ChannelsBackend;
}

export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  /** Folder of the built dashboard. */
  readonly dashboard: string;
  readonly backend: Backend;
  readonly kuma?: KumaDoor;
  /** What GET /metrics answers to an Accept header. */
  readonly metrics: (
    accept: string | undefined,
  ) => Promise<{ readonly type: string; readonly body: string }>;
}

const linesMax = 5_000;

export function createApi({ backend, token, dashboard, kuma, metrics }: ApiOptions): Router {
  const app = createRouter(fail);
  app.before((asked) => {
    const headers = { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" };
    const refusal = isKumaDoor(asked) ? undefined : isAllowed(asked, token);
    if (refusal) return { headers, refusal: fail(new HomeostatError("FORBIDDEN", refusal)) };
    // A page asks for its parts and its stream by itself: it cannot add a header to those.
    if (token === undefined || asked.query("token") !== token) return { headers };
    const cookie = `homeostat=${cookieOf(token)}; HttpOnly; SameSite=Strict; Path=/`;
    return { headers: { ...headers, "set-cookie": cookie } };
  });
  app.get("/api/state", () => json(backend.state()));
  app.get("/api/stream", (asked) => streamTo(asked, backend.stream, backend.state));
  app.get("/api/incidents/:id", (asked) => json(backend.incident(asked.param("id"))));
  app.get("/api/incidents/:id/export", (asked) => {
    const markdown = report(backend.incident(asked.param("id")), backend.state().project);
    return text(markdown, 200, "text/markdown; charset=utf-8");
  });
  app.get("/api/series", (asked) => {
    const [target = "", metric = ""] = [asked.query("target"), asked.query("metric")];
    const seconds = whole("seconds", asked.query("seconds") ?? "300", 86_400);
    return json(backend.series(target, metric, seconds));
  });
  app.get("/api/logs/:service", (asked) => {
    const lines = whole("lines", asked.query("lines") ?? "200", linesMax);
    return json({ lines: backend.logs(asked.param("service"), lines) });
  });
  app.get("/api/pss", () => json(backend.pss()));
  app.get("/api/apps", () => json(backend.apps()));
  app.get("/metrics", async (asked) => {
    const { type, body } = await metrics(asked.header("accept"));
    return text(body, 200, type);
  });
  orders(app, backend);
  drillRoutes(app, backend.drills);
  channelRoutes(app, backend.channels);
  kumaDoor(app, kuma);
  app.other(({ method, path }) => {
    if (path === "/api" || path.startsWith("/api/")) {
      throw new HomeostatError("UNKNOWN_ID", `there is no ${method} ${path}`);
    }
    return method === "GET" || method === "HEAD" ? asset(path, dashboard) : text("not found", 404);
  });
  return app;
}

function orders(app: Router, backend: Backend): void {
  app.post("/api/pause", async (asked) => {
    const { by, reason } = await body(asked);
    backend.pause(by, reason === "" ? "no reason given" : reason);
    return json({ paused: true });
  });
  app.post("/api/resume", async (asked) => {
    backend.resume((await body(asked)).by);
    return json({ paused: false });
  });
  app.post("/api/approvals/:id/approve", async (asked) => {
    backend.decide(asked.param("id"), (await body(asked)).by, "approve");
    return json({ id: asked.param("id"), state: "given" });
  });
  app.post("/api/approvals/:id/deny", async (asked) => {
    backend.decide(asked.param("id"), (await body(asked)).by, "deny");
    return json({ id: asked.param("id"), state: "denied" });
  });
  app.post("/api/services/:name/restart", async (asked) => {
    const steps = await backend.restart(asked.param("name"), (await body(asked)).by);
    return json({ restarted: asked.param("name"), steps });
  });
  app.post("/api/services/:name/stop", async (asked) => {
    const steps = await backend.stop(asked.param("name"), (await body(asked)).by);
    return json({ stopped: asked.param("name"), steps });
  });
  app.post("/api/services/:name/start", async (asked) => {
    const steps = await backend.start(asked.param("name"), (await body(asked)).by);
    return json({ started: asked.param("name"), steps });
  });
  app.post("/api/services/:name/scale/:count", async (asked) => {
    const count = whole("count", asked.param("count"), 64);
    const steps = await backend.scale(asked.param("name"), count, (await body(asked)).by);
    return json({ scaled: asked.param("name"), count, steps });
  });
  app.post("/api/services/:name/run", async (asked) => {
    const { ended } = backend.run(asked.param("name"), (await body(asked)).by);
    return json({ running: asked.param("name"), ended });
  });
  app.post("/api/apps/:target/orders", async (asked) => {
    const { order, by } = await body(asked);
    return json(await backend.order(asked.param("target"), order, by));
  });
  app.post("/api/down", async (asked) => {
    backend.down((await body(asked)).by);
    return json({ stopping: true });
  });
  app.post("/api/upgrade", async (asked) => {
    const { by, nonce } = await body(asked);
    backend.upgrade(by, nonce);
    return json({ upgrading: true });
  });
}

/** Pages, scrapers and commands; what comes beyond is closed at once. */
const connectionsMax = 256;

/** Resolves when the server listens. @throws CONFIG_INVALID when the port is taken. */
export function listen(app: Router, options: ApiOptions): Promise<Server> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    const server = createServer(app.listener);
    server.maxConnections = connectionsMax;
    server.listen(port, host, () => resolve(server));
    server.on("error", (error: NodeJS.ErrnoException) => {
      const got = error.code === "EADDRINUSE" ? "a port in use by another program" : error.message;
      const message = `dashboard.port: expected a free port, got ${port}: ${got}`;
      const details = [{ path: "dashboard.port", expected: "a free port", got: `${port}: ${got}` }];
      reject(new HomeostatError("CONFIG_INVALID", message, { details, cause: error }));
    });
  });
}

function statusOf(error: unknown): number {
  if (!(error instanceof HomeostatError)) return 500;
  if (error.code === "UNKNOWN_ID") return 404;
  if (error.code === "FORBIDDEN") return 403;
  if (error.code === "NOT_NOW" || error.code === "APPROVAL_CLOSED" || error.code === "ORDER_FAILED")
    return 409;
  if (error.family === "Protocol" || error.family === "Misconfigured") return 400;
  return error.family === "Broken" ? 500 : 503;
}

function fail(error: unknown): Reply {
  const view: ErrorView =
    error instanceof HomeostatError
      ? { error: { code: error.code, message: error.message, hint: error.hint } }
      : { error: { code: "INVARIANT", message: messageOf(error), hint: "see the daemon's log" } };
  return json(view, statusOf(error));
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** @throws WIRE_SHAPE */
function asset(asked: string, folder: string): Reply {
  const wanted = asked === "/" ? "/index.html" : asked;
  const path = normalize(join(folder, decoded(wanted)));
  const type = types[extname(path)];
  if (!path.startsWith(normalize(`${folder}/`)) || type === undefined || path.includes("\0")) {
    return text("not found", 404);
  }
  try {
    return bytes(readFileSync(path), type);
  } catch {
    // Not there: a wrong address, or a dashboard that was not built.
    if (wanted !== "/index.html") return text("not found", 404);
    return text("The dashboard is not built: run `npm run build -w dashboard`.", 503);
  }
}
