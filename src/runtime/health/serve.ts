// A port of its own for the endpoints, for an app that has no web server or keeps probes apart.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Endpoints } from "./endpoints.ts";

export interface ServeOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Default 127.0.0.1; a container's probe needs "0.0.0.0". */
  readonly host?: string;
}

export interface Served extends AsyncDisposable {
  readonly port: number;
  /** Resolves when the port is free again; requests under way are cut. */
  close(): Promise<void>;
}

/**
 * Listens without keeping the process alive.
 * @throws OPTION_INVALID when the port is taken or cannot be listened on; the message says what to do.
 */
export async function serveEndpoints(
  endpoints: Pick<Endpoints, "node">,
  { port, host = "127.0.0.1" }: ServeOptions,
): Promise<Served> {
  const server = builtin("node:http").createServer(
    { requestTimeout: 10_000, headersTimeout: 10_000 },
    (request, response) => endpoints.node(request, response),
  );
  server.maxConnections = 128;
  server.listen({ port, host });
  server.unref();
  server.on("connection", (socket) => socket.unref());
  try {
    await once(server, "listening");
  } catch (error) {
    throw new HomeostatError("OPTION_INVALID", refusal(error, host, port), { cause: error });
  }
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  const { port: taken } = server.address() as AddressInfo;
  return { port: taken, close, [Symbol.asyncDispose]: close };
}

function refusal(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "EADDRINUSE") return `cannot listen on ${host}:${port}: ${messageOf(error)}`;
  return `port ${port} of ${host} is taken: install the endpoints in the server that has it, or choose another`;
}
