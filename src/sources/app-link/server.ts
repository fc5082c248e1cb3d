// The socket that apps connect to, which stays open until the last process has ended.
import { createServer, type Socket } from "node:net";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { listenAlone } from "../../protocol/listen-alone.ts";
import { converse } from "./converse.ts";
import { createDesk, type Desk, type DeskOptions } from "./desk.ts";

export interface AppLink extends Omit<Desk, "admit"> {
  /** Begins to listen. Without a socket the daemon goes on, and `problem` says why there is none. */
  open(): Promise<void>;
  readonly problem: string | undefined;
  /** Ends all connections and removes the socket file. */
  close(): void;
}

export interface AppLinkOptions extends DeskOptions {
  readonly socketPath: string;
  readonly log: Log;
}

const connectionsMax = 64;
/** More of them in a minute say nothing new. */
const complaintsMax = 20;

export function createAppLink(options: AppLinkOptions): AppLink {
  const { socketPath, clock, log } = options;
  const { admit, ...desk } = createDesk(options);
  const sockets = new Set<Socket>();
  /** Those that have no seat, oldest first: each of them gives way to a new one. */
  const standing = new Set<Socket>();
  const complain = complaints(options);
  const forget = (socket: Socket): void => {
    sockets.delete(socket);
    standing.delete(socket);
  };
  let problem: string | undefined;
  let closed = false;
  const server = createServer((socket) => {
    sockets.add(socket);
    standing.add(socket);
    socket.once("close", () => forget(socket));
    const [oldest] = standing;
    if (sockets.size > connectionsMax && oldest) {
      forget(oldest);
      oldest.destroy();
    }
    const seat: Desk["admit"] = (hello, talk) => {
      const seated = admit(hello, talk);
      if (seated) standing.delete(socket);
      return seated;
    };
    converse(socket, { desk: { admit: seat }, clock, complain });
  });

  const close = (): void => {
    closed = true;
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    ...desk,
    get problem() {
      return problem;
    },
    open: async () => {
      try {
        await listenAlone(server, socketPath);
        server.on("error", (error) => log.warn("link to apps", { error: messageOf(error) }));
        // The daemon may have been told to end meanwhile.
        if (closed) close();
      } catch (error) {
        problem = messageOf(error);
        log.error("apps cannot be linked", { reason: problem });
      }
    },
    close,
  };
}

function complaints({ clock, log }: AppLinkOptions): (why: string) => void {
  let [fromMs, count] = [clock.now(), 0];
  return (why) => {
    if (clock.now() - fromMs >= 60_000) [fromMs, count] = [clock.now(), 0];
    count += 1;
    if (count <= complaintsMax) log.warn("an app was not linked or was cut off", { why });
  };
}
