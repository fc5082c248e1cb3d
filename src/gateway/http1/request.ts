// A client's request: what its head means, and the head that an instance gets in its place.
import type { Random } from "../../kernel/random.ts";
import type { Limits } from "../relay/limits.ts";
import type { RequestHead } from "../relay/messages.ts";
import { nameLines } from "./ids.ts";
import { RequestFields } from "./request-fields.ts";
import { readLine } from "./request-line.ts";
import type { Fault, HeadScan } from "./scan.ts";
import { isHost, isTrace, membersOf, quoted, targetOf } from "./values.ts";

/** What all requests of one client have in common. */
export interface Origin {
  readonly limits: Limits;
  readonly random: Random;
  /** The client's address. */
  readonly address: string;
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
  /** What it claims of those before it is not believed. */
  readonly isForeign?: boolean;
  /** `Host` for a client of HTTP/1.0 that names none. */
  readonly host: string;
  /** The host that was asked for last, and the lines made of it: clients rarely change it. */
  lastHost: string | undefined;
  lastForwarded: string;
}

/** Without a body such a request needs no length. */
const withoutBody: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "DELETE"]);

/** What a head says, whenever it comes and whoever of the route's clients sends it. */
export interface Said extends Omit<RequestHead, "id" | "text"> {
  /** The head for an instance, up to the lines that tell of the client. */
  readonly before: string;
  readonly host: string;
  /** Whether it claims to come from elsewhere: what is made of that depends on who says it. */
  readonly claims: boolean;
  /** Undefined: nothing is claimed or believed, and the client's lines are those of all its requests. */
  readonly forwarded: string | undefined;
  readonly trace: string | undefined;
  readonly requestId: string | undefined;
}

/** @returns a Fault in place of a head that may be read in two ways, or not at all. */
export function readRequest(
  scan: HeadScan,
  bytes: Buffer,
  end: number,
  origin: Origin,
): RequestHead | Fault {
  const said = readSaid(scan, bytes, end, origin);
  return "status" in said ? said : headOf(said, origin);
}

/** As `readRequest`, without what differs from one request to the next. */
export function readSaid(scan: HeadScan, bytes: Buffer, end: number, origin: Origin): Said | Fault {
  const head = bytes.toString("latin1", scan.start, end);
  const line = readLine(scan, bytes, head, origin.limits);
  if ("status" in line) return line;
  const fields = new RequestFields(scan, bytes, head);
  const fault = fields.fault ?? framingFault(fields, line.minor, origin.limits);
  if (fault) return fault;
  const target = targetOf(line.target, line.method);
  if (!target) return bad("a target that is for no server");
  if (fields.host === undefined && line.minor === 1) return bad("no field Host");
  if (fields.host !== undefined && fields.host !== origin.lastHost) {
    if (!isHost(fields.host)) return bad("a bad field Host");
  }
  const host = target.host ?? fields.host ?? origin.host;
  if (target.host !== undefined) fields.host = undefined;
  const framing = fields.coding ? "chunked" : fields.length === undefined ? "none" : "length";
  const upgrades = fields.upgrades && line.minor === 1 && framing === "none";
  const trace = fields.trace !== undefined && isTrace(fields.trace) ? fields.trace : undefined;
  const isPlain = line.minor === 1 && target.host === undefined && line.exact;
  return {
    method: line.method,
    minor: line.minor,
    framing,
    upgrades,
    keepAlive: line.minor === 1 ? !fields.closes : fields.keepsAlive && !fields.closes,
    length: fields.length ?? 0,
    expects: fields.expects && line.minor === 1 && framing !== "none",
    before:
      (isPlain ? "" : `${line.method} ${target.path} HTTP/1.1\r\n`) +
      fields.kept(isPlain, trace !== undefined) +
      (fields.host === undefined ? `Host: ${host}\r\n` : "") +
      lengthLine(framing, fields.length ?? 0, line.method) +
      (upgrades ? "Connection: Upgrade\r\nUpgrade: websocket\r\n" : "Connection: keep-alive\r\n"),
    host,
    claims: fields.claimsOrigin,
    forwarded:
      fields.claimsOrigin && !origin.isForeign ? forwardedLines(fields, origin, host) : undefined,
    trace,
    requestId: fields.requestId,
  };
}

/** One request that says so, of this client. */
export function headOf(said: Said, origin: Origin): RequestHead {
  if (said.host !== origin.lastHost) {
    origin.lastHost = said.host;
    origin.lastForwarded = forwardedLines(unclaimed, origin, said.host);
  }
  const { id, text } = nameLines(origin.random, said.trace, said.requestId);
  const forwarded = said.forwarded ?? origin.lastForwarded;
  return {
    method: said.method,
    minor: said.minor,
    framing: said.framing,
    upgrades: said.upgrades,
    keepAlive: said.keepAlive,
    length: said.length,
    expects: said.expects,
    id,
    text: said.before + forwarded + text,
  };
}

/** The two lengths that a smuggler needs. Source: RFC 9112 section 6.3. */
function framingFault(fields: RequestFields, minor: number, limits: Limits): Fault | undefined {
  const { coding, length } = fields;
  if (coding !== undefined) {
    if (length !== undefined) return bad("Content-Length and Transfer-Encoding");
    if (minor === 0) return bad("Transfer-Encoding in HTTP/1.0");
    if (coding === "chunked") return undefined;
    const codings = membersOf(coding);
    if (!codings.every((name) => /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name))) {
      return bad("a bad Transfer-Encoding");
    }
    const at = codings.indexOf("chunked");
    return at >= 0 && at < codings.length - 1 ? bad("chunked is not the last coding") : notKnown;
  }
  if (length !== undefined && length > limits.bodyBytes) {
    return { status: 413, text: "the body is too large" };
  }
  return undefined;
}

const notKnown: Fault = { status: 501, text: "only the transfer coding chunked is known" };

/** Written anew, never copied, so that gateway and instance cannot disagree on where a body ends. */
function lengthLine(framing: RequestHead["framing"], length: number, method: string): string {
  if (framing === "chunked") return "Transfer-Encoding: chunked\r\n";
  if (framing === "length") return `Content-Length: ${length}\r\n`;
  return method === "GET" || withoutBody.has(method) ? "" : "Content-Length: 0\r\n";
}

type Claims = Pick<
  RequestFields,
  "forwarded" | "forwardedFor" | "forwardedHost" | "forwardedProto"
>;

const unclaimed: Claims = {
  ...{ forwarded: undefined, forwardedFor: undefined },
  ...{ forwardedHost: undefined, forwardedProto: undefined },
};

/**
 * The client's address is appended to what it claims; a proxy in front that ends TLS has the last
 * word on host and protocol.
 */
function forwardedLines(claims: Claims, { address, isSecure }: Origin, host: string): string {
  const own = isSecure ? "https" : "http";
  const proto = claims.forwardedProto ?? own;
  const before = claims.forwardedFor === undefined ? "" : `${claims.forwardedFor}, `;
  const chain = claims.forwarded === undefined ? "" : `${claims.forwarded}, `;
  const node = address.includes(":") ? `"[${address}]"` : address;
  return [
    `X-Forwarded-For: ${before}${address}\r\nX-Forwarded-Proto: ${proto}\r\n`,
    `X-Forwarded-Host: ${claims.forwardedHost ?? host}\r\n`,
    `Forwarded: ${chain}for=${node};host=${quoted(host)};proto=${own}\r\n`,
  ].join("");
}

function bad(text: string): Fault {
  return { status: 400, text };
}
