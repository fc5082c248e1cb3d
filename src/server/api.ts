// The HTTP API: views for people and programs, and the few things that people may tell the daemon.
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { extname, join, normalize } from "node:path";
import { serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type {
  AppsView,
  ErrorView,
  IncidentDetail,
  OrderView,
  SeriesView,
  StateView,
} from "../protocol/api.ts";
import { isAllowed } from "./auth.ts";
import { body, whole } from "./given.ts";
import { report } from "./report.ts";
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
  /** Answers when the run is asked for: `ended` rounds were over before. @throws as above */
  run(name: string, by: string): { readonly ended: number };
  apps(): AppsView;
  /** `order` is as it came. @throws WIRE_SHAPE, UNKNOWN_ID, APP_ABSENT, ORDER_FAILED, TIMED_OUT */
  order(target: string, order: unknown, by: string): Promise<OrderView>;
  /** Answers at once; the daemon ends after the answer is sent. */
  down(by: string): void;
  readonly stream: Stream;
}

export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  /** Folder of the built dashboard. */
  readonly dashboard: string;
  readonly backend: Backend;
}

const linesMax = 5_000;

export function createApi({ backend, token, dashboard }: ApiOptions): Hono {
  const app = new Hono();
  app.use("*", async (c, next) => {
    const refusal = isAllowed(c.req.raw, token);
    if (refusal) return fail(c, new HomeostatError("FORBIDDEN", refusal));
    await next();
    // A page asks for its parts and its stream by itself: it cannot add a header to those.
    if (token !== undefined && c.req.query("token") === token) {
      c.header("Set-Cookie", `homeostat=${token}; HttpOnly; SameSite=Strict; Path=/`);
    }
    c.header("X-Content-Type-Options", "nosniff");
    c.header("Referrer-Policy", "no-referrer");
    return undefined;
  });
  app.onError((error, c) => fail(c, error));
  app.get("/api/state", (c) => c.json(backend.state()));
  app.get("/api/stream", (c) => streamTo(c, backend.stream, backend.state));
  app.get("/api/incidents/:id", (c) => c.json(backend.incident(c.req.param("id"))));
  app.get("/api/incidents/:id/export", (c) => {
    const text = report(backend.incident(c.req.param("id")), backend.state().project);
    return c.text(text, 200, { "content-type": "text/markdown; charset=utf-8" });
  });
  app.get("/api/series", (c) => {
    const { target = "", metric = "", seconds = "300" } = c.req.query();
    return c.json(backend.series(target, metric, whole("seconds", seconds, 86_400)));
  });
  app.get("/api/logs/:service", (c) => {
    const lines = whole("lines", c.req.query("lines") ?? "200", linesMax);
    return c.json({ lines: backend.logs(c.req.param("service"), lines) });
  });
  app.get("/api/apps", (c) => c.json(backend.apps()));
  orders(app, backend);
  app.all("/api/*", (c) => {
    return fail(c, new HomeostatError("UNKNOWN_ID", `there is no ${c.req.method} ${c.req.path}`));
  });
  app.get("*", (c) => asset(c, dashboard));
  return app;
}

function orders(app: Hono, backend: Backend): void {
  app.post("/api/pause", async (c) => {
    const { by, reason } = await body(c);
    backend.pause(by, reason === "" ? "no reason given" : reason);
    return c.json({ paused: true });
  });
  app.post("/api/resume", async (c) => {
    backend.resume((await body(c)).by);
    return c.json({ paused: false });
  });
  app.post("/api/approvals/:id/approve", async (c) => {
    backend.decide(c.req.param("id"), (await body(c)).by, "approve");
    return c.json({ id: c.req.param("id"), state: "given" });
  });
  app.post("/api/approvals/:id/deny", async (c) => {
    backend.decide(c.req.param("id"), (await body(c)).by, "deny");
    return c.json({ id: c.req.param("id"), state: "denied" });
  });
  app.post("/api/services/:name/restart", async (c) => {
    const steps = await backend.restart(c.req.param("name"), (await body(c)).by);
    return c.json({ restarted: c.req.param("name"), steps });
  });
  app.post("/api/services/:name/stop", async (c) => {
    const steps = await backend.stop(c.req.param("name"), (await body(c)).by);
    return c.json({ stopped: c.req.param("name"), steps });
  });
  app.post("/api/services/:name/start", async (c) => {
    const steps = await backend.start(c.req.param("name"), (await body(c)).by);
    return c.json({ started: c.req.param("name"), steps });
  });
  app.post("/api/services/:name/run", async (c) => {
    const { ended } = backend.run(c.req.param("name"), (await body(c)).by);
    return c.json({ running: c.req.param("name"), ended });
  });
  app.post("/api/apps/:target/orders", async (c) => {
    const { order, by } = await body(c);
    return c.json(await backend.order(c.req.param("target"), order, by));
  });
  app.post("/api/down", async (c) => {
    backend.down((await body(c)).by);
    return c.json({ stopping: true });
  });
}

/** Resolves when the server listens. @throws CONFIG_INVALID when the port is taken. */
export function listen(app: Hono, options: ApiOptions): Promise<Server> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, () =>
      resolve(server),
    ) as Server;
    server.once("error", (error: NodeJS.ErrnoException) => {
      const got = error.code === "EADDRINUSE" ? "a port in use by another program" : error.message;
      const message = `dashboard.port: expected a free port, got ${port}: ${got}`;
      const details = [{ path: "dashboard.port", expected: "a free port", got: `${port}: ${got}` }];
      reject(new HomeostatError("CONFIG_INVALID", message, { details, cause: error }));
    });
  });
}

function statusOf(error: unknown): 400 | 403 | 404 | 409 | 500 | 503 {
  if (!(error instanceof HomeostatError)) return 500;
  if (error.code === "UNKNOWN_ID") return 404;
  if (error.code === "FORBIDDEN") return 403;
  if (error.code === "NOT_NOW" || error.code === "APPROVAL_CLOSED" || error.code === "ORDER_FAILED")
    return 409;
  if (error.family === "Protocol" || error.family === "Misconfigured") return 400;
  return error.family === "Broken" ? 500 : 503;
}

function fail(c: Context, error: unknown): Response {
  const view: ErrorView =
    error instanceof HomeostatError
      ? { error: { code: error.code, message: error.message, hint: error.hint } }
      : { error: { code: "INVARIANT", message: messageOf(error), hint: "see the daemon's log" } };
  return c.json(view, statusOf(error));
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

function asset(c: Context, folder: string): Response {
  const wanted = c.req.path === "/" ? "/index.html" : c.req.path;
  const path = normalize(join(folder, decodeURIComponent(wanted)));
  const type = types[extname(path)];
  if (!path.startsWith(normalize(`${folder}/`)) || type === undefined)
    return c.notFound() as Response;
  try {
    return c.body(readFileSync(path, "utf8"), 200, { "content-type": type });
  } catch {
    // Not there: a wrong address, or a dashboard that was not built.
    if (wanted !== "/index.html") return c.text("not found", 404);
    return c.text("The dashboard is not built: run `npm run build -w dashboard`.", 503);
  }
}
