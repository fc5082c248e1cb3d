// The kinds of things that keep a process alive: whether one is open, where it leads, how it is ended.
import type { ChildProcess } from "node:child_process";
import type { Socket as UdpSocket } from "node:dgram";
import type { Server as HttpServer } from "node:http";
import type { Server, Socket } from "node:net";
import type { Worker } from "node:worker_threads";
import { plain, redact } from "../../../kernel/redact.ts";

export interface Kind<Thing extends object> {
  readonly name: string;
  isOpen(thing: Thing): boolean;
  /** True when it will not be open again; left out where that cannot be known. */
  isGone?(thing: Thing): boolean;
  /** False when the process may end while it is open; undefined when only Node's report knows. */
  holds(thing: Thing): boolean | undefined;
  /** An address, a process id, a thread: what a person finds it by. */
  endpoint(thing: Thing): string;
  /** Asks it to end. */
  end(thing: Thing): void;
  /** Ends it, whatever is lost. */
  destroy(thing: Thing): void;
  /** File descriptors by which Node's report names it too. */
  fds?(thing: Thing): readonly number[];
}

/** What Node has behind a socket; not documented, so nothing depends on its being there. */
interface Handle {
  hasRef?(): boolean;
  readonly fd?: number;
}

interface Handled {
  readonly _handle?: Handle | null;
}

const holds = (thing: Handled): boolean | undefined => thing._handle?.hasRef?.();
const fdOf = (handle: Handle | null | undefined): readonly number[] =>
  handle?.fd === undefined || handle.fd < 0 ? [] : [handle.fd];
const fds = (thing: Handled): readonly number[] => fdOf(thing._handle);

/** A property that Node keeps under a symbol of its own. */
function hidden(thing: object, name: string): unknown {
  const symbol = Object.getOwnPropertySymbols(thing).find(
    ({ description }) => description === name,
  );
  return symbol && Reflect.get(thing, symbol);
}

export const serverKind: Kind<Server & Handled> = {
  name: "server",
  isOpen: (server) => server.listening,
  holds,
  endpoint: (server) => `listening on ${addressOf(server)}`,
  end: (server) => {
    server.close();
    if (isHttp(server)) server.closeIdleConnections();
  },
  destroy: (server) => {
    server.close();
    if (isHttp(server)) server.closeAllConnections();
  },
  fds,
};

function isHttp(server: object): server is HttpServer {
  return "closeAllConnections" in server;
}

/** `127.0.0.1:8080`, or the path of a socket file. */
export function addressOf(server: Server): string {
  const address = server.address();
  if (address === null) return "nothing";
  return typeof address === "string" ? address : join(address.address, address.port);
}

export const socketKind: Kind<Socket & Handled> = {
  name: "client socket",
  isOpen: (socket) => !socket.destroyed,
  isGone: (socket) => socket.destroyed,
  holds,
  endpoint: (socket) => {
    const { localPort, remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined) return socket.connecting ? "connecting" : "not connected";
    return `${localPort} to ${join(remoteAddress, remotePort)}`;
  },
  end: (socket) => socket.destroySoon(),
  destroy: (socket) => void socket.destroy(),
  fds,
};

export const acceptedKind: Kind<Socket & Handled> = {
  ...socketKind,
  name: "accepted socket",
  endpoint: ({ localPort, remoteAddress, remotePort }) =>
    remoteAddress === undefined
      ? "closing"
      : `${localPort} from ${join(remoteAddress, remotePort)}`,
};

export const udpKind: Kind<UdpSocket> = {
  name: "UDP socket",
  isOpen: (socket) => udpAddressOf(socket) !== undefined,
  holds: (socket) => udpHandleOf(socket)?.hasRef?.(),
  endpoint: (socket) => {
    const address = udpAddressOf(socket);
    return address === undefined ? "closed" : join(address.address, address.port);
  },
  end: (socket) => void socket.close(),
  destroy: (socket) => {
    if (udpAddressOf(socket) !== undefined) socket.close();
  },
  fds: (socket) => fdOf(udpHandleOf(socket)),
};

function udpHandleOf(socket: UdpSocket): Handle | undefined {
  return (hidden(socket, "state symbol") as { readonly handle?: Handle } | undefined)?.handle;
}

/** Undefined before it is bound and after it is closed; a socket has no better way to say so. */
function udpAddressOf(socket: UdpSocket): ReturnType<UdpSocket["address"]> | undefined {
  try {
    return socket.address();
  } catch {
    return undefined;
  }
}

export const workerKind: Kind<Worker> = {
  name: "worker",
  isOpen: (worker) => worker.threadId !== -1,
  holds: (worker) => (hidden(worker, "kHandle") as Handle | undefined)?.hasRef?.(),
  endpoint: (worker) => `thread ${worker.threadId}`,
  end: (worker) => void worker.terminate(),
  destroy: (worker) => void worker.terminate(),
};

export const childKind: Kind<ChildProcess & Handled> = {
  name: "child process",
  isOpen: (child) => child.pid !== undefined && !hasEnded(child),
  isGone: hasEnded,
  holds: (child) => pipesOf(child).some((pipe) => holds(pipe) === true) || holds(child),
  endpoint: ({ pid, spawnargs }) =>
    `pid ${pid}: ${redact(plain(spawnargs.join(" "))).slice(0, 120)}`,
  end: (child) => void child.kill("SIGTERM"),
  destroy: (child) => {
    child.kill("SIGKILL");
    // A grandchild may hold the other end of its pipes.
    for (const pipe of child.stdio) pipe?.destroy();
  },
  fds: (child) => pipesOf(child).flatMap(fds),
};

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** `stdio` is not there before the child is started. */
function pipesOf({ stdio = [] as unknown as ChildProcess["stdio"] }: ChildProcess): Handled[] {
  return stdio.filter((pipe): pipe is NonNullable<typeof pipe> & Handled => pipe != null);
}

/** Of a timer only `hasRef` and `close` are documented. */
export type Timer = NodeJS.Timeout & {
  readonly _destroyed?: boolean;
  readonly _idleTimeout?: number;
  readonly _repeat?: number | null;
};

export const timerKind: Kind<Timer> = {
  name: "timer",
  isOpen: (timer) => timer._destroyed !== true,
  isGone: (timer) => timer._destroyed === true,
  holds: (timer) => timer.hasRef(),
  endpoint: ({ _repeat, _idleTimeout }) =>
    typeof _repeat === "number" ? `every ${_repeat} ms` : `once after ${_idleTimeout} ms`,
  end: (timer) => void timer.close(),
  destroy: (timer) => void timer.close(),
};

function join(address: string, port: number | undefined): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
