// Answers the gateway gives itself: JSON with the reason.
import { STATUS_CODES } from "node:http";
import type { Route } from "../../protocol/gateway.ts";

export interface Reply {
  readonly status: number;
  readonly error: string;
  readonly fields?: Readonly<Record<string, string>>;
}

export function unserved(error: string): Reply {
  return { status: 503, error, fields: { "retry-after": "1" } };
}

export function degradedReply({
  status,
  why,
  retryAfterS,
}: NonNullable<Route["degraded"]>): Reply {
  const fields = { "retry-after": String(Math.ceil(retryAfterS)), "x-homeostat-degraded": "1" };
  return { status, error: why, fields };
}

/** The whole message; without its body for HEAD. `more` are lines of the connection. */
export function replyText(reply: Reply, date: string, more: string, isHead: boolean): string {
  const { status, error, fields = {} } = reply;
  const body = Buffer.from(`${JSON.stringify({ error })}\n`).latin1Slice();
  const own = { "content-type": "application/json", "content-length": String(body.length) };
  const lines = Object.entries({ ...own, ...fields }).map(([name, value]) => `${name}: ${value}\r\n`);
  const first = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
  return `${first}${lines.join("")}${date}${more}\r\n${isHead ? "" : body}`;
}
