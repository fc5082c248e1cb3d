// An instance's answer: what its head means, and the head that a client gets in its place.
import type { FramingKind } from "./framing.ts";
import { knownName } from "./names.ts";
import type { HeadScan } from "./scan.ts";
import { lengthOf, optionsOf } from "./values.ts";

export interface ResponseHead {
  readonly status: number;
  /** Whether the instance keeps the connection. */
  readonly keepAlive: boolean;
  readonly framing: FramingKind;
  readonly length: number;
  /** Status line and fields for the client, without coding, connection and the empty line. */
  readonly text: string;
  readonly hasDate: boolean;
}

/** The text says why what came is no answer that can be passed on. */
export interface Garbled {
  readonly garbled: string;
}

/** @param method of the request, on which it depends whether there is a body. */
export function readResponse(
  scan: HeadScan,
  bytes: Buffer,
  end: number,
  method: string,
): ResponseHead | Garbled {
  const line = bytes.toString("latin1", scan.start, scan.lineEnd);
  // "HTTP/1.1 200 OK"; the reason may be missing, and the space with it.
  if (!/^HTTP\/1\.[01] [1-9][0-9][0-9](?: |$)/.test(line)) return { garbled: "a bad status line" };
  const minor = line.charCodeAt(7) - 48;
  const status = Number(line.slice(9, 12));
  const fields = readFields(scan, bytes, status);
  if (fields.garbled !== undefined) return { garbled: fields.garbled };
  const framing = framingOf(fields, status, method);
  const first = minor === 1 ? "" : `HTTP/1.1${line.slice(8)}\r\n`;
  return {
    status,
    framing,
    length: framing === "length" ? (fields.length ?? 0) : 0,
    keepAlive: !fields.closes && (minor === 1 || fields.keepsAlive) && framing !== "close",
    text: first + kept(scan, bytes, end, fields, minor === 1),
    hasDate: fields.hasDate,
  };
}

interface Fields {
  length: number | undefined;
  coding: boolean;
  closes: boolean;
  keepsAlive: boolean;
  hasDate: boolean;
  /** Which fields end here, as places in the scan. */
  dropped: number[] | undefined;
  named: Set<string> | undefined;
  garbled: string | undefined;
}

function readFields(scan: HeadScan, bytes: Buffer, status: number): Fields {
  const found: Fields = {
    ...{ length: undefined, coding: false, closes: false, keepsAlive: false, hasDate: false },
    ...{ dropped: undefined, named: undefined, garbled: undefined },
  };
  const { fields } = scan;
  for (let i = 0; i < fields.length && found.garbled === undefined; i += 4) {
    const known = knownName(bytes, fields[i] ?? 0, fields[i + 1] ?? 0);
    if (known === undefined) continue;
    switch (known) {
      case "date":
        found.hasDate = true;
        break;
      case "length":
        if (status === 204 || status < 200) drop(found, i);
        takeFraming(found, known, bytes.toString("latin1", fields[i + 2] ?? 0, fields[i + 3] ?? 0));
        break;
      case "coding":
        drop(found, i);
        takeFraming(found, known, bytes.toString("latin1", fields[i + 2] ?? 0, fields[i + 3] ?? 0));
        break;
      case "connection":
        takeConnection(found, bytes.toString("latin1", fields[i + 2] ?? 0, fields[i + 3] ?? 0));
        drop(found, i);
        break;
      case "hop":
      case "upgrade":
        drop(found, i);
        break;
      default:
    }
  }
  return found;
}

function takeFraming(found: Fields, known: "length" | "coding", value: string): void {
  if (known === "coding") {
    if (found.coding) found.garbled = "two fields Transfer-Encoding";
    else if (value.toLowerCase() !== "chunked") found.garbled = "a coding that is not known";
    found.coding = true;
  } else {
    if (found.length !== undefined) found.garbled = "two fields Content-Length";
    found.length = lengthOf(value);
    if (found.length === undefined || !Number.isFinite(found.length)) {
      found.garbled = "a Content-Length that is no number";
    }
  }
  if (found.coding && found.length !== undefined) {
    found.garbled = "Content-Length and Transfer-Encoding";
  }
}

function takeConnection(found: Fields, value: string): void {
  for (const option of optionsOf(value)) {
    if (option === "close") found.closes = true;
    else if (option === "keep-alive") found.keepsAlive = true;
    else if (!ofTheMessage.has(option)) found.named = (found.named ?? new Set()).add(option);
  }
}

const ofTheMessage: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "date"]);

function drop(found: Fields, i: number): void {
  if (found.dropped) found.dropped.push(i);
  else found.dropped = [i];
}

/** Source: RFC 9112 section 6.3. */
function framingOf({ coding, length }: Fields, status: number, method: string): FramingKind {
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return "none";
  if (coding) return "chunked";
  return length === undefined ? "close" : "length";
}

function kept(
  scan: HeadScan,
  bytes: Buffer,
  end: number,
  { dropped, named }: Fields,
  withLine: boolean,
): string {
  const { fields, start, lineEnd } = scan;
  let from = withLine ? start : lineEnd + 2;
  if (dropped === undefined && named === undefined) return bytes.toString("latin1", from, end - 2);
  let text = "";
  for (let i = 0; i < fields.length; i += 4) {
    const at = fields[i] ?? 0;
    const isNamed =
      named?.has(bytes.toString("latin1", at, fields[i + 1] ?? 0).toLowerCase()) ?? false;
    if (!isNamed && !dropped?.includes(i)) continue;
    if (at > from) text += bytes.toString("latin1", from, at);
    from = fields[i + 4] ?? end - 2;
  }
  return end - 2 > from ? text + bytes.toString("latin1", from, end - 2) : text;
}
