// Toxiproxy with every default filled in, as the gateway is told it.
import type { ToxiproxyConfig } from "../protocol/gateway.ts";
import type { WithToxiproxy } from "./config-toxiproxy.ts";

export interface ResolvedToxiproxy {
  /** Absent: it is off. */
  readonly toxiproxy?: ToxiproxyConfig;
}

/** That of Toxiproxy itself: its clients ask there. */
export const toxiproxyPort = 8_474;

export function toToxiproxy({ toxiproxy }: WithToxiproxy): ResolvedToxiproxy {
  if (toxiproxy === undefined) return {};
  const { host = "127.0.0.1", port = toxiproxyPort, proxies = {} } = toxiproxy;
  const listed = Object.entries(proxies).map(([name, { listen, upstream, enabled = true }]) => ({
    ...{ name, listen, upstream, enabled },
  }));
  return { toxiproxy: { host, port, proxies: listed } };
}
