// What the tests of TLS and HTTP/2 share: certificates, a route before instances, and clients.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createDeadlines } from "../../src/gateway/relay/deadlines.ts";
import { defaultLimits, type Limits } from "../../src/gateway/relay/limits.ts";
import { createRoute, type LiveRoute } from "../../src/gateway/route.ts";
import { createStats, type Stats } from "../../src/gateway/stats.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { createLog, type Log } from "../../src/kernel/log.ts";
import { seeded } from "../../src/kernel/random.ts";
import type { Route, Upstream } from "../../src/protocol/gateway.ts";
import type { RouteCertificate, RouteSecure } from "../../src/protocol/gateway-secure.ts";
import { freePort } from "../gateway-corpus/rig.ts";

export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes a certificate that is its own authority; over files that are there already. */
export function makeCertificate(
  folder: string,
  file: string,
  names: readonly string[],
  days = 30,
): RouteCertificate {
  const [cert, key] = [join(folder, `${file}.pem`), join(folder, `${file}.key`)];
  const alternative = names.map((name) => `DNS:${name}`).join(",");
  const args = [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(" "),
    ...["-subj", `/CN=${file}`, "-addext", `subjectAltName=${alternative}`],
    ...["-days", String(days), "-keyout", key, "-out", cert],
  ];
  execFileSync("openssl", args, { stdio: "ignore" });
  return { cert, key };
}

export interface SecureRoute {
  readonly port: number;
  readonly stats: Stats;
  /** What was logged, as "level message". */
  readonly said: readonly string[];
  readonly live: LiveRoute;
  /** Pushes a config as the daemon does. @throws what it would be told. */
  push(over: Partial<Route>): Promise<void>;
}

export interface Wanted {
  readonly upstreams: readonly Upstream[];
  readonly tls?: NonNullable<RouteSecure["tls"]>;
  readonly over?: Partial<Route>;
  readonly limits?: Partial<Limits>;
}

export async function startSecure(t: TestContext, wanted: Wanted): Promise<SecureRoute> {
  const { upstreams, tls, over = {}, limits = {} } = wanted;
  const stats = createStats();
  const said: string[] = [];
  const log: Log = createLog({
    level: "info",
    wall: systemClock.wall,
    write: ({ level, message }) => said.push(`${level} ${message}`),
  });
  const port = await freePort();
  let config: Route = {
    ...{ service: "web", host: "127.0.0.1", port, holdMs: 5_000, timeoutMs: 10_000, upstreams },
    ...(tls ? { tls } : {}),
    ...over,
  };
  const context = { clock: systemClock, random: seeded(1), log, stats };
  const deadlines = createDeadlines(systemClock);
  const live = createRoute(config, { ...context, deadlines }, { ...defaultLimits, ...limits });
  t.after(() => live.close(0));
  const push = (changes: Partial<Route>): Promise<void> => {
    config = { ...config, ...changes };
    live.apply(config);
    return live.listen();
  };
  await push({});
  return { port, stats, said, live, push };
}

/** A route over TLS with one certificate, before one instance. */
export async function startBefore(
  t: TestContext,
  instancePort: number,
  wanted: Omit<Wanted, "upstreams" | "tls"> = {},
): Promise<SecureRoute> {
  const certificates = [makeCertificate(folderOf(t), "web", ["web.example"])];
  const upstreams: readonly Upstream[] = [
    { instance: "web/1", port: instancePort, state: "ready" },
  ];
  return startSecure(t, { upstreams, tls: { certificates, http2: true }, ...wanted });
}

export function client(t: TestContext, port: number, host = "web.example"): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, {
    ...{ servername: host, rejectUnauthorized: false },
  });
  session.on("error", () => {});
  t.after(() => session.destroy());
  return session;
}

export interface H2Answer {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders;
  readonly interims: readonly number[];
}

export interface H2Ask {
  readonly fields?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  readonly trailers?: OutgoingHttpHeaders;
}

/** One request; rejects when the stream ends before the answer is complete. */
export function askOver(
  session: ClientHttp2Session,
  path: string,
  { fields = {}, body, trailers }: H2Ask = {},
): Promise<H2Answer> {
  const options = { endStream: body === undefined, waitForTrailers: trailers !== undefined };
  const stream = session.request(
    { ":path": path, ":authority": "web.example", ...fields },
    options,
  );
  if (trailers) stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  if (body !== undefined) stream.end(body);
  return answerOf(stream);
}

export function answerOf(stream: ClientHttp2Stream): Promise<H2Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const interims: number[] = [];
    let fields: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    let ended = false;
    stream.on("headers", (came) => interims.push(Number(came[":status"])));
    stream.on("response", (came) => {
      fields = came;
    });
    stream.on("trailers", (came) => {
      trailers = came;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      ended = true;
    });
    stream.on("error", reject);
    stream.on("close", () => {
      const status = Number(fields[":status"] ?? 0);
      const body = Buffer.concat(chunks);
      if (ended && status > 0) resolve({ status, fields, body, trailers, interims });
      else reject(new Error(`the stream ended with ${stream.rstCode}`));
    });
  });
}

/** An instance that speaks h2c, inside the test's own process. */
export async function serveH2c(
  t: TestContext,
  onStream: (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => void,
  settings: { readonly maxConcurrentStreams?: number } = {},
): Promise<{ readonly port: number; readonly server: Http2Server; sessions(): number }> {
  const server = createServer({ settings });
  const open = new Set<{ destroy(): void }>();
  let sessions = 0;
  server.on("session", (session) => {
    sessions++;
    open.add(session);
    session.on("error", () => {});
    session.on("close", () => open.delete(session));
  });
  server.on("stream", (stream, fields) => {
    stream.on("error", () => {});
    onStream(stream, fields);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const session of open) session.destroy();
  });
  return { port: (server.address() as AddressInfo).port, server, sessions: () => sessions };
}
