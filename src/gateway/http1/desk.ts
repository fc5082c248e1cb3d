// What the clients of one route share.

import type { Socket } from "node:net";
import type { Serving } from "./passage.ts";
import type { Origin, RequestHead } from "./request.ts";

export interface Desk extends Serving {
  /** `Date: …`, of this second. */
  dateLine(): string;
  /** Who is connected. */
  readonly clients: Set<Connected>;
}

export interface Connected {
  /** The route closes: ends now, or after the answer that is under way. */
  retire(): void;
  cut(): void;
}

export function originOf({ remoteAddress }: Socket, { limits, random, config }: Desk): Origin {
  return {
    limits,
    random,
    address: (remoteAddress ?? "unknown").replace(/^::ffff:/, ""),
    host: `${config.host}:${config.port}`,
    lastHost: undefined,
    lastForwarded: "",
  };
}

/** Whether the connection ends with this answer. */
export function isLast(
  { closing, limits }: Desk,
  requests: number,
  head: RequestHead | undefined,
): boolean {
  return closing || requests >= limits.requestsPerConnection || head?.keepAlive === false;
}
