// A client's request: what its head means, and the head that an instance gets in its place.
import type { Random } from "../../kernel/random.ts";
import type { Limits } from "../relay/limits.ts";
import type { RequestHead } from "../relay/messages.ts";
import { methodBytes, space, targetBytes } from "./bytes.ts";
import { nameLines } from "./ids.ts";
import { RequestFields } from "./request-fields.ts";
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
  /** `Host` for a client of HTTP/1.0 that names none. */
  readonly host: string;
  /** The host that was found good last, and the lines made of it: clients rarely change it. */
  lastHost: string | undefined;
  lastForwarded: string;
}

/** Without a body such a request needs no length. */
const withoutBody: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "DELETE"]);

/** @returns a Fault in place of a head that may be read in two ways, or not at all. */
export function readRequest(
  scan: HeadScan,
  bytes: Buffer,
  end: number,
  origin: Origin,
): RequestHead | Fault {
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
    origin.lastHost = fields.host;
    origin.lastForwarded = "";
  }
  const host = target.host ?? fields.host ?? origin.host;
  if (target.host !== undefined) fields.host = undefined;
  const framing = fields.coding ? "chunked" : fields.length === undefined ? "none" : "length";
  const upgrades = fields.upgrades && line.minor === 1 && framing === "none";
  const trace = fields.trace !== undefined && isTrace(fields.trace) ? fields.trace : undefined;
  const named = nameLines(origin.random, trace, fields.requestId);
  const isPlain = line.minor === 1 && target.host === undefined && line.exact;
  const text =
    (isPlain ? "" : `${line.method} ${target.path} HTTP/1.1\r\n`) +
    fields.kept(isPlain, trace !== undefined) +
    (fields.host === undefined ? `Host: ${host}\r\n` : "") +
    lengthLine(framing, fields.length ?? 0, line.method) +
    (upgrades ? "Connection: Upgrade\r\nUpgrade: websocket\r\n" : "Connection: keep-alive\r\n") +
    forwardedLines(fields, origin, host) +
    named.text;
  return {
    method: line.method,
    minor: line.minor,
    framing,
    upgrades,
    id: named.id,
    text,
    keepAlive: line.minor === 1 ? !fields.closes : fields.keepsAlive && !fields.closes,
    length: fields.length ?? 0,
    expects: fields.expects && line.minor === 1 && framing !== "none",
  };
}

interface Line {
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  /** Whether the line can go on as it is. */
  readonly exact: boolean;
}

function readLine(scan: HeadScan, bytes: Buffer, head: string, limits: Limits): Line | Fault {
  const { start, lineEnd } = scan;
  let at = start;
  while (at < lineEnd && methodBytes[bytes[at] ?? 0] === 1) at++;
  const methodEnd = at;
  if (bytes[at] !== space || at === start) return methodFault(head.slice(0, lineEnd - start));
  if (at - start > limits.methodBytes) return { status: 501, text: "a method that is not known" };
  at++;
  const targetStart = at;
  while (at < lineEnd && targetBytes[bytes[at] ?? 0] === 1) at++;
  if (bytes[at] !== space || at === targetStart) return bad("a target with bytes that none has");
  if (at - targetStart > limits.targetBytes) return { status: 414, text: "the target is too long" };
  const version = head.slice(at + 1 - start, lineEnd - start);
  if (version !== "HTTP/1.1") {
    if (!/^HTTP\/[0-9]\.[0-9]$/.test(version)) return bad("a request line without its version");
    if (version[5] !== "1") return { status: 505, text: `${version} is not spoken here` };
  }
  const method = head.slice(0, methodEnd - start);
  if (method === "CONNECT") return { status: 501, text: "CONNECT is for another kind of proxy" };
  const minor = version[7] === "0" ? 0 : 1;
  const target = head.slice(targetStart - start, at - start);
  return { method, target, minor, exact: version === "HTTP/1.1" };
}

function methodFault(line: string): Fault {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ /.test(line)
    ? { status: 501, text: "a method that is not known" }
    : bad("a request line without a method");
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

/**
 * The client's address is appended to what it claims; a proxy in front that ends TLS has the last
 * word on host and protocol.
 */
function forwardedLines(fields: RequestFields, origin: Origin, host: string): string {
  if (fields.claimsOrigin || host !== origin.lastHost) return madeLines(fields, origin, host);
  if (origin.lastForwarded === "") origin.lastForwarded = madeLines(fields, origin, host);
  return origin.lastForwarded;
}

function madeLines(fields: RequestFields, { address, isSecure }: Origin, host: string): string {
  const own = isSecure ? "https" : "http";
  const proto = fields.forwardedProto ?? own;
  const before = fields.forwardedFor === undefined ? "" : `${fields.forwardedFor}, `;
  const chain = fields.forwarded === undefined ? "" : `${fields.forwarded}, `;
  const node = address.includes(":") ? `"[${address}]"` : address;
  return [
    `X-Forwarded-For: ${before}${address}\r\nX-Forwarded-Proto: ${proto}\r\n`,
    `X-Forwarded-Host: ${fields.forwardedHost ?? host}\r\n`,
    `Forwarded: ${chain}for=${node};host=${quoted(host)};proto=${own}\r\n`,
  ].join("");
}

function bad(text: string): Fault {
  return { status: 400, text };
}
