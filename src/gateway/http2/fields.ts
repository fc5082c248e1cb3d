// Lines of a head of HTTP/1.1 as the fields of HTTP/2, and the other way round.
import type { OutgoingHttpHeaders } from "node:http2";
import { withoutBlanks } from "../relay/blanks.ts";

/** Of one connection, so that HTTP/2 has no place for them. Source: RFC 9113 section 8.2.2. */
const ofTheConnection: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
  ...["http2-settings", "te"],
]);

/** Visible ASCII, obs-text, and blanks inside: no CR, LF or NUL. Source: RFC 9113 section 8.2.1. */
const value = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;
const name = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

export function isValue(text: string): boolean {
  return value.test(text);
}

export function isName(text: string): boolean {
  return name.test(text);
}

/** Fields may have any name, and those of an ordinary object's properties are among them. */
export function noFields(): OutgoingHttpHeaders {
  return Object.create(null);
}

/** Adds the lines from `at` on, up to an empty one; those of the connection are left out. */
export function addLines(to: OutgoingHttpHeaders, text: string, at: number): void {
  while (at < text.length) {
    const end = text.indexOf("\r\n", at);
    if (end <= at) return;
    const colon = text.indexOf(":", at);
    add(to, text.slice(at, colon).toLowerCase(), withoutBlanks(text.slice(colon + 1, end)));
    at = end + 2;
  }
}

/** Of several fields one is made, as RFC 9110 section 5.3 has it; cookies are no list. */
function add(to: OutgoingHttpHeaders, field: string, text: string): void {
  if (ofTheConnection.has(field)) return;
  const before = to[field];
  if (before === undefined) to[field] = field === "set-cookie" ? [text] : text;
  else if (Array.isArray(before)) to[field] = [...before, text];
  else to[field] = `${before}${field === "cookie" ? "; " : ", "}${text}`;
}

/** Names and values in turn as lines, without those that begin with a colon. */
export function linesOf(raw: readonly string[], leftOut: ReadonlySet<string>): string {
  let text = "";
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const field = raw[i] ?? "";
    if (field[0] === ":" || leftOut.has(field)) continue;
    text += `${field}: ${raw[i + 1]}\r\n`;
  }
  return text;
}

export { ofTheConnection };
