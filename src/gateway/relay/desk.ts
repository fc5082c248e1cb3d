// What the clients of one route share.
import type { Serving } from "./serving.ts";

export interface Desk extends Serving {
  /** `Date: …`, of this second. */
  dateLine(): string;
  /** Proxies that may say who their client is in fields of a request. */
  readonly trusted: { has(address: string): boolean };
  /** Who is connected. */
  readonly clients: Set<Connected>;
}

export interface Connected {
  /** The route closes: ends now, or after the answer that is under way. */
  retire(): void;
  cut(): void;
}
