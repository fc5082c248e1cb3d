// What a scope owns, closed in the reverse order of its opening, each within a limit.
import { type Clock, deadline } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Fields } from "../../kernel/log.ts";

/** Something with an end: a disposable, or what Node's own sockets, servers and workers have. */
export type Closable =
  | AsyncDisposable
  | Disposable
  | { close(): unknown }
  | { destroy(): unknown }
  | { terminate(): unknown };

export interface Owned {
  add(close: () => unknown, what: string): void;
  /** Closes all, the last one first; one that fails or hangs keeps none of the others open. */
  close(): Promise<void>;
}

export interface OwnedOptions {
  readonly clock: Clock;
  readonly limitMs: number;
  /** Told what could not be closed. */
  readonly warn: (message: string, fields: Fields) => void;
}

/** A scope may own so many things; one that wants more is most likely a loop that never closes. */
const most = 10_000;

export function createOwned({ clock, limitMs, warn }: OwnedOptions): Owned {
  let over = false;
  const open: { readonly what: string; readonly close: () => unknown }[] = [];

  const closeOne = async (what: string, close: () => unknown): Promise<void> => {
    const limit = deadline(clock, limitMs);
    const tooLong = new Promise<never>((_resolve, reject) => {
      limit.signal.addEventListener("abort", () => reject(limit.signal.reason), { once: true });
    });
    try {
      await Promise.race([(async () => close())(), tooLong]);
    } catch (error) {
      warn(`${what} could not be closed: ${messageOf(error)}`, { error });
    } finally {
      limit.done();
    }
  };

  return {
    add: (close, what) => {
      if (over) {
        warn(`${what} was opened after its scope had ended and is closed at once`, {});
        return void closeOne(what, close);
      }
      if (open.length >= most) throw new RangeError(`a scope owns ${most} things at most`);
      open.push({ what, close });
    },
    close: async () => {
      over = true;
      for (let last = open.pop(); last !== undefined; last = open.pop()) {
        await closeOne(last.what, last.close);
      }
    },
  };
}

/** How a thing is closed; its own asynchronous disposal comes first, as it can be waited for. */
export function closerOf(resource: Closable): () => unknown {
  if (Symbol.asyncDispose in resource) return () => resource[Symbol.asyncDispose]();
  if (Symbol.dispose in resource) return () => resource[Symbol.dispose]();
  if ("close" in resource) return () => resource.close();
  if ("terminate" in resource) return () => resource.terminate();
  return () => resource.destroy();
}

export function nameOf(resource: object): string {
  return resource.constructor?.name ?? "something without a name";
}
