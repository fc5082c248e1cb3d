// Answers the gateway gives itself: JSON with the reason.
import { builtin } from "../../kernel/builtin.ts";
import type { Route } from "../../protocol/gateway.ts";

export interface Reply {
  readonly status: number;
  readonly error: string;
  readonly fields?: Readonly<Record<string, string>>;
}

export function unserved(error: string): Reply {
  return { status: 503, error, fields: { "retry-after": "1" } };
}

export function degradedReply({ status, why, retryAfterS }: NonNullable<Route["degraded"]>): Reply {
  const fields = { "retry-after": String(Math.ceil(retryAfterS)), "x-homeostat-degraded": "1" };
  return { status, error: why, fields };
}

/** The whole message, without its body for HEAD; `lines` are fields that stand last. */
export function replyText(
  { status, error, fields = {} }: Reply,
  lines: string,
  request: { readonly id: string; readonly method: string } | undefined,
): string {
  const body = Buffer.from(`${JSON.stringify({ error })}\n`).toString("latin1");
  const all = {
    ...{ "content-type": "application/json", "content-length": String(body.length) },
    ...fields,
    ...(request ? { "x-request-id": request.id } : {}),
  };
  const first = `HTTP/1.1 ${status} ${builtin("node:http").STATUS_CODES[status] ?? "Unknown"}\r\n`;
  const own = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${first}${own.join("")}${lines}\r\n${request?.method === "HEAD" ? "" : body}`;
}
