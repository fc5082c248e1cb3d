// Asks an instance by the gRPC health protocol: healthy when it says SERVING.
// Source: grpc/grpc doc/health-checking.md and doc/PROTOCOL-HTTP2.md.
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { builtin } from "../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { answered, begin, connectionFault, excerpt, failed, noAnswer, portOf } from "./answer.ts";
import { encodeCheck, readStatus } from "./grpc-wire.ts";
import type { Probe } from "./probe.ts";

export interface GrpcProbeOptions {
  /** Which service of the server is asked for. Default: "", the server as a whole. */
  readonly service?: string;
  /** Default: the port of the instance. */
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
}

type Outcome =
  | { readonly kind: "late" }
  | { readonly kind: "fault"; readonly error: Error }
  | {
      readonly kind: "over";
      readonly http: number;
      readonly code: number | undefined;
      readonly message: string;
      readonly body: Buffer;
    };

const bodyLimit = 4_096;

/** HTTP/2 without TLS; each check uses a connection of its own. */
export function grpcProbe(options: GrpcProbeOptions = {}): Probe {
  const { service = "" } = options;
  return {
    name: "grpc",
    check: async (of, ctx) => {
      const port = portOf("grpc", of, options.port);
      const check = begin(of, ctx);
      if (ctx.signal.aborted) return noAnswer(check);
      const outcome = await call(options, port, ctx.signal);
      if (outcome.kind === "late") return noAnswer(check);
      if (outcome.kind === "fault") return failed(check, faultOf(outcome.error));
      const note = noteOf(outcome, service);
      return answered(check, ctx.clock.now() - check.startedAtMs, note);
    },
  };
}

/** @throws CONFIG_INVALID when no connection can be asked for. */
async function call(
  { host = "127.0.0.1", service = "" }: GrpcProbeOptions,
  port: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const session = open(host, port);
  const onAbort = (): void => resolve({ kind: "late" });
  /** A stream that was cancelled with its session says so, and why is its cause. */
  const onFault = (error: Error): void =>
    resolve({ kind: "fault", error: error.cause instanceof Error ? error.cause : error });
  signal.addEventListener("abort", onAbort, { once: true });
  session.on("error", onFault);
  session.on("close", () => onFault(new Error("connection closed before the answer")));
  const stream = session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Check",
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "homeostat-probe",
  });
  stream.on("error", onFault);
  collect(stream, resolve);
  stream.end(encodeCheck(service));
  return promise.finally(() => {
    signal.removeEventListener("abort", onAbort);
    session.destroy();
  });
}

function open(host: string, port: number): ClientHttp2Session {
  try {
    return builtin("node:http2").connect(
      `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    );
  } catch (error) {
    const text = `the grpc probe cannot ask ${host}:${port}: ${messageOf(error)}`;
    throw new HomeostatError("CONFIG_INVALID", text, { cause: error });
  }
}

/** A server that fails at once sends its status with the head of the answer, and no body. */
function collect(stream: ClientHttp2Stream, resolve: (outcome: Outcome) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const finish = (): void => {
    const told = trailers["grpc-status"] ?? head["grpc-status"];
    const code = told === undefined ? undefined : Number(told);
    const message = String(trailers["grpc-message"] ?? head["grpc-message"] ?? "");
    const http = Number(head[":status"] ?? 0);
    resolve({ kind: "over", http, code, message, body: Buffer.concat(chunks) });
  };
  stream.on("response", (headers) => {
    head = headers;
  });
  stream.on("trailers", (headers) => {
    trailers = headers;
  });
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > bodyLimit) finish();
    else chunks.push(chunk);
  });
  stream.on("end", finish);
}

/** What a status of 0 without a known word, and each other status, is called. */
function noteOf(
  { http, code, message, body }: Extract<Outcome, { kind: "over" }>,
  service: string,
): string | undefined {
  const of = service === "" ? "" : ` of ${JSON.stringify(excerpt(service, 60))}`;
  if (http !== 200) return `status ${http}: not a gRPC server`;
  if (code === 5) return `it knows no service ${JSON.stringify(excerpt(service, 60))}`;
  if (code === 12) return "it does not speak grpc.health.v1";
  if (code !== 0) {
    const words = excerpt(message, 120);
    return `gRPC status ${code ?? "missing"}${words === "" ? "" : `: ${words}`}`;
  }
  const word = readStatus(body);
  return word === "SERVING" ? undefined : `${word}${of}`;
}

function faultOf(error: Error & { readonly code?: string }): string {
  const { code = "" } = error;
  if (code.startsWith("ERR_HTTP2")) return `the answer is not HTTP/2 (${code})`;
  return code === "" ? error.message : connectionFault(error);
}
