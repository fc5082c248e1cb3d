// Talks to a server over a plain socket: says something, reads a bounded answer, and hangs up.
import type { Socket } from "node:net";
import { builtin } from "../../../kernel/builtin.ts";
import { messageOf } from "../../../kernel/errors.ts";

/** Where a server listens: a host and port, or the path of a Unix socket. */
export interface Place {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
}

export interface Conversation<T> {
  readonly to: Place;
  readonly signal: AbortSignal;
  /** Sent when the connection stands. */
  readonly hello?: Uint8Array;
  /** Sent before hanging up, so that the server sees no broken client. */
  readonly goodbye?: Uint8Array;
  /** Looks at all that came so far; undefined asks for more. What it throws ends the conversation. */
  readonly hear: (heard: Buffer) => T | undefined;
}

/** More than any answer to a greeting. */
const mostBytes = 65_536;

/** @throws Error in plain words: refused, closed before the answer, an answer too long. */
export function converse<T>({ to, signal, hello, goodbye, hear }: Conversation<T>): Promise<T> {
  return withSocket(to, signal, (socket, { resolve, reject }) => {
    let heard: Buffer = Buffer.alloc(0);
    socket.on("connect", () => {
      if (hello) socket.write(hello);
    });
    socket.on("data", (chunk) => {
      try {
        heard = Buffer.concat([heard, chunk]);
        const found = hear(heard);
        if (found !== undefined) {
          if (goodbye) socket.end(goodbye);
          resolve(found);
        } else if (heard.length > mostBytes) {
          reject(new Error(`the answer is longer than ${mostBytes} bytes`));
        }
      } catch (error) {
        reject(error);
      }
    });
    socket.on("end", () => reject(new Error(closed(heard.length))));
  });
}

/** Resolves when the connection stands. */
export function reach(to: Place, signal: AbortSignal): Promise<void> {
  return withSocket<void>(to, signal, (socket, { resolve }) => {
    socket.on("connect", () => resolve());
  });
}

async function withSocket<T>(
  to: Place,
  signal: AbortSignal,
  talk: (socket: Socket, outcome: PromiseWithResolvers<T>) => void,
): Promise<T> {
  signal.throwIfAborted();
  const outcome = Promise.withResolvers<T>();
  const { host = "127.0.0.1", port = 0, path } = to;
  const { connect } = builtin("node:net");
  const socket = path === undefined ? connect({ host, port }) : connect({ path });
  // A check does not keep the app alive; whoever waits for `health.check` is held by that.
  socket.unref();
  const onAbort = (): void => outcome.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("error", (error) => outcome.reject(new Error(fault(error))));
  talk(socket, outcome);
  try {
    return await outcome.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    hangUp(socket);
  }
}

/** What was said last still goes out; nothing more is waited for. */
function hangUp(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroySoon();
  else socket.destroy();
}

function closed(heardBytes: number): string {
  return heardBytes === 0
    ? "connection closed without an answer"
    : "connection closed within the answer";
}

/** What a broken connection is called; the system's words name no more than its code does. */
export function fault(error: Error & { readonly code?: string }): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ECONNRESET":
    case "EPIPE":
      return "connection closed before the answer";
    case "ENOENT":
      return "no such socket";
    default:
      return `connection failed: ${error.code ?? messageOf(error)}`;
  }
}
