// How a conversation with a client goes on: what its requests have in common, and when it ends.
import type { Desk } from "../relay/desk.ts";
import type { RequestHead } from "../relay/messages.ts";
import type { Peer } from "../relay/peer.ts";
import type { Origin } from "./request.ts";
import type { Fault } from "./scan.ts";

export const late: Fault = { status: 408, text: "the request did not come in time" };

export function originOf(
  { address, isSecure }: Peer,
  { limits, random, config, trusted }: Desk,
): Origin {
  return {
    ...{ limits, random, address, isSecure },
    isForeign: !trusted.has(address),
    host: `${config.host.includes(":") ? `[${config.host}]` : config.host}:${config.port}`,
    lastHost: undefined,
    lastForwarded: "",
  };
}

/** For the first request; who comes when the route is closing already is waited for only so long. */
export function patienceMs({ closing, limits }: Desk): number {
  return closing ? limits.headMs : limits.keepAliveMs;
}

/** Whether the connection ends with this answer. */
export function isLast(
  { closing, limits }: Desk,
  requests: number,
  head: RequestHead | undefined,
): boolean {
  return closing || requests >= limits.requestsPerConnection || head?.keepAlive === false;
}

/** How it goes on after an answer, as HTTP/1.0 and 1.1 say it. */
export function connectionLine(head: RequestHead | undefined, closes: boolean): string {
  if (closes) return "Connection: close\r\n";
  return head?.minor === 0 ? "Connection: keep-alive\r\n" : "";
}
