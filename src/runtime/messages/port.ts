// What is needed of a port, and the words that its two ends exchange about a message.
import { badMessage } from "./delivery.ts";

type Listener = (...facts: readonly unknown[]) => void;

/** A MessagePort, `parentPort`, Worker, ChildProcess, `process` of a child, or BroadcastChannel. */
export interface Port {
  postMessage?(message: unknown): unknown;
  send?(message: never, told: (error: Error | null) => void): unknown;
  on?(event: string, listener: Listener): unknown;
  off?(event: string, listener: Listener): unknown;
  addEventListener?(event: string, listener: (event: unknown) => void): unknown;
  removeEventListener?(event: string, listener: (event: unknown) => void): unknown;
}

export interface PortFrame {
  readonly homeostat: "message" | "done" | "bad" | "released" | "answer";
  readonly id: number;
  /** Of a message and of an answer. */
  readonly message?: unknown;
}

export function readFrame(raw: unknown): PortFrame | undefined {
  if (typeof raw !== "object" || raw === null || !("homeostat" in raw)) return undefined;
  const { homeostat, id } = raw as Record<string, unknown>;
  return typeof homeostat === "string" && typeof id === "number" ? (raw as PortFrame) : undefined;
}

/**
 * What cannot be cloned is the message's fault; a channel that has closed is told to `onLost`, as a
 * child process would otherwise emit it as an error.
 */
export function post(port: Port, message: unknown, onLost: () => void = () => {}): void {
  try {
    if (port.postMessage) port.postMessage(message);
    else port.send?.(message as never, (error) => (error ? onLost() : undefined));
  } catch (error) {
    const isUnfit = error instanceof Error && error.name === "DataCloneError";
    throw isUnfit ? badMessage("a message that cannot be cloned", error) : error;
  }
}

export function hear(port: Port, event: string, listener: (value: unknown) => void): () => void {
  if (port.on) {
    port.on(event, listener);
    return () => void port.off?.(event, listener);
  }
  const onEvent = (told: unknown): void => listener((told as { readonly data?: unknown }).data);
  port.addEventListener?.(event, onEvent);
  return () => void port.removeEventListener?.(event, onEvent);
}
