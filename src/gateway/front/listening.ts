// How a route comes by its listening socket: one that outlives this process if it was given one, else its own.
import { lstatSync, renameSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { HomeostatError } from "../../kernel/errors.ts";
import type { TcpSocket, UnixSocket } from "../../model/listen-socket.ts";
import { heldName } from "../../protocol/gateway-held.ts";
import { answersOn, listenAlone } from "../../protocol/listen-alone.ts";

export type At = Pick<TcpSocket, "host" | "port"> | Pick<UnixSocket, "path">;

export interface Listening {
  /** Names of the sockets that this process was given, see {@link heldName}. */
  readonly held: readonly string[];
  /** @throws the system's error, or DAEMON_RUNNING when another process answers there. */
  open(server: Server, at: At): Promise<void>;
}

export interface Given {
  /** Names of the descriptors from 3 on. */
  readonly held?: readonly string[];
  /** Another gateway may still be listening where this one is to listen. */
  readonly beside?: boolean;
}

/** Who comes while no gateway runs waits here; the kernel takes net.core.somaxconn if that is less. */
const backlog = 4_096;
const firstFd = 3;

export function createListening({ held = [], beside = false }: Given = {}): Listening {
  const fds = new Map(held.map((name, i) => [name, firstFd + i]));
  return {
    held,
    open: async (server, at) => {
      const name = heldName(at);
      const fd = fds.get(name);
      // It is closed with its server: there is no second time.
      fds.delete(name);
      if (fd !== undefined) await listening(server, () => server.listen({ fd }, backlog));
      else if ("path" in at) await openPath(server, at.path, beside);
      else await openPort(server, at, beside);
    },
  };
}

/**
 * SO_REUSEPORT lets the next gateway, and who holds sockets for it, bind beside this one. The port
 * must be free all the same, or two strangers would share it.
 */
async function openPort(
  server: Server,
  { host, port }: Pick<TcpSocket, "host" | "port">,
  beside: boolean,
): Promise<void> {
  if (!beside) {
    const alone = createServer();
    await listening(alone, () => alone.listen({ host, port }));
    await new Promise((resolve) => alone.close(resolve));
  }
  await listening(server, () => server.listen({ host, port, reusePort: true, backlog }));
}

/**
 * A server removes the file that it has made when it is closed, even if by then it is that of a
 * successor: so it is made under another name, and removed only by whom it belongs to.
 */
async function openPath(server: Server, path: string, beside: boolean): Promise<void> {
  if (!beside && (await answersOn(path))) {
    const text = `another process already answers on ${path}`;
    throw new HomeostatError("DAEMON_RUNNING", text);
  }
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isSocket() === false) throw new Error(`${path} is there, and is no socket`);
  const aside = join(dirname(path), `.${process.pid}`);
  await listenAlone(server, aside);
  const own = lstatSync(aside).ino;
  renameSync(aside, path);
  server.once("close", () => {
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === own) rmSync(path, { force: true });
  });
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      server.off("listening", onListening);
      reject(error);
    };
    const onListening = (): void => {
      server.off("error", onError);
      resolve();
    };
    server.once("error", onError).once("listening", onListening);
    listen();
  });
}
