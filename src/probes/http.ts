// Asks an instance by HTTP GET: healthy when it answers 2xx or 3xx in time.
import { type ClientRequest, get, type IncomingMessage } from "node:http";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import {
  answered,
  begin,
  type Check,
  connectionFault,
  excerpt,
  failed,
  noAnswer,
  portOf,
} from "./answer.ts";
import type { Probe } from "./probe.ts";

export interface HttpProbeOptions {
  readonly path: string;
  /** Default: the port of the instance. */
  readonly port?: number;
  /** The statuses that are healthy. Default: 200 to 399. */
  readonly status?: readonly number[];
  /** Default: 127.0.0.1. */
  readonly host?: string;
}

/** More of a body is not read; an answer that is longer is complete enough. */
const bodyLimit = 10_240;

type Answer =
  | {
      readonly kind: "whole";
      readonly status: number;
      readonly body: string;
      readonly atMs: number;
    }
  | { readonly kind: "fault"; readonly error: Error }
  | { readonly kind: "late"; readonly status?: number };

/** Each check uses a connection of its own: a kept one would hide that no new ones are accepted. */
export function httpProbe(options: HttpProbeOptions): Probe {
  const healthy = (status: number): boolean =>
    options.status?.includes(status) ?? (status >= 200 && status < 400);
  return {
    name: "http",
    check: async (of, ctx) => {
      const port = portOf("http", of, options.port);
      const check = begin(of, ctx);
      const answer = await ask(check, options, port);
      if (answer.kind === "fault") return failed(check, connectionFault(answer.error));
      if (answer.kind === "late") return noAnswer(check, lateDetail(answer.status));
      const latencyMs = answer.atMs - check.startedAtMs;
      if (healthy(answer.status)) return answered(check, latencyMs);
      const body = excerpt(answer.body, 120);
      const note = `status ${answer.status}${body === "" ? "" : `: ${body}`}`;
      return answered(check, latencyMs, note);
    },
  };
}

function lateDetail(status: number | undefined): string | undefined {
  return status === undefined ? undefined : `status ${status} came, its body did not end`;
}

async function ask(check: Check, options: HttpProbeOptions, port: number): Promise<Answer> {
  const { signal, clock } = check.ctx;
  if (signal.aborted) return { kind: "late" };
  const { promise, resolve } = Promise.withResolvers<Answer>();
  let status: number | undefined;
  const request = getFresh(options, port);
  const onAbort = (): void => {
    resolve(status === undefined ? { kind: "late" } : { kind: "late", status });
    request.destroy();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  // Destroying the request also ends here; the promise is settled by then.
  request.on("error", (error) => resolve({ kind: "fault", error }));
  request.on("response", (response) => {
    const atMs = clock.now();
    status = response.statusCode ?? 0;
    const whole = { kind: "whole", status, atMs } as const;
    readBody(response, (outcome) => {
      resolve(
        outcome instanceof Error ? { kind: "fault", error: outcome } : { ...whole, body: outcome },
      );
      request.destroy();
    });
  });
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

/** @throws CONFIG_INVALID when no request can be made of the path or host. */
function getFresh(options: HttpProbeOptions, port: number): ClientRequest {
  try {
    return get({
      host: options.host ?? "127.0.0.1",
      port,
      path: options.path.startsWith("/") ? options.path : `/${options.path}`,
      agent: false,
      headers: { "user-agent": "homeostat-probe", accept: "*/*", connection: "close" },
    });
  } catch (error) {
    const text = `the http probe cannot ask for ${JSON.stringify(options.path)}`;
    throw new HomeostatError("CONFIG_INVALID", `${text}: ${messageOf(error)}`, { cause: error });
  }
}

function readBody(response: IncomingMessage, done: (outcome: string | Error) => void): void {
  let body = "";
  response.setEncoding("utf8");
  response.on("data", (part: string) => {
    body += part;
    if (body.length > bodyLimit) done(body);
  });
  response.on("end", () => done(body));
  response.on("error", done);
}
