// One connection to the daemon, seen from the app: greeting, lines both ways, and limits on all of it.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { builtin } from "../../kernel/builtin.ts";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { lineCutter } from "../../protocol/lines.ts";
import {
  type FromApp,
  linkLineBytes,
  linkProtocol,
  type ToApp,
  type UnfitOrder,
} from "../../protocol/link.ts";
import { encodeLink, parseToApp } from "../../protocol/link-wire.ts";
import { wait } from "../parts/wait.ts";

/** A stream that may keep the process alive, as a socket does. */
export type Line = Duplex & Partial<Pick<Socket, "ref" | "unref">>;

export type Connect = (path: string) => Line;

/** How a connection ended. */
export interface Ending {
  /** "refused" is not tried again soon. */
  readonly kind: "absent" | "lost" | "mute" | "unread" | "garbled" | "refused" | "closed";
  readonly why: string;
}

export type Hello = Extract<FromApp, { kind: "hello" }>;
export type Welcome = Extract<ToApp, { kind: "welcome" }>;

export interface ConnectionOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly hello: Hello;
  readonly connect?: Connect;
  readonly onWelcome: (welcome: Welcome) => void;
  readonly onOrder: (order: Extract<ToApp, { kind: "order" }> | UnfitOrder) => void;
}

export interface Connection {
  readonly welcomed: boolean;
  /** False when the daemon is slow to read: what can wait or be left out should be. */
  readonly roomy: boolean;
  send(line: string): void;
  /** Keeps the process alive until all is sent, sends and closes; the caller bounds the wait. */
  sendLast(line: string | undefined): Promise<void>;
  close(): void;
  readonly ended: Promise<Ending>;
}

/** From the first attempt to the welcome. */
const greetingLimitMs = 10_000;
/**
 * A write that the system has not taken keeps the process alive, and cannot be told not to: so a
 * daemon that reads nothing for so long is left. A new connection costs less than an app that hangs.
 */
const unreadLimitMs = 2_000;
const roomyBytes = 64 * 1024;
const unreadLimitBytes = 4 * 1024 * 1024;

/** Connects at once; never throws. */
export function openConnection(options: ConnectionOptions): Connection {
  const { clock, path, hello } = options;
  const { connect: dial = builtin("node:net").connect } = options;
  const ending = Promise.withResolvers<Ending>();
  const over = new AbortController();
  let socket: Line | undefined;
  let welcomed = false;

  const end = (kind: Ending["kind"], why: string): void => {
    if (over.signal.aborted) return;
    over.abort();
    socket?.destroy();
    ending.resolve({ kind, why });
  };

  const take = (message: ToApp | UnfitOrder): void => {
    if (message.kind === "refused") end("refused", message.why);
    else if (message.kind !== "welcome") {
      if (welcomed) options.onOrder(message);
      else end("garbled", "an order came before the welcome");
    } else if (message.protocol !== linkProtocol) {
      end("refused", `it speaks protocol ${message.protocol}, this app ${linkProtocol}`);
    } else {
      welcomed = true;
      options.onWelcome(message);
    }
  };

  const writing = createWriting(clock, over.signal, (why) => end("unread", why));
  const send = (line: string): void => {
    if (socket && !over.signal.aborted) writing.write(socket, line);
  };
  try {
    socket = dial(path);
    socket.unref?.();
    const read = reader(take, (why) => end("garbled", why), over.signal);
    hear(socket, read, (why) => end(welcomed ? "lost" : "absent", why));
    send(encodeLink(hello));
  } catch (error) {
    end("absent", messageOf(error));
  }
  void wait(clock, greetingLimitMs, over.signal).then((isLate) => {
    if (isLate && !welcomed) end("mute", `no greeting within ${greetingLimitMs} ms`);
  });

  return {
    ended: ending.promise,
    send,
    get welcomed() {
      return welcomed && !over.signal.aborted;
    },
    get roomy() {
      return (socket?.writableLength ?? 0) <= roomyBytes;
    },
    sendLast: async (line) => {
      socket?.ref?.();
      if (line !== undefined) send(line);
      await writing.emptied();
      end("closed", "the app closed it");
    },
    close: () => end("closed", "the app closed it"),
  };
}

function hear(socket: Line, read: (chunk: Buffer) => void, gone: (why: string) => void): void {
  socket.on("data", read);
  // Stays for good: an error after the end has nobody else to hear it.
  socket.on("error", (error) => gone(messageOf(error)));
  socket.on("end", () => gone("the daemon ended the connection"));
  socket.on("close", () => gone("the connection was closed"));
}

/** What `take` throws, and a line without end, is garbage. */
function reader(
  take: (message: ToApp | UnfitOrder) => void,
  garbled: (why: string) => void,
  over: AbortSignal,
): (chunk: Buffer) => void {
  const onLine = (line: string): void => {
    if (over.aborted) return;
    try {
      take(parseToApp(line));
    } catch (error) {
      garbled(messageOf(error));
    }
  };
  return lineCutter(onLine, () => garbled("a line is too long"), linkLineBytes);
}

interface Writing {
  write(socket: Line, line: string): void;
  /** Resolves when the system has taken all that was written, or the connection is over. */
  emptied(): Promise<void>;
}

function createWriting(clock: Clock, over: AbortSignal, stuck: (why: string) => void): Writing {
  let waiting = 0;
  let progressAt = clock.now();
  let watching = false;
  let whenEmpty: (() => void)[] = [];

  const settle = (): void => {
    for (const resolve of whenEmpty) resolve();
    whenEmpty = [];
  };
  over.addEventListener("abort", settle, { once: true });

  const watch = async (): Promise<void> => {
    watching = true;
    while (waiting > 0) {
      if (clock.now() - progressAt >= unreadLimitMs) {
        stuck(`the daemon has read nothing for ${unreadLimitMs} ms`);
      }
      if (!(await wait(clock, unreadLimitMs / 4, over))) break;
    }
    watching = false;
  };

  return {
    write: (socket, line) => {
      if (waiting === 0) progressAt = clock.now();
      waiting += 1;
      socket.write(line, () => {
        waiting -= 1;
        progressAt = clock.now();
        if (waiting === 0) settle();
      });
      if (socket.writableLength > unreadLimitBytes) stuck("the daemon does not read");
      else if (waiting > 0 && !watching) void watch();
    },
    emptied: () =>
      new Promise((resolve) => {
        if (waiting === 0 || over.aborted) return resolve();
        whenEmpty.push(resolve);
      }),
  };
}
