// The health of the app over HTTP: /health, /live, /ready, /startup and /metrics for any framework.
import type { IncomingMessage, ServerResponse } from "node:http";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { type Log, silentLog } from "../../kernel/log.ts";
import { called, checkOptions, oneOf } from "../../policies/options.ts";
import { type Answer, type Details, healthAnswer, textAnswer } from "./answer.ts";
import {
  type ExpressLike,
  type FastifyLike,
  type HonoLike,
  intoFastify,
  intoHono,
  write,
} from "./install.ts";
import type { Summary, SummaryKind } from "./summary.ts";

export type { Answer, Details } from "./answer.ts";
export type { ExpressLike, FastifyLike, HonoLike } from "./install.ts";

/** The text of `/metrics`, with its media type when it is not Prometheus text 0.0.4. */
export type MetricsText = string | { readonly contentType: string; readonly text: string };

export interface EndpointOptions {
  readonly health: { summary(kind: SummaryKind): Summary };
  /** Gives what `/metrics` shows; told the Accept header. Without it there is no `/metrics`. */
  readonly metrics?: (accept: string) => MetricsText | Promise<MetricsText>;
  /** Default "status". */
  readonly details?: Details;
  /** Other paths than `/health`, `/live`, `/ready`, `/startup`, `/metrics`; false for none. */
  readonly paths?: Partial<Readonly<Record<SummaryKind | "metrics", string | false>>>;
  readonly log?: Log;
}

export interface Endpoints {
  /** The paths that are answered. */
  readonly paths: readonly string[];
  /** What to answer; nothing when the path is none of ours. A query is left aside. Never rejects. */
  respond(path: string, accept?: string): Promise<Answer | undefined>;
  /** For `createServer(endpoints.node)` and `app.use(endpoints.node)`; other paths: `next`, or 404. */
  readonly node: (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;
  /** Express 5, or anything with `use`. Put it before what asks for a login. */
  express(app: ExpressLike): void;
  /** Fastify 5. */
  fastify(app: FastifyLike): void;
  /** Hono 4. */
  hono(app: HonoLike): void;
}

const prometheusText = "text/plain; version=0.0.4; charset=utf-8";
const kinds: readonly (SummaryKind | "metrics")[] = [
  "health",
  "live",
  "ready",
  "startup",
  "metrics",
];

/** @throws OPTION_INVALID for a path that does not begin with a slash or stands twice. */
export function createEndpoints(options: EndpointOptions): Endpoints {
  const { health, metrics, details = "status", log = silentLog } = options;
  checkOptions(
    "endpoints",
    { metrics, details },
    { metrics: called, details: oneOf("none", "status", "full") },
  );
  const routes = routesOf(options);

  const metricsAnswer = async (accept: string): Promise<Answer> => {
    try {
      const found = (await metrics?.(accept)) ?? "";
      if (typeof found === "string") return textAnswer(200, found, prometheusText);
      return textAnswer(200, found.text, found.contentType);
    } catch (error) {
      log.error("the metrics could not be written", { error: messageOf(error) });
      return textAnswer(500, "the metrics could not be written\n");
    }
  };

  const respond: Endpoints["respond"] = async (path, accept = "") => {
    const kind = routes.get(withoutQuery(path));
    if (kind === undefined) return undefined;
    return kind === "metrics" ? metricsAnswer(accept) : healthAnswer(health.summary(kind), details);
  };

  const node: Endpoints["node"] = (request, response, next) => {
    const path = request.url ?? "";
    if (!routes.has(withoutQuery(path))) {
      if (next) next();
      else write(response, textAnswer(404, "not found\n"));
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      const allow = { allow: "GET, HEAD" };
      write(response, textAnswer(405, "only GET and HEAD\n", undefined, allow));
      return;
    }
    void respond(path, request.headers.accept).then((answer) => {
      if (answer) write(response, answer);
    });
  };

  const paths = [...routes.keys()];
  return {
    paths,
    respond,
    node,
    express: (app) => void app.use(node),
    fastify: (app) => intoFastify(app, paths, respond),
    hono: (app) => intoHono(app, paths, respond),
  };
}

function routesOf(options: EndpointOptions): ReadonlyMap<string, SummaryKind | "metrics"> {
  const routes = new Map<string, SummaryKind | "metrics">();
  for (const kind of kinds) {
    const path = options.paths?.[kind] ?? `/${kind}`;
    if (path === false || (kind === "metrics" && !options.metrics)) continue;
    if (typeof path !== "string" || !/^\/[\w./~-]*$/.test(path)) {
      wrong(`the path of ${kind} must begin with a slash and be plain, got ${String(path)}`);
    }
    if (routes.has(path)) wrong(`${path} cannot be the path of ${routes.get(path)} and ${kind}`);
    routes.set(path, kind);
  }
  return routes;
}

function wrong(message: string): never {
  throw new HomeostatError("OPTION_INVALID", `endpoints: ${message}`);
}

function withoutQuery(path: string): string {
  const at = path.indexOf("?");
  return at < 0 ? path : path.slice(0, at);
}
