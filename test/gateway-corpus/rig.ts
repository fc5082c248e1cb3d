// A route of ours before an instance that is Node's own server, all in one process.
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createNetServer } from "node:net";
import { createDeadlines } from "../../src/gateway/relay/deadlines.ts";
import type { Limits } from "../../src/gateway/relay/limits.ts";
import { defaultLimits } from "../../src/gateway/relay/limits.ts";
import { createRoute } from "../../src/gateway/route.ts";
import { createStats, type Stats } from "../../src/gateway/stats.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { seeded } from "../../src/kernel/random.ts";
import type { Route } from "../../src/protocol/gateway.ts";

/** What an instance read to its end: "GET /corpus hello". */
export interface Oracle {
  readonly port: number;
  readonly seen: string[];
  close(): void;
}

/** An independent reader: what it makes of the bytes decides whether something was smuggled. */
export async function startOracle(): Promise<Oracle> {
  const seen: string[] = [];
  const server = createServer({ maxHeaderSize: 128 * 1024 }, (req, res) => {
    let body = "";
    req.setEncoding("latin1").on("data", (chunk) => {
      body += chunk;
    });
    req.on("end", () => {
      if (req.complete) seen.push(`${req.method} ${req.url} ${body}`);
      res.end("ok");
    });
    req.on("error", () => res.destroy());
  });
  server.maxHeadersCount = 1_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export interface OurRoute {
  readonly port: number;
  readonly stats: Stats;
  apply(over: Partial<Route>): void;
  close(): Promise<void>;
}

export async function startRoute(
  instancePort: number,
  over: Partial<Limits> = {},
  said: Partial<Route> = {},
): Promise<OurRoute> {
  const stats = createStats();
  const port = await freePort();
  const config: Route = {
    ...{ service: "web", host: "127.0.0.1", port, holdMs: 2_000, timeoutMs: 5_000 },
    upstreams: [{ instance: "web/1", port: instancePort, state: "ready" }],
    ...said,
  };
  const route = createRoute(
    config,
    {
      ...{ clock: systemClock, random: seeded(1), log: silentLog, stats },
      deadlines: createDeadlines(systemClock),
    },
    { ...defaultLimits, ...over },
  );
  route.apply(config);
  await route.listen();
  return {
    ...{ port, stats },
    apply: (changes) => route.apply({ ...config, ...changes }),
    close: () => route.close(0),
  };
}

export async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
