// Who is at the other end of a client's connection, and how that is cut.
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
  return { address: plainAddress(remoteAddress), port: remotePort ?? 0, isSecure: false };
}

/** As others know it: an IPv4 address as such, and no zone, which means something on one machine only. */
export function plainAddress(address = "unknown"): string {
  return withoutZone(address.replace(/^::ffff:/, ""));
}

/** "fe80::1%eth0" is "fe80::1". */
export function withoutZone(address: string): string {
  const at = address.indexOf("%");
  return at < 0 ? address : address.slice(0, at);
}

/** Cut so that what has come is not taken for all. A Unix socket knows no reset, and just ends. */
export function reset(socket: Socket): void {
  // Node throws when it is asked to reset one that has no address.
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
