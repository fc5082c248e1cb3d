// Clients that are proxies: their connection begins with a PROXY header that says who is behind them.
import type { Socket } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Deadlines } from "../relay/deadlines.ts";
import { type Peer, reset } from "../relay/peer.ts";
import { readProxyHeader } from "./proxy-header.ts";

export interface ProxyParts {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: Log;
}

/** The specification asks for at least 3 s: a lost packet is sent again by then. */
const headerMs = 5_000;

/** Goes on with the peer that the header names; a connection without a header is cut. */
export function readProxy(
  socket: Socket,
  peer: Peer,
  { clock, deadlines, log }: ProxyParts,
  goOn: (peer: Peer) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const refuse = (why: string): void => {
    log.info("a connection without a PROXY header", { from: peer.address, why });
    reset(socket);
  };
  const late = deadlines.add(clock.now() + headerMs, () => refuse("none came in time"));
  const leave = (): void => {
    late.cancel();
    socket.off("data", take).off("end", gone).off("error", gone).off("close", leave);
  };
  const gone = (): void => {
    leave();
    socket.destroy();
  };
  const take = (chunk: Buffer): void => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const header = readProxyHeader(bytes);
    if (header.kind === "more") return;
    leave();
    if (header.kind === "bad") {
      socket.on("error", () => {});
      refuse(header.text);
      return;
    }
    socket.pause();
    if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
    // First: whoever goes on may want it paused.
    socket.resume();
    goOn(header.from ? { ...peer, ...header.from } : peer);
  };
  socket.on("data", take).on("end", gone).on("error", gone).on("close", leave);
}
