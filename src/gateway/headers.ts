// Which header fields go on and which end here. Source: RFC 9110 section 7.6.1, RFC 9112 section 6.
import type { IncomingMessage } from "node:http";

/** Fields of one connection, not of the message; Expect is answered by the gateway itself. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const withoutBody: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "DELETE"]);

/** "chunked" and nothing else: any other coding would be lost together with the field. */
export function isKnownFraming(req: IncomingMessage): boolean {
  const coding = req.headers["transfer-encoding"];
  return coding === undefined || coding.trim().toLowerCase() === "chunked";
}

/** Fields for the instance as name, value, name, value; order and case of the client are kept. */
export function requestFields(req: IncomingMessage): string[] {
  const kept = endToEnd(req, forwardedNames);
  kept.push(...framing(req), ...forwardedFields(req));
  return kept;
}

/** Fields for the client as name, value, name, value. */
export function responseFields(incoming: IncomingMessage): string[] {
  return endToEnd(incoming, noNames);
}

const noNames: ReadonlySet<string> = new Set();

const forwardedNames: ReadonlySet<string> = new Set([
  "content-length",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
]);

/**
 * The client's address is appended to what it claims; a proxy in front that ends TLS has the last
 * word on host and protocol.
 */
export function forwardedFields(req: IncomingMessage): string[] {
  const { headers, socket } = req;
  const client = (socket.remoteAddress ?? "unknown").replace(/^::ffff:/, "");
  const claimed = headers["x-forwarded-for"];
  const proto = String(headers["x-forwarded-proto"] ?? "http");
  const host = headers["x-forwarded-host"] ?? headers.host;
  return [
    ...["X-Forwarded-For", claimed === undefined ? client : `${claimed}, ${client}`],
    ...["X-Forwarded-Proto", proto],
    ...(host === undefined ? [] : ["X-Forwarded-Host", String(host)]),
  ];
}

/** Written anew, never copied, so that gateway and instance cannot disagree on where a body ends. */
function framing(req: IncomingMessage): string[] {
  if (req.headers["transfer-encoding"] !== undefined) return ["Transfer-Encoding", "chunked"];
  const length = req.headers["content-length"];
  if (length !== undefined) return ["Content-Length", length];
  return withoutBody.has(req.method ?? "") ? [] : ["Content-Length", "0"];
}

function endToEnd(message: IncomingMessage, rewritten: ReadonlySet<string>): string[] {
  const named = connectionOptions(message);
  const raw = message.rawHeaders;
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || named.has(lower) || rewritten.has(lower)) continue;
    kept.push(name, raw[i + 1] ?? "");
  }
  return kept;
}

function connectionOptions(message: IncomingMessage): ReadonlySet<string> {
  const connection = message.headers.connection;
  if (connection === undefined || /^(keep-alive|close)$/i.test(connection)) return noNames;
  const named = connection.split(",").map((option) => option.trim().toLowerCase());
  // Host belongs to the message; without it the instance would refuse the request.
  return new Set(named.filter((name) => name !== "host"));
}
