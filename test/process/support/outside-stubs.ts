// Servers that take what healthchecks.io, cronitor and InfluxDB document, and refuse all else.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { type ParsedLine, parseLine } from "../../support/line-protocol-grammar.ts";

export interface Heard {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Stub extends AsyncDisposable {
  readonly url: string;
  /** What it took. */
  readonly heard: Heard[];
  /** What it refused, and why. */
  readonly refused: string[];
  /** Given before it listens again to what is sent; "hang" answers never. */
  readonly next: (Answer | "hang")[];
}

export type Judge = (heard: Heard, request: IncomingMessage) => Answer | Promise<Answer>;

export async function stub(judge: Judge): Promise<Stub> {
  const heard: Heard[] = [];
  const refused: string[] = [];
  const next: (Answer | "hang")[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const isPacked = request.headers["content-encoding"] === "gzip";
    const body = String(isPacked ? gunzipSync(bytes) : bytes);
    const url = new URL(request.url ?? "/", "http://stub");
    const it = { method: request.method ?? "", url, body };
    const scripted = next.shift();
    if (scripted === "hang") return;
    const answer = scripted ?? (await judge(it, request));
    if (answer.status < 300) heard.push(it);
    else refused.push(`${answer.status} ${answer.text ?? ""} ${it.method} ${request.url}`);
    response.writeHead(answer.status, answer.headers).end(answer.text);
  });
  return listening(server, { heard, refused, next });
}

async function listening(
  server: Server,
  rest: Pick<Stub, "heard" | "refused" | "next">,
): Promise<Stub> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...rest,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/** healthchecks.io/docs/http_api; `known` is the one check there is. */
export function healthchecksStub(known: string): Promise<Stub> {
  const path = new RegExp(`^/(${uuid})(?:/(start|fail|log|\\d{1,3}))?$`);
  return stub(({ method, url, body }) => {
    const [, check, step = "0"] = path.exec(url.pathname) ?? [];
    const rid = url.searchParams.get("rid");
    const isCode = /^\d+$/.test(step) && Number(step) > 255;
    const fits = check !== undefined && !isCode && /^(?:HEAD|GET|POST)$/.test(method);
    const isRid = rid === null || new RegExp(`^${uuid}$`).test(rid);
    if (!fits || !isRid || Buffer.byteLength(body) > 100_000) {
      return { status: 400, text: "invalid url format" };
    }
    return { status: 200, text: check === known ? "OK" : "OK (not found)" };
  });
}

/** cronitor.io/docs/telemetry-api. The real one answers 200 to everything. */
export function cronitorStub(key: string): Promise<Stub> {
  const fits: Readonly<Record<string, RegExp>> = {
    state: /^(?:run|complete|fail|ok)$/,
    metric: /^[\w-]{1,63}:-?\d+(?:\.\d+)?$/,
    message: /^.{1,2000}$/s,
    stamp: /^\d+(?:\.\d+)?$/,
    status_code: /^\d+$/,
    ...{ host: /./, env: /./, series: /./ },
  };
  return stub(({ method, url }) => {
    const [, given] = /^\/(?:p|ping)\/([^/]+)\/[^/]+$/.exec(url.pathname) ?? [];
    if (given !== key || !/^(?:HEAD|GET|POST)$/.test(method)) return { status: 404 };
    const wrong = [...url.searchParams].find(([name, value]) => !fits[name]?.test(value));
    if (wrong) return { status: 400, text: `not documented: ${wrong.join("=")}` };
    return { status: 200, text: "OK" };
  });
}

export interface InfluxStub extends Stub {
  readonly points: ParsedLine[];
}

/** docs.influxdata.com/influxdb/v2/api: POST /api/v2/write. */
export async function influxStub(token: string): Promise<InfluxStub> {
  const points: ParsedLine[] = [];
  const made = await stub(({ method, url, body }, { headers }) => {
    if (method !== "POST" || url.pathname !== "/api/v2/write") return { status: 404 };
    if (headers.authorization !== `Token ${token}`) return { status: 401 };
    const { org, bucket, precision = "ns", ...other } = Object.fromEntries(url.searchParams);
    if (!org || !bucket || !/^(?:ns|us|ms|s)$/.test(precision) || Object.keys(other).length > 0) {
      return { status: 400, text: JSON.stringify({ code: "invalid", message: url.search }) };
    }
    try {
      points.push(...body.replace(/\n$/, "").split("\n").map(parseLine));
      return { status: 204 };
    } catch (error) {
      return { status: 400, text: JSON.stringify({ code: "invalid", message: String(error) }) };
    }
  });
  return { ...made, points };
}
