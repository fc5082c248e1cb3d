// A client's request in HTTP/2: checked as RFC 9113 section 8 has it, then read on as one of HTTP/1.1.
import { notInTrailers } from "../http1/chunks.ts";
import { type Origin, readRequest } from "../http1/request.ts";
import { type Fault, faulty, type HeadScan, more } from "../http1/scan.ts";
import type { RequestHead } from "../relay/messages.ts";
import { isName, isValue, ofTheConnection } from "./fields.ts";

interface Parts {
  method: string;
  scheme: string;
  path: string;
  authority: string | undefined;
  host: string | undefined;
  cookie: string;
  hasLength: boolean;
  /** The other fields, as lines. */
  lines: string;
}

/**
 * @param raw names and values in turn
 * @returns a Fault in place of a head that is malformed, or that HTTP/1.1 would read in two ways.
 */
export function readFields(
  raw: readonly string[],
  hasBody: boolean,
  origin: Origin,
  scan: HeadScan,
): RequestHead | Fault {
  const parts = partsOf(raw);
  if (typeof parts === "string") return bad(parts);
  const { method, path, cookie } = parts;
  if (method === "CONNECT") {
    return { status: 501, text: "CONNECT is for another kind of proxy" };
  }
  const fault = faultOf(parts);
  if (fault !== undefined) return bad(fault);
  const host = parts.authority ?? parts.host;
  const text = [
    `${method} ${path} HTTP/1.1\r\n`,
    host === undefined ? "" : `host: ${host}\r\n`,
    parts.lines,
    cookie === "" ? "" : `cookie: ${cookie}\r\n`,
    hasBody && !parts.hasLength ? "transfer-encoding: chunked\r\n\r\n" : "\r\n",
  ].join("");
  const bytes = Buffer.from(text, "latin1");
  scan.reset(0);
  const end = scan.run(bytes, bytes.length);
  // What is checked above leaves the limits to be broken; `more` would be a head within the head.
  if (end === faulty || end === more || end !== bytes.length) {
    return scan.fault ?? bad("a head that cannot be read");
  }
  return readRequest(scan, bytes, end, origin);
}

/** Lines of the trailers, or what is wrong with them. */
export function readTrailers(raw: readonly string[], limitBytes: number): string | Fault {
  let text = "";
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [field = "", value = ""] = [raw[i], raw[i + 1]];
    if (!isName(field)) return bad("a bad name in the trailers");
    if (!isValue(value)) return bad("a control byte in the trailers");
    if (notInTrailers.has(field) || ofTheConnection.has(field)) {
      return bad(`the field ${field} in the trailers`);
    }
    text += `${field}: ${value}\r\n`;
    if (text.length > limitBytes) return { status: 431, text: "the trailers are too large" };
  }
  return text;
}

function partsOf(raw: readonly string[]): Parts | string {
  const parts: Parts = {
    ...{ method: "", scheme: "", path: "", authority: undefined, host: undefined },
    ...{ cookie: "", hasLength: false, lines: "" },
  };
  const seen = new Set<string>();
  let isInFields = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [field = "", value = ""] = [raw[i], raw[i + 1]];
    if (!isValue(value)) return "a control byte, or a blank at the edge of a value";
    if (field[0] === ":") {
      if (isInFields) return "a pseudo-field after a field";
      if (seen.has(field)) return `two pseudo-fields ${field}`;
      seen.add(field);
      if (!takePseudo(parts, field, value)) return "a pseudo-field that is not known";
      continue;
    }
    isInFields = true;
    const fault = takeField(parts, field, value);
    if (fault !== undefined) return fault;
  }
  return parts;
}

function takePseudo(parts: Parts, field: string, value: string): boolean {
  switch (field) {
    case ":method":
      parts.method = value;
      return true;
    case ":scheme":
      parts.scheme = value;
      return true;
    case ":path":
      parts.path = value;
      return true;
    case ":authority":
      // An empty one says nothing. Source: RFC 9113 section 8.3.1.
      if (value !== "") parts.authority = value;
      return true;
    default:
      return false;
  }
}

function takeField(parts: Parts, field: string, value: string): string | undefined {
  if (!isName(field)) return "a bad name";
  switch (field) {
    case "host":
      if (parts.host !== undefined) return "two fields host";
      parts.host = value;
      return undefined;
    case "cookie":
      // In one field again, as HTTP/1.1 has it. Source: RFC 9113 section 8.2.3.
      parts.cookie += parts.cookie === "" ? value : `; ${value}`;
      return undefined;
    case "te":
      return value === "trailers" ? undefined : "a field te other than trailers";
    case "content-length":
      parts.hasLength = true;
      break;
    default:
      if (ofTheConnection.has(field)) return `the field ${field}, which HTTP/2 does not have`;
  }
  parts.lines += `${field}: ${value}\r\n`;
  return undefined;
}

function faultOf({ method, scheme, path, authority, host }: Parts): string | undefined {
  // A blank would move what follows into the place of something else.
  if (method === "" || /\s/.test(method)) return "a bad pseudo-field :method";
  if (scheme !== "http" && scheme !== "https") return "a bad pseudo-field :scheme";
  const isPath = path.startsWith("/") || (path === "*" && method === "OPTIONS");
  if (!isPath || /\s/.test(path)) return "a bad pseudo-field :path";
  if (authority === undefined || host === undefined) return undefined;
  const agree = authority.toLowerCase() === host.toLowerCase();
  return agree ? undefined : "a field host that differs from :authority";
}

function bad(text: string): Fault {
  return { status: 400, text };
}
