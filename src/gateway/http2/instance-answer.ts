// An instance's answer in HTTP/2 as the head and the trailers of one in HTTP/1.1.
import { builtin } from "../../kernel/builtin.ts";
import { notInTrailers } from "../http1/chunks.ts";
import { lengthOf } from "../http1/values.ts";
import type { ResponseHead } from "../relay/messages.ts";
import { isName, isValue, linesOf, ofTheConnection } from "./fields.ts";

/**
 * @param raw names and values in turn, `:status` among them
 * @returns undefined for what is no answer that can be passed on.
 */
export function answerOf(raw: readonly string[], method: string): ResponseHead | undefined {
  let status = 0;
  let length: number | undefined;
  let hasDate = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [field = "", value = ""] = [raw[i], raw[i + 1]];
    if (field === ":status") status = /^[1-5][0-9][0-9]$/.test(value) ? Number(value) : 0;
    else if (!isName(field) || !isValue(value)) return undefined;
    else if (field === "date") hasDate = true;
    else if (field === "content-length") length = lengthOf(value);
  }
  if (status === 0 || status === 101) return undefined;
  const hasNone = method === "HEAD" || status < 200 || status === 204 || status === 304;
  const framing = hasNone ? "none" : length === undefined ? "close" : "length";
  // An answer that has no body by its status must not speak of one.
  const leftOut = status < 200 || status === 204 ? withoutLength : ofTheConnection;
  return {
    ...{ status, framing, hasDate, keepAlive: true },
    length: framing === "length" ? (length ?? 0) : 0,
    text: `HTTP/1.1 ${status} ${builtin("node:http").STATUS_CODES[status] ?? "Unknown"}\r\n${linesOf(raw, leftOut)}`,
  };
}

const withoutLength: ReadonlySet<string> = new Set([...ofTheConnection, "content-length"]);
const notTrailing: ReadonlySet<string> = new Set([...ofTheConnection, ...notInTrailers]);

/** Lines; what may not stand there is left out. */
export function trailersOf(raw: readonly string[]): string {
  const good: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [field = "", value = ""] = [raw[i], raw[i + 1]];
    if (isName(field) && isValue(value)) good.push(field, value);
  }
  return linesOf(good, notTrailing);
}
