// The WebSocket of a Node.js inspector, spoken by hand: that of Node brings fetch along, 14 MB and 20 ms.
import { connect } from "node:net";
import type { InspectorAddress } from "./inspector-port.ts";

export interface InspectorSocket {
  send(text: string): void;
  /** Says goodbye; the other end closes. */
  end(): void;
}

export interface Hearing {
  readonly onText: (text: string) => void;
  /** Called once, however it ended. */
  readonly onClose: () => void;
}

/** One answer; a stack of 200 frames is a tenth of that. */
const mostBytes = 16 * 1_024 * 1_024;
/** It hides nothing from anybody: RFC 6455, 4.1 asks for 16 bytes. */
const key = Buffer.alloc(16).toString("base64");

/** Undefined when no connection comes about before the signal aborts. */
export function openSocket(
  { port, id }: InspectorAddress,
  signal: AbortSignal,
  { onText, onClose }: Hearing,
): Promise<InspectorSocket | undefined> {
  const { promise, resolve } = Promise.withResolvers<InspectorSocket | undefined>();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const giveUp = (): void => void socket.destroy();
  signal.addEventListener("abort", giveUp, { once: true });
  const opened = (): void => {
    signal.removeEventListener("abort", giveUp);
    resolve({
      send: (text) => void socket.write(frameOf(text)),
      end: () => void socket.write(goodbye),
    });
  };
  const cut = frameCutter({ onText, onBad: giveUp });
  let head: Buffer | undefined = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    if (!head) return cut(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    if (!head.subarray(0, end).toString("latin1").startsWith("HTTP/1.1 101 ")) return giveUp();
    const rest = head.subarray(end + 4);
    head = undefined;
    opened();
    cut(rest);
  });
  // An error is followed by a close; without a listener it would be thrown.
  socket.on("error", () => {});
  socket.on("close", () => {
    signal.removeEventListener("abort", giveUp);
    resolve(undefined);
    onClose();
  });
  socket.write(
    `GET /${id} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  if (signal.aborted) giveUp();
  return promise;
}

/** A whole message, "masked" by four zeros: who sends may choose, and nobody is to be fooled here. */
export function frameOf(text: string): Buffer {
  const body = Buffer.from(text);
  const { length } = body;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extra + 4);
  head[0] = 0x81;
  head[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) head.writeUInt16BE(length, 2);
  if (extra === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, body]);
}

const goodbye = Buffer.from([0x88, 0x80, 0, 0, 0, 0]);

/**
 * Cuts what an inspector sends into messages, RFC 6455, 5.2: always whole and unmasked. `onBad` is
 * called once when it is anything else, too long, or the goodbye; what comes after is dropped.
 */
export function frameCutter({
  onText,
  onBad,
}: {
  readonly onText: (text: string) => void;
  readonly onBad: () => void;
}): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let have = 0;
  /** From so many bytes on there is something to look at. */
  let need = 2;
  let over = false;
  return (chunk) => {
    if (over) return;
    parts.push(chunk);
    have += chunk.length;
    while (have >= need) {
      const all = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, have);
      parts = [all];
      const frame = frameIn(all);
      if (frame === "bad") {
        over = true;
        return onBad();
      }
      need = frame.end;
      if (frame.body === undefined || have < need) {
        if (have < need) return;
        continue;
      }
      onText(frame.body.toString("utf8"));
      parts = [all.subarray(frame.end)];
      have -= frame.end;
      need = 2;
    }
  };
}

/** Without a body only so much is known: how many bytes it takes to know more. */
function frameIn(all: Buffer): { readonly end: number; readonly body?: Buffer } | "bad" {
  const [first = 0, second = 0] = all;
  if (first !== 0x81 || second > 127) return "bad";
  const extra = second === 126 ? 2 : second === 127 ? 8 : 0;
  const from = 2 + extra;
  if (all.length < from) return { end: from };
  const length =
    extra === 2 ? all.readUInt16BE(2) : extra === 8 ? Number(all.readBigUInt64BE(2)) : second;
  if (length > mostBytes) return "bad";
  const end = from + length;
  return all.length < end ? { end } : { end, body: all.subarray(from, end) };
}
