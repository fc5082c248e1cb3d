// One connection to the receiver of sd_notify messages, seen from the daemon: orders and news.
import { connect } from "node:net";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { lineCutter } from "../../protocol/lines.ts";
import {
  type Notes,
  notifyProtocol,
  parseReceiver,
  receiverLine,
  type ToReceiver,
} from "../../protocol/sd-notify.ts";

export interface Talk {
  readonly pid: number;
  /** Resolves when it is done; what it told before that was heard. @throws NOTIFY_ABSENT */
  order(order: ToReceiver): Promise<void>;
  end(): void;
}

export interface TalkEvents {
  said(name: string, run: string, notes: Notes): void;
  /** Called once, when a connection that was joined has ended by itself. */
  lost(why: string): void;
}

const lineLimitBytes = 65_536;
/** Nobody is there, or who was there is just ending. */
const nobody = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"]);

/** Undefined when nobody answers on the path. @throws what else is wrong, or when `signal` aborts. */
export function join(
  socketPath: string,
  on: TalkEvents,
  signal: AbortSignal,
): Promise<Talk | undefined> {
  const socket = connect(socketPath).unref();
  const { promise, resolve, reject } = Promise.withResolvers<Talk | undefined>();
  const orders = openOrders((line) => void socket.write(line));
  let talk: Talk | undefined;

  const close = (why: string, absent = false): void => {
    if (orders.closed) return;
    socket.destroy();
    orders.close(why);
    if (talk) on.lost(why);
    else if (absent) resolve(undefined);
    else reject(new HomeostatError("NOTIFY_ABSENT", why));
  };
  const greet = (protocol: number, pid: number): void => {
    if (protocol !== notifyProtocol) {
      close(`it speaks version ${protocol}`);
      return;
    }
    const end = (): void => {
      socket.destroy();
      orders.close("the daemon ends");
    };
    talk = { pid, order: orders.give, end };
    resolve(talk);
  };
  const hear = (line: string): void => {
    const message = parseReceiver(line);
    if (message.kind === "hello") greet(message.protocol, message.pid);
    else if (message.kind === "said") on.said(message.name, message.run, message.notes);
    else orders.answered(message.id, message.kind === "failed" ? message.why : undefined);
  };
  const onLine = (line: string): void => {
    if (orders.closed) return;
    try {
      hear(line);
    } catch (error) {
      close(messageOf(error));
    }
  };
  socket.on(
    "data",
    lineCutter(onLine, () => close("a line is too long"), lineLimitBytes),
  );
  socket.on("error", (error: NodeJS.ErrnoException) => {
    close(messageOf(error), nobody.has(error.code ?? ""));
  });
  socket.on("close", () => close("the connection ended"));
  signal.addEventListener("abort", () => !talk && close("it does not answer"), { once: true });
  return promise;
}

interface Orders {
  give(order: ToReceiver): Promise<void>;
  answered(id: number, fault: string | undefined): void;
  /** All that wait are told why nothing comes any more. */
  close(why: string): void;
  readonly closed: boolean;
}

function openOrders(write: (line: string) => void): Orders {
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  const absent = (why: string): HomeostatError => new HomeostatError("NOTIFY_ABSENT", why);
  let lastId = 0;
  let closed = false;
  return {
    give: (order) => {
      if (closed) return Promise.reject(absent("the connection has ended"));
      lastId += 1;
      const asked = Promise.withResolvers<void>();
      waiting.set(lastId, asked);
      write(receiverLine(lastId, order));
      return asked.promise;
    },
    answered: (id, fault) => {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (fault === undefined) asked?.resolve();
      else asked?.reject(absent(fault));
    },
    close: (why) => {
      closed = true;
      for (const asked of waiting.values()) asked.reject(absent(why));
      waiting.clear();
    },
    get closed() {
      return closed;
    },
  };
}
