// WebSocket: hands the client's connection over to one instance, byte for byte.
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { forwardedFields } from "./headers.ts";
import { pick, type Serving } from "./serve.ts";
import type { LiveUpstream } from "./upstream.ts";

/** Connects to the instance that is chosen, or to the next when it refuses; does not wait for one. */
export function tunnel(
  serving: Serving,
  req: IncomingMessage,
  client: Duplex,
  head: Buffer,
  failed: Set<LiveUpstream> = new Set(),
): void {
  if (failed.size === 0) serving.counters.requests++;
  const upstream = serving.config.degraded ? undefined : pick(serving, failed);
  if (!upstream) {
    serving.counters.unserved++;
    client.end("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const socket = connect(upstream.port, "127.0.0.1");
  let connected = false;
  let left = false;
  const onEnd = (): void => {
    if (left) return;
    left = true;
    socket.destroy();
    upstream.leave({ failed: false, broken: !connected && !client.destroyed });
    client.off("close", onEnd).off("error", onEnd);
    // What the instance said last is still on its way to the client.
    if (connected || client.destroyed) return void client.end(() => client.destroy());
    upstream.failed(serving.clock.now());
    tunnel(serving, req, client, head, failed.add(upstream));
  };
  upstream.enter();
  client.on("close", onEnd).on("error", onEnd);
  socket.on("close", onEnd).on("error", onEnd);
  socket.on("connect", () => {
    connected = true;
    passOn(req, socket, head);
    client.pipe(socket).pipe(client);
  });
}

/** The request as it came, with the fields that tell the instance about the client. */
function passOn(req: IncomingMessage, socket: Socket, head: Buffer): void {
  const raw = req.rawHeaders;
  const fields = forwardedFields(req);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const isOurs = /^x-forwarded-(for|proto|host)$/i.test(raw[i] ?? "");
    if (!isOurs) fields.push(raw[i] ?? "", raw[i + 1] ?? "");
  }
  const lines = [`${req.method} ${req.url} HTTP/1.1`];
  for (let i = 0; i + 1 < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  socket.write(head);
}
