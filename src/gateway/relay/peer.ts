// Who is at the other end of a client's connection.
import type { Socket } from "node:net";

export interface Peer {
  /** "192.0.2.7", "2001:db8::1", or "unknown" for a Unix socket. */
  readonly address: string;
  /** 0 where there is none. */
  readonly port: number;
  /** Whether the connection is TLS that ended here. */
  readonly isSecure: boolean;
}

export function peerOf({ remoteAddress, remotePort }: Socket): Peer {
  const address = (remoteAddress ?? "unknown").replace(/^::ffff:/, "");
  return { address, port: remotePort ?? 0, isSecure: false };
}
