// Speaks the Chrome DevTools protocol with one Node.js process over a WebSocket.
import type { InspectorAddress } from "./inspector-port.ts";
import { type InspectorSocket, openSocket } from "./inspector-socket.ts";

/** A place in the code, counted from 1. */
export interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** Whether it is code of the process' owner, and not Node's. */
export function isOwn({ url }: Frame): boolean {
  return url !== "" && !url.startsWith("node:");
}

export type Reply = Readonly<Record<string, unknown>>;

/** Nothing here rejects: when the session ends, what still waits resolves with undefined. */
export interface Session {
  readonly address: InspectorAddress;
  /** The result of a command; undefined when it failed or the session ended first. */
  call(method: string, params?: Reply): Promise<Reply | undefined>;
  /** Something that means nothing is said: see where it is used. */
  nudge(): void;
  /** Either side has ended it, or the process has. */
  readonly closed: Promise<void>;
  close(): void;
}

/** More frames than this are not kept. */
const frameLimit = 200;
/** No command has this number; its answer is for nobody. */
const nudge = JSON.stringify({ id: 0, method: "Runtime.runIfWaitingForDebugger" });

/** Undefined when no connection comes about before the signal aborts. */
export async function openSession(
  address: InspectorAddress,
  signal: AbortSignal,
): Promise<Session | undefined> {
  if (signal.aborted) return undefined;
  const waiting = new Map<number, (reply: Reply | undefined) => void>();
  const closing = Promise.withResolvers<void>();
  let over = false;
  let lastId = 0;
  let socket: InspectorSocket | undefined;
  socket = await openSocket(address, signal, {
    onText: (text) => {
      const message = parseMessage(text);
      const { id, method } = message;
      // It has called exit, and waits for those who debug it to leave.
      if (method === "Runtime.executionContextDestroyed") socket?.end();
      if (typeof id === "number") {
        waiting.get(id)?.(asRecord(message.result));
        waiting.delete(id);
      }
      if (id !== 0 && waiting.size > 0) socket?.send(nudge);
    },
    onClose: () => {
      over = true;
      closing.resolve();
      for (const resolve of waiting.values()) resolve(undefined);
      waiting.clear();
    },
  });
  if (!socket) return undefined;
  const { send, end } = socket;
  return {
    address,
    closed: closing.promise,
    call: (method, params = {}) => {
      if (over) return Promise.resolve(undefined);
      const { promise, resolve } = Promise.withResolvers<Reply | undefined>();
      waiting.set(++lastId, resolve);
      send(JSON.stringify({ id: lastId, method, params }));
      return promise;
    },
    nudge: () => {
      if (!over) send(nudge);
    },
    close: end,
  };
}

function parseMessage(text: string): Reply {
  try {
    return asRecord(JSON.parse(text)) ?? {};
  } catch {
    // A message that is not JSON is no answer; whoever waits for one has a limit.
    return {};
  }
}

/**
 * The stack on which an evaluation threw, the innermost frame first; empty when it ran on none. The
 * evaluation itself is the frame of the script that the exception names, and is left out.
 */
export function framesOf(reply: Reply | undefined): readonly Frame[] {
  const thrown = asRecord(reply?.exceptionDetails);
  const frames = asRecord(thrown?.stackTrace)?.callFrames;
  if (!Array.isArray(frames)) return [];
  return frames
    .map(asRecord)
    .filter((frame) => frame?.scriptId !== thrown?.scriptId)
    .slice(0, frameLimit)
    .map((frame) => ({
      functionName: String(frame?.functionName ?? ""),
      url: String(frame?.url ?? ""),
      line: Number(frame?.lineNumber ?? 0) + 1,
      column: Number(frame?.columnNumber ?? 0) + 1,
    }));
}

function asRecord(value: unknown): Reply | undefined {
  return typeof value === "object" && value !== null ? (value as Reply) : undefined;
}
