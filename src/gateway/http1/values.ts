// What the values of single fields say: lengths, hosts, targets, traces.
import { withoutBlanks } from "../relay/blanks.ts";

/** A Content-Length, or undefined when it is no number; infinite when it is beyond exact numbers. */
export function lengthOf(text: string): number | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  return text.length > 15 ? Number.POSITIVE_INFINITY : Number(text);
}

/** The members of a list, in lower case. */
export function membersOf(text: string): readonly string[] {
  return text.split(",").map((member) => withoutBlanks(member).toLowerCase());
}

/** The options of a Connection field; the list may have empty places. */
export function optionsOf(text: string): readonly string[] {
  return membersOf(text).filter((option) => option !== "");
}

const hostPattern =
  /^(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2}){1,255})(?::[0-9]{0,5})?$/;

/** Host and port as a URI has them; an empty one names nothing. Source: RFC 3986 section 3.2.2. */
export function isHost(text: string): boolean {
  return hostPattern.test(text);
}

export interface Target {
  /** As the instance gets it: a path with its query, or "*". */
  readonly path: string;
  /** Of an absolute target: it counts more than the field Host. Source: RFC 9112 section 3.2.2. */
  readonly host?: string;
}

/** A target in one of the forms that are for a server; undefined for others. */
export function targetOf(text: string, method: string): Target | undefined {
  if (text.startsWith("/")) return { path: text };
  if (text === "*") return method === "OPTIONS" ? { path: text } : undefined;
  const [, host = "", path = ""] = /^https?:\/\/([^/?]*)(.*)$/i.exec(text) ?? [];
  if (!isHost(host)) return undefined;
  if (path === "" && method === "OPTIONS") return { path: "*", host };
  return { path: path.startsWith("/") ? path : `/${path}`, host };
}

/** Source: W3C Trace Context, section 3.2. */
export function isTrace(text: string): boolean {
  if (!/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/.test(text)) return false;
  const [version, trace, span] = text.split("-");
  if (version === "ff" || (version === "00" && text.length !== 55)) return false;
  return !/^0+$/.test(trace ?? "") && !/^0+$/.test(span ?? "");
}

/** A request's name that is safe in any log. */
export function isRequestId(text: string): boolean {
  return /^[\w.:/+=@-]{1,128}$/.test(text);
}

/** A node or host of the field Forwarded, quoted where it is no token. Source: RFC 7239 section 4. */
export function quoted(text: string): string {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}
