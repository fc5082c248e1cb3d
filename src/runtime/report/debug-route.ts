// A route that fails on purpose, to see an error arrive where errors should arrive; off unless asked for.
import type { IncomingMessage, ServerResponse } from "node:http";
import { anything, checkOptions, finiteAbove, flag, named } from "../../policies/options.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { plainPath } from "./plain-path.ts";

export interface DebugRouteOptions {
  /** Without it nothing is installed; default false. */
  readonly enabled?: boolean;
  /** Default `/debug/error`. */
  readonly path?: string;
  /** It fails once in so many milliseconds, so that nobody floods the reporter; default 1,000. */
  readonly everyMs?: number;
}

interface Routed {
  get(path: string, fail: () => never): unknown;
}

export interface DebugRoute {
  readonly enabled: boolean;
  readonly path: string;
  /** Throws when it is on and the request is for it. */
  fail(request: Pick<IncomingMessage, "method" | "url">): void;
  /** For `createServer(pages.wrap(debug.wrap(listener)))`. */
  wrap(
    listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  ): (request: IncomingMessage, response: ServerResponse) => unknown;
  /** Express 5, Fastify 5, Hono 4. */
  install(app: Routed): void;
}

/** Thrown by the route: whoever finds it in Sentry knows that all is well. */
export class DebugError extends Error {
  override readonly name = "DebugError";
}

export function debugErrorRoute(
  options: DebugRouteOptions & Partial<Surroundings> = {},
): DebugRoute {
  checkOptions("debugErrorRoute", options, {
    enabled: flag,
    path: named,
    everyMs: finiteAbove(-1),
    clock: anything,
    random: anything,
    log: anything,
  });
  const { clock, log } = surroundings(options);
  const { enabled = false, everyMs = 1_000 } = options;
  const path = plainPath("debugErrorRoute", options.path ?? "/debug/error");
  let next = Number.NEGATIVE_INFINITY;
  if (enabled) log.warn("a route that fails on purpose is on", { path });

  const raise = (): never => {
    if (clock.now() < next) {
      throw Object.assign(new Error("it failed a moment ago"), { status: 429, statusCode: 429 });
    }
    next = clock.now() + everyMs;
    throw new DebugError("raised on purpose, to see that errors are reported");
  };
  const fail: DebugRoute["fail"] = ({ method, url = "" }) => {
    if (enabled && method === "GET" && url.split("?", 1)[0] === path) raise();
  };
  return {
    enabled,
    path,
    fail,
    wrap: (listener) => (request, response) => {
      fail(request);
      return listener(request, response);
    },
    install: (app) => void (enabled && app.get(path, raise)),
  };
}
