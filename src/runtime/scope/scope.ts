// A scope owns what is opened in it, closes it in reverse order and knows what each error means.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Fields } from "../../kernel/log.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { attach, type MessageSocket } from "./attach.ts";
import { createJudge, type Judged, type Judging } from "./judge.ts";
import { type Closable, closerOf, createOwned, nameOf, type Owned } from "./owned.ts";

export interface ScopeOptions extends Judged {
  /** Closed with the scope, after what the scope itself has opened. */
  readonly closables?: readonly Closable[];
  /** Errors go on to the caller; default true. An interrupt by the app's end never does. */
  readonly andRaise?: boolean;
  /** Default true; false leaves what is owned open, except when the app's end interrupts. */
  readonly closeOnExit?: boolean;
  /** Milliseconds that closing one thing may take; default 5,000. */
  readonly closeLimitMs?: number;
}

export interface ScopeContext {
  readonly name: string;
  /** Aborts when the app stops, the caller's signal aborts or the scope ends. */
  readonly signal: AbortSignal;
  /** The scope closes it; answers it. */
  use<T extends Closable>(resource: T): T;
  /** Called when the scope closes. */
  defer(close: () => unknown, what?: string): void;
  /** Owns a message socket and binds or connects it, as its type demands. */
  attach<T extends MessageSocket>(socket: T, url: string, socketType?: string): Promise<T>;
}

/** Resolves with what `work` answered; with undefined when an error was kept from the caller. */
export type Scope = <T>(
  options: ScopeOptions | string,
  work: (context: ScopeContext) => T | Promise<T>,
) => Promise<T | undefined>;

/**
 * Scopes of one app. First what is owned is closed, then the error is judged: an interrupt is
 * swallowed; a lost dependency is a warning and the end of the app, and is not captured; any other
 * is logged and captured, once even through nested scopes. While the app stops all is only debug.
 */
export function createScope(given: Judging & Partial<Surroundings> = {}): Scope {
  const { clock, log } = surroundings(given);
  const { stopping } = given;
  const judge = createJudge(given);

  return async (asked, work) => {
    const options = typeof asked === "string" ? { name: asked } : asked;
    const { name, closeLimitMs = 5_000 } = options;
    const ended = new AbortController();
    const warn = (message: string, fields: Fields): void => {
      log[stopping?.stopping ? "debug" : "warn"](message, { scope: name, ...fields });
    };
    const owned = createOwned({ clock, limitMs: closeLimitMs, warn });
    for (const closable of options.closables ?? []) owned.add(closerOf(closable), nameOf(closable));
    const signals = [stopping?.signal, options.signal, ended.signal];
    const context = contextOf(name, owned, signals);
    let failure: { readonly error: unknown } | undefined;
    let answer: Awaited<ReturnType<typeof work>> | undefined;
    try {
      answer = await work(context);
    } catch (error) {
      failure = { error };
    }
    ended.abort(new HomeostatError("CANCELLED", `scope ${name} has ended`));
    const kind = failure && judge.classOf(failure.error, options);
    if (options.closeOnExit !== false || kind === "interrupt") await owned.close();
    if (failure === undefined || kind === undefined) return answer;
    judge.tell(failure.error, kind, options);
    if (kind === "interrupt" || options.andRaise === false) return undefined;
    throw failure.error;
  };
}

function contextOf(
  name: string,
  owned: Owned,
  signals: readonly (AbortSignal | undefined)[],
): ScopeContext {
  let joined: AbortSignal | undefined;
  const use = <T extends Closable>(resource: T): T => {
    owned.add(closerOf(resource), nameOf(resource));
    return resource;
  };
  return {
    name,
    get signal() {
      // Joined when asked for: most scopes are over before anybody would look.
      joined ??= AbortSignal.any(signals.filter((signal) => signal !== undefined));
      return joined;
    },
    use,
    defer: (close, what = "what was deferred") => owned.add(close, what),
    attach: async (socket, url, socketType) => {
      await attach(use(socket), url, socketType);
      return socket;
    },
  };
}
