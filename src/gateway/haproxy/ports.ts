// Whether a route's address can be opened: HAProxy refuses a whole config for one that cannot.
import { createServer } from "node:net";
import type { Route } from "../../protocol/gateway.ts";

/** The system's code; undefined when it can be opened. */
export function whyClosed({
  host,
  port,
}: Pick<Route, "host" | "port">): Promise<string | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
