// An instance's answer: what its head means, and the head that a client gets in its place.
import type { FramingKind, ResponseHead } from "../relay/messages.ts";
import { knownName } from "./names.ts";
import type { HeadScan } from "./scan.ts";
import { lengthOf, optionsOf } from "./values.ts";

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
  const text = bytes.toString("latin1", scan.start, end);
  const line = text.slice(0, scan.lineEnd - scan.start);
  // "HTTP/1.1 200 OK"; the reason may be missing, and the space with it.
  if (!/^HTTP\/1\.[01] [1-5][0-9][0-9](?: |$)/.test(line)) return { garbled: "a bad status line" };
  const minor = line.charCodeAt(7) - 48;
  const status = Number(line.slice(9, 12));
  const fields = readFields(scan, bytes, text, status);
  if (fields.garbled !== undefined) return { garbled: fields.garbled };
  const framing = framingOf(fields, status, method);
  const first = minor === 1 ? "" : `HTTP/1.1${line.slice(8)}\r\n`;
  return {
    status,
    framing,
    length: framing === "length" ? (fields.length ?? 0) : 0,
    keepAlive: !fields.closes && (minor === 1 || fields.keepsAlive) && framing !== "close",
    text: first + kept(scan, text, fields, minor === 1),
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

function readFields(scan: HeadScan, bytes: Buffer, text: string, status: number): Fields {
  const found: Fields = {
    length: undefined,
    coding: false,
    closes: false,
    keepsAlive: false,
    hasDate: false,
    dropped: undefined,
    named: undefined,
    garbled: undefined,
  };
  const { fields, start, count } = scan;
  for (let i = 0; i < count && found.garbled === undefined; i += 4) {
    const known = knownName(bytes, fields[i] ?? 0, fields[i + 1] ?? 0);
    if (known === undefined) continue;
    switch (known) {
      case "date":
        found.hasDate = true;
        break;
      case "length":
        if (status === 204 || status < 200) drop(found, i);
        takeFraming(
          found,
          known,
          text.slice((fields[i + 2] ?? 0) - start, (fields[i + 3] ?? 0) - start),
        );
        break;
      case "coding":
        drop(found, i);
        takeFraming(
          found,
          known,
          text.slice((fields[i + 2] ?? 0) - start, (fields[i + 3] ?? 0) - start),
        );
        break;
      case "connection":
        takeConnection(
          found,
          text.slice((fields[i + 2] ?? 0) - start, (fields[i + 3] ?? 0) - start),
        );
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
  { fields, start, lineEnd, count }: HeadScan,
  head: string,
  { dropped, named }: Fields,
  withLine: boolean,
): string {
  const end = head.length - 2;
  let from = withLine ? 0 : lineEnd + 2 - start;
  if (dropped === undefined && named === undefined) return head.slice(from, end);
  let text = "";
  for (let i = 0; i < count; i += 4) {
    const at = (fields[i] ?? 0) - start;
    const name = named === undefined ? "" : head.slice(at, (fields[i + 1] ?? 0) - start);
    if (!named?.has(name.toLowerCase()) && !dropped?.includes(i)) continue;
    if (at > from) text += head.slice(from, at);
    from = i + 4 < count ? (fields[i + 4] ?? 0) - start : end;
  }
  return end > from ? text + head.slice(from, end) : text;
}
