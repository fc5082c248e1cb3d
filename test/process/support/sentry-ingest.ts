// A stand-in for Sentry's ingest endpoint that takes what the official client sends and nothing less.
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface TakenItem {
  readonly type: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Taken {
  readonly packed: boolean;
  readonly agent: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly items: readonly TakenItem[];
}

export interface Ingest extends AsyncDisposable {
  readonly dsn: string;
  readonly taken: Taken[];
  /** Why requests were refused. */
  readonly refused: string[];
  /** Answered in place of 200 to the next request that is well formed. */
  next: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[];
}

const key = "0123456789abcdef0123456789abcdef";
const mostBytes = 4 * 1_024 * 1_024;

export async function sentryIngest(): Promise<Ingest> {
  const ingest = { taken: [] as Taken[], refused: [] as string[], next: [] as Ingest["next"] };
  const server = createServer(async (request, response) => {
    try {
      ingest.taken.push(await take(request));
      const { status, headers = {} } = ingest.next.shift() ?? { status: 200 };
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify({ id: ingest.taken.at(-1)?.header.event_id }));
    } catch (error) {
      ingest.refused.push(String(error));
      response.writeHead(400, { "x-sentry-error": "see refused" }).end("{}");
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return Object.assign(ingest, {
    dsn: `http://${key}@127.0.0.1:${port}/42`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}

async function take(request: IncomingMessage): Promise<Taken> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://stub");
  demand(request.method === "POST" && pathname === "/api/42/envelope/", `no route ${pathname}`);
  const auth = String(request.headers["x-sentry-auth"] ?? "");
  const given = Object.fromEntries(
    /^Sentry /.test(auth)
      ? auth
          .slice(7)
          .split(/,\s*/)
          .map((pair) => pair.split("=", 2))
      : [...searchParams],
  );
  demand(given.sentry_key === key && given.sentry_version === "7", "not authorised");
  const agent = String(request.headers["user-agent"]);
  demand(/^[\w.]+\/\d+\.\d+\.\d+/.test(agent), `user agent ${agent}`);
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const packed = request.headers["content-encoding"] === "gzip";
  const body = packed
    ? gunzipSync(Buffer.concat(parts), { maxOutputLength: mostBytes })
    : Buffer.concat(parts);
  return { packed, agent, ...envelopeOf(body) };
}

/** Headers, then items: a header each, and a payload of the length it names or up to the line's end. */
function envelopeOf(body: Buffer): Pick<Taken, "header" | "items"> {
  let at = 0;
  const line = (): Buffer => {
    const end = body.indexOf(10, at);
    const found = body.subarray(at, end < 0 ? body.length : end);
    at = end < 0 ? body.length : end + 1;
    return found;
  };
  const header = objectOf(line());
  const items: TakenItem[] = [];
  while (at < body.length) {
    const head = objectOf(line());
    const { type, length } = head;
    demand(typeof type === "string", "an item without a type");
    let payload: Buffer;
    if (typeof length === "number") {
      payload = body.subarray(at, at + length);
      at += length;
      demand(payload.length === length && (at === body.length || body[at] === 10), "wrong length");
      at += 1;
    } else payload = line();
    items.push({ type: String(type), header: head, payload: objectOf(payload) });
  }
  return { header, items };
}

function objectOf(text: Buffer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text.toString("utf8"));
  demand(typeof value === "object" && value !== null && !Array.isArray(value), "not an object");
  return value as Readonly<Record<string, unknown>>;
}

function demand(condition: boolean, why: string): void {
  if (!condition) throw new Error(why);
}
