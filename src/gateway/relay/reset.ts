// Cuts a connection so that its peer takes what it got for less than all.
import type { Socket } from "node:net";

/** A Unix socket knows no reset, and Node throws when it is asked for one: there it just ends. */
export function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
