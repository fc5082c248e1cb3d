// The control socket: greets the daemon, takes configs, answers with counters.
import { createServer, type Socket } from "node:net";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { type FromGateway, gatewayProtocol } from "../protocol/gateway.ts";
import { lineCutter } from "../protocol/lines.ts";
import { listenAlone } from "../protocol/listen-alone.ts";
import type { Gateway } from "./gateway.ts";
import { encodeLine, parseToGateway } from "./wire.ts";

export interface Control {
  /** Ends all connections and removes the socket file. */
  close(): void;
}

export interface ControlOptions {
  readonly socketPath: string;
  readonly gateway: Gateway;
  readonly pid: number;
  /** For these see the greeting. */
  readonly release: string;
  readonly held: readonly string[];
  readonly log: Log;
  /** The daemon asked the gateway to end. */
  readonly onStop: () => void;
}

const connectionLimit = 16;
/** A daemon that asks and does not read is cut off before its answers fill the memory. */
const unreadLimitBytes = 16 * 1024 * 1024;

/** @throws DAEMON_RUNNING when another process answers on the socket; the system's error else. */
export async function openControl(options: ControlOptions): Promise<Control> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    converse(socket, options);
  });
  server.maxConnections = connectionLimit;
  await listenAlone(server, options.socketPath);
  server.on("error", (error) => options.log.warn("control socket", { error: messageOf(error) }));
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function converse(
  socket: Socket,
  { gateway, pid, release, held, log, onStop }: ControlOptions,
): void {
  const say = (message: FromGateway): void => {
    if (socket.destroyed) return;
    socket.write(encodeLine(message));
    if (socket.writableLength > unreadLimitBytes) refuse("the answers are not read");
  };
  const refuse = (why: string): void => {
    if (socket.destroyed) return;
    log.warn("control connection closed", { why });
    socket.destroy();
  };
  const take = (line: string): void => {
    const message = parseToGateway(line);
    if (message.kind === "stop") onStop();
    else if (message.kind === "stats") {
      say({ kind: "stats", id: message.id, stats: gateway.stats() });
    } else {
      gateway.apply(message.config).then(say, (error: unknown) => refuse(messageOf(error)));
    }
  };
  const onLine = (line: string): void => {
    if (socket.destroyed) return;
    try {
      take(line);
    } catch (error) {
      refuse(messageOf(error));
    }
  };
  const cut = lineCutter(onLine, () => refuse("a line is too long"));
  socket.on("data", cut);
  socket.on("error", (error) => log.info("control connection lost", { error: messageOf(error) }));
  const own = { protocol: gatewayProtocol, pid, release, held };
  say({ kind: "hello", ...own, version: gateway.version });
}
