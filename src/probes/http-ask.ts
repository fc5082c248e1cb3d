// One HTTP request of a probe on a connection of its own: what came back, or why nothing did.
import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import type { TLSSocket } from "node:tls";
import { builtin } from "../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Check } from "./answer.ts";

export interface Question {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** More of a body is not read; an answer that is longer is complete enough. */
  readonly bodyLimit: number;
  readonly tls?: TlsQuestion;
}

export interface TlsQuestion {
  /** PEM; default: what Node trusts. */
  readonly ca?: string;
  readonly insecure: boolean;
  /** Whom the certificate must name. */
  readonly serverName: string;
}

export interface Whole {
  readonly kind: "whole";
  readonly status: number;
  readonly body: string;
  /** Of a redirect. */
  readonly location?: string;
  /** Loop time of the head of the answer. */
  readonly atMs: number;
  /** When the certificate ends, in milliseconds since the epoch. */
  readonly certificateEndsMs?: number;
}

export type Reply =
  | Whole
  | { readonly kind: "fault"; readonly error: Error }
  | { readonly kind: "late"; readonly status?: number };

/** @throws CONFIG_INVALID when no request can be made of the question. */
export async function ask(check: Check, question: Question): Promise<Reply> {
  const { signal, clock } = check.ctx;
  if (signal.aborted) return { kind: "late" };
  const { promise, resolve } = Promise.withResolvers<Reply>();
  let status: number | undefined;
  const request = open(question);
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
    const head = { kind: "whole", status, atMs, ...detailsOf(response) } as const;
    readBody(response, question.bodyLimit, (outcome) => {
      resolve(
        outcome instanceof Error ? { kind: "fault", error: outcome } : { ...head, body: outcome },
      );
      request.destroy();
    });
  });
  request.end();
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

function open(question: Question): ClientRequest {
  const { method, host, port, path, tls } = question;
  const headers = {
    "user-agent": "homeostat-probe",
    accept: "*/*",
    ...question.headers,
    connection: "close",
  };
  const options = { method, host, port, path, headers, agent: false } as const;
  try {
    if (!tls) return plainRequest(options);
    return builtin("node:https").request({
      ...options,
      servername: tls.serverName,
      rejectUnauthorized: !tls.insecure,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    });
  } catch (error) {
    const text = `the http probe cannot ask for ${JSON.stringify(path)}`;
    throw new HomeostatError("CONFIG_INVALID", `${text}: ${messageOf(error)}`, { cause: error });
  }
}

function detailsOf({ headers, socket }: IncomingMessage): Partial<Whole> {
  const endsMs = "getPeerCertificate" in socket ? endOf(socket as TLSSocket) : undefined;
  return {
    ...(headers.location === undefined ? {} : { location: headers.location }),
    ...(endsMs === undefined ? {} : { certificateEndsMs: endsMs }),
  };
}

function endOf(socket: TLSSocket): number | undefined {
  const endsMs = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isFinite(endsMs) ? endsMs : undefined;
}

function readBody(
  response: IncomingMessage,
  limit: number,
  done: (outcome: string | Error) => void,
): void {
  let body = "";
  response.setEncoding("utf8");
  response.on("data", (part: string) => {
    body += part;
    if (body.length > limit) done(body.slice(0, limit));
  });
  response.on("end", () => done(body));
  response.on("error", done);
}
