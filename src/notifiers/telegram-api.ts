// The Bot API of Telegram: one call at a time, its waits honoured, its token never told.
import type { Clock } from "../kernel/clock.ts";
import { type Unsaid, unsaid } from "../kernel/unsaid.ts";
import { SlidingWindow } from "../policies/limit/sliding-window.ts";
import { type Fetch, type Outcome, post } from "./post.ts";

export type ChatId = number | string;

export interface TelegramApi {
  readonly unsaid: Unsaid;
  call(
    method: string,
    parameters: Readonly<Record<string, unknown>>,
    how: { readonly signal: AbortSignal; readonly limitMs?: number },
  ): Promise<Outcome>;
  /** Resolves when one more message may go to the chat; rejects when the signal aborts. */
  admit(chat: ChatId, signal: AbortSignal): Promise<void>;
  say(chat: ChatId, more: Message, signal: AbortSignal): Promise<Outcome>;
}

export interface Message {
  readonly text: string;
  readonly disable_notification?: boolean;
  readonly reply_markup?: unknown;
}

export interface TelegramApiOptions {
  readonly token: string;
  /** `https://api.telegram.org`, or a Bot API server of one's own. */
  readonly url: string;
  readonly clock: Clock;
  readonly fetch?: Fetch;
}

/** core.telegram.org/bots/faq: about one message a second in a chat, 20 a minute in a group. */
const rates = [
  { limit: 1, intervalMs: 1_000, burst: 1 },
  { limit: 20, intervalMs: 60_000, burst: 20 },
] as const;
const chatsMax = 1_000;

export function telegramApi(options: TelegramApiOptions): TelegramApi {
  const { token, clock, fetch = globalThis.fetch } = options;
  const base = `${options.url.replace(/\/+$/, "")}/bot${token}`;
  const paces = new Map<string, Pace>();
  const paceOf = (chat: ChatId): Pace => {
    const pace = paces.get(String(chat)) ?? createPace(clock);
    paces.delete(String(chat));
    paces.set(String(chat), pace);
    for (const oldest of paces.keys()) {
      if (paces.size <= chatsMax) break;
      paces.delete(oldest);
    }
    return pace;
  };
  const hide = unsaid([token, token.replace(/^\d+:/, "")]);
  const wire = { fetch, clock, unsaid: hide };
  const call: TelegramApi["call"] = async (method, parameters, how) => {
    const outcome = await post(wire, `${base}/${method}`, JSON.stringify(parameters), how);
    if (outcome.ok || outcome.text === "") return outcome;
    const { description, parameters: { retry_after } = {} } = refusalOf(outcome.text);
    return {
      ...outcome,
      ...(description === undefined
        ? {}
        : { reason: hide(`HTTP ${outcome.status}: ${description}`) }),
      ...(retry_after === undefined ? {} : { retryAfterMs: retry_after * 1_000 }),
    };
  };
  return {
    unsaid: hide,
    call,
    admit: (chat, signal) => paceOf(chat).admit(signal),
    say: async (chat, message, signal) => {
      const outcome = await call("sendMessage", { chat_id: chat, ...message }, { signal });
      if (!outcome.ok && outcome.retryAfterMs !== undefined) {
        paceOf(chat).pause(outcome.retryAfterMs);
      }
      return outcome;
    },
  };
}

interface Pace {
  admit(signal: AbortSignal): Promise<void>;
  /** Nothing leaves for so long: the other end has asked for it. */
  pause(ms: number): void;
}

function createPace(clock: Clock): Pace {
  const windows = rates.map((rate) => new SlidingWindow(rate));
  let pausedUntil = Number.NEGATIVE_INFINITY;
  const waitMs = (now: number): number =>
    Math.max(pausedUntil - now, ...windows.map((window) => window.waitMs(now, 0)));
  return {
    admit: async (signal) => {
      for (let ms = waitMs(clock.now()); ms > 0; ms = waitMs(clock.now())) {
        await clock.sleep(ms, signal);
      }
      signal.throwIfAborted();
      for (const window of windows) window.take(clock.now());
    },
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, clock.now() + ms);
    },
  };
}

interface Refusal {
  readonly description?: string;
  readonly parameters?: { readonly retry_after?: number };
}

/** `{ ok: false, error_code, description, parameters: { retry_after } }`; what is none of it is left out. */
function refusalOf(text: string): Refusal {
  try {
    const { description, parameters } = JSON.parse(text) as Partial<Record<string, unknown>>;
    const seconds = (parameters as { readonly retry_after?: unknown } | undefined)?.retry_after;
    return {
      ...(typeof description === "string" ? { description: description.slice(0, 300) } : {}),
      ...(typeof seconds === "number" && seconds >= 0
        ? { parameters: { retry_after: seconds } }
        : {}),
    };
  } catch {
    // A proxy answers in its own words: the status says enough.
    return {};
  }
}
