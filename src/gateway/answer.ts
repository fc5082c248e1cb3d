// Answers the gateway gives itself: JSON with the reason.
import type { ServerResponse } from "node:http";
import type { Route } from "../protocol/gateway.ts";

/** Does nothing when an answer has begun already. */
export function answer(
  res: ServerResponse,
  status: number,
  error: string,
  fields: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  const body = `${JSON.stringify({ error })}\n`;
  const length = String(Buffer.byteLength(body));
  const own = { "content-type": "application/json", "content-length": length };
  res.writeHead(status, { ...own, ...fields });
  res.end(body);
}

export function answerUnserved(res: ServerResponse, error: string): void {
  answer(res, 503, error, { "retry-after": "1" });
}

export function answerDegraded(
  res: ServerResponse,
  degraded: NonNullable<Route["degraded"]>,
): void {
  answer(res, degraded.status, degraded.why, {
    "retry-after": String(Math.ceil(degraded.retryAfterS)),
    "x-homeostat-degraded": "1",
  });
}
