// Speaks the Chrome DevTools protocol with one Node.js process over a WebSocket.
import type { InspectorAddress } from "./inspector-port.ts";

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
  /** The result of a command; undefined when it failed or the session ended first. */
  call(method: string, params?: Reply): Promise<Reply | undefined>;
  /** The stack when it next stands still; undefined when the session ended first. */
  pause(): Promise<readonly Frame[] | undefined>;
  /** Either side has ended it, or the process has. */
  readonly closed: Promise<void>;
  close(): void;
}

/** More frames than this are not kept. */
const frameLimit = 200;

/** Undefined when no connection comes about before the signal aborts. */
export async function openSession(
  { port, id }: InspectorAddress,
  signal: AbortSignal,
): Promise<Session | undefined> {
  if (signal.aborted) return undefined;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${id}`);
  const session = speak(socket);
  const opened = Promise.withResolvers<boolean>();
  const giveUp = (): void => opened.resolve(false);
  signal.addEventListener("abort", giveUp, { once: true });
  socket.addEventListener("open", () => opened.resolve(true));
  socket.addEventListener("close", giveUp);
  const isOpen = await opened.promise;
  signal.removeEventListener("abort", giveUp);
  if (isOpen) return session;
  session.close();
  return undefined;
}

function speak(socket: WebSocket): Session {
  const waiting = new Map<number, (reply: Reply | undefined) => void>();
  const scripts = new Map<string, string>();
  let standing: (frames: readonly Frame[] | undefined) => void = () => {};
  const closing = Promise.withResolvers<void>();
  let lastId = 0;

  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    const script = parseScript(text);
    if (script) return void scripts.set(script.id, script.url);
    const message = parseMessage(text);
    if (message.method === "Debugger.paused") standing(framesOf(message.params, scripts));
    if (typeof message.id !== "number") return;
    waiting.get(message.id)?.(asRecord(message.result));
    waiting.delete(message.id);
  });
  const end = (): void => {
    standing(undefined);
    closing.resolve();
    for (const resolve of waiting.values()) resolve(undefined);
    waiting.clear();
  };
  socket.addEventListener("close", end);
  // An error is followed by a close; without a listener it would be thrown.
  socket.addEventListener("error", end);

  const call: Session["call"] = (method, params = {}) => {
    if (socket.readyState !== WebSocket.OPEN) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Reply | undefined>();
    waiting.set(++lastId, resolve);
    socket.send(JSON.stringify({ id: lastId, method, params }));
    return promise;
  };

  return {
    closed: closing.promise,
    call,
    pause: () => {
      const { promise, resolve } = Promise.withResolvers<readonly Frame[] | undefined>();
      standing = resolve;
      if (socket.readyState !== WebSocket.OPEN) resolve(undefined);
      else void call("Debugger.pause");
      return promise;
    },
    close: () => socket.close(),
  };
}

/**
 * One such message comes for each script of the process, with its whole source map if that is
 * inline: only the beginning is looked at.
 */
export function parseScript(
  text: string,
): { readonly id: string; readonly url: string } | undefined {
  const head = text.slice(0, 4_096);
  const found =
    /^\{"method":"Debugger\.scriptParsed","params":\{"scriptId":"(\d+)","url":("(?:[^"\\]|\\.)*")/.exec(
      head,
    );
  if (!found) return undefined;
  const url: unknown = JSON.parse(found[2] ?? '""');
  return { id: found[1] ?? "", url: String(url) };
}

function parseMessage(text: string): Reply {
  try {
    return asRecord(JSON.parse(text)) ?? {};
  } catch {
    // A message that is not JSON is no answer; whoever waits for one has a limit.
    return {};
  }
}

/** V8 leaves the url of a frame empty and names the script by its number only. */
export function framesOf(params: unknown, scripts: ReadonlyMap<string, string>): readonly Frame[] {
  const frames = asRecord(params)?.callFrames;
  if (!Array.isArray(frames)) return [];
  return frames.slice(0, frameLimit).map((entry: unknown) => {
    const frame = asRecord(entry);
    const location = asRecord(frame?.location);
    return {
      functionName: String(frame?.functionName ?? ""),
      url: String(frame?.url || scripts.get(String(location?.scriptId)) || ""),
      line: Number(location?.lineNumber ?? 0) + 1,
      column: Number(location?.columnNumber ?? 0) + 1,
    };
  });
}

function asRecord(value: unknown): Reply | undefined {
  return typeof value === "object" && value !== null ? (value as Reply) : undefined;
}
