// A socket that listens before a process of its service runs, and goes on when that has ended.

export type ListenSocket = TcpSocket | UnixSocket;

export interface TcpSocket {
  /** As the process knows it, in LISTEN_FDNAMES. */
  readonly name: string;
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

export interface UnixSocket {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/** "127.0.0.1:8080", "[::1]:8080" or "/run/web.sock": no two sockets have the same. */
export function addressOf(socket: ListenSocket): string {
  if ("path" in socket) return socket.path;
  const { host, port } = socket;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
