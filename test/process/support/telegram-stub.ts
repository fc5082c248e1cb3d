// The Bot API of Telegram for one bot, as it is documented: messages, long polls, buttons, flood control.
// Proved by hand with grammy 1.46.0 and telegraf 4.16.3: polling, commands, buttons, 400 and 429.
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, type Stub, stub } from "./outside-stubs.ts";

export interface SentMessage {
  readonly atMs: number;
  readonly chat: number;
  readonly text: string;
  /** What its buttons give back, in order. */
  readonly buttons: readonly string[];
}

export interface TelegramStub extends Stub {
  readonly sent: readonly SentMessage[];
  /** The texts of answered presses. */
  readonly answered: readonly string[];
  /** Messages that came too fast. */
  readonly floods: number;
  /** Somebody writes to the bot. */
  write(user: number, text: string, agoSeconds?: number): void;
  /** Somebody presses a button. */
  press(user: number, data: string): void;
}

export interface TelegramStubOptions {
  readonly token: string;
  readonly chats: readonly number[];
  /** Of one chat, in a second and in a minute; more is answered with 429. */
  readonly limits?: readonly [perSecond: number, perMinute: number];
}

type Part = Readonly<Partial<Record<string, unknown>>>;

export async function telegramStub(options: TelegramStubOptions): Promise<TelegramStub> {
  const { token, chats, limits: [perSecond, perMinute] = [1, 20] } = options;
  const sent: SentMessage[] = [];
  const answered: string[] = [];
  const updates: { readonly update_id: number }[] = [];
  let [floods, lastId, ended] = [0, 0, false];

  const sendMessage = ({ chat_id, text, reply_markup }: Part): Answer => {
    const chat = Number(chat_id);
    if (!chats.includes(chat)) return no(400, "Bad Request: chat not found");
    if (typeof text !== "string" || text.trim() === "")
      return no(400, "Bad Request: message text is empty");
    if (text.length > 4_096) return no(400, "Bad Request: message is too long");
    const buttons = buttonsOf(reply_markup);
    if (buttons.some((it) => Buffer.byteLength(it) > 64))
      return no(400, "Bad Request: BUTTON_DATA_INVALID");
    const atMs = performance.now();
    const within = (ms: number): number =>
      sent.filter((it) => it.chat === chat && atMs - it.atMs < ms).length;
    // A part of a second may be lost on the way.
    if (within(900) >= perSecond || within(59_000) >= perMinute) {
      floods += 1;
      return no(429, "Too Many Requests: retry after 1", { retry_after: 1 });
    }
    sent.push({ atMs, chat, text, buttons });
    return yes({
      message_id: sent.length,
      date: Math.floor(Date.now() / 1_000),
      chat: { id: chat, type: "private" },
      text,
    });
  };
  const getUpdates = async ({ offset = 0, timeout = 0 }: Part): Promise<Answer> => {
    const from = Number(offset);
    while (updates[0] && updates[0].update_id < from) updates.shift();
    const untilMs = performance.now() + Number(timeout) * 1_000;
    while (updates.length === 0 && performance.now() < untilMs && !ended) await sleep(20);
    return yes(updates.slice(0, 100));
  };
  const methods: Readonly<Record<string, (it: Part) => Answer | Promise<Answer>>> = {
    getMe: () => yes({ id: 1, is_bot: true, first_name: "Homeostat", username: "homeostat_bot" }),
    deleteWebhook: () => yes(true),
    sendMessage,
    getUpdates,
    answerCallbackQuery: ({ callback_query_id, text = "" }) => {
      if (typeof callback_query_id !== "string") return no(400, "Bad Request: query is too old");
      answered.push(String(text));
      return yes(true);
    },
  };
  const made = await stub(async ({ url, body }) => {
    const [, given, method = ""] = /^\/bot([^/]+)\/(\w+)$/.exec(url.pathname) ?? [];
    if (given !== token) return no(401, "Unauthorized");
    const asked = body === "" ? Object.fromEntries(url.searchParams) : (JSON.parse(body) as Part);
    return (
      (await methods[method.replace(/^getme$/i, "getMe")]?.(asked)) ??
      no(404, "Not Found: method not found")
    );
  });
  const person = (id: number): Part => ({
    id,
    is_bot: false,
    first_name: "Ada",
    username: `user${id}`,
  });
  const chat = { id: chats[0], type: "private" };
  const { url, heard, refused, next, [Symbol.asyncDispose]: close } = made;
  return {
    ...{ url, heard, refused, next },
    sent,
    answered,
    get floods() {
      return floods;
    },
    write: (user: number, text: string, agoSeconds = 0) => {
      const date = Math.floor(Date.now() / 1_000) - agoSeconds;
      const entities = text.startsWith("/")
        ? [{ type: "bot_command", offset: 0, length: text.split(" ")[0]?.length }]
        : [];
      const message = { message_id: ++lastId, date, chat, from: person(user), text, entities };
      updates.push({ update_id: ++lastId, message } as never);
    },
    press: (user: number, data: string) => {
      const message = { message_id: 1, date: 1, chat, text: "asked" };
      const callback_query = {
        id: `q${++lastId}`,
        from: person(user),
        chat_instance: "1",
        message,
        data,
      };
      updates.push({ update_id: ++lastId, callback_query } as never);
    },
    [Symbol.asyncDispose]: async () => {
      ended = true;
      await close();
    },
  };
}

function buttonsOf(markup: unknown): readonly string[] {
  const { inline_keyboard: rows = [] } = (markup ?? {}) as {
    readonly inline_keyboard?: readonly (readonly Part[])[];
  };
  return rows.flat().map(({ callback_data }) => String(callback_data));
}

const headers = { "content-type": "application/json" };

function yes(result: unknown): Answer {
  return { status: 200, text: JSON.stringify({ ok: true, result }), headers };
}

function no(status: number, description: string, parameters?: Part): Answer {
  const more = parameters ? { parameters } : {};
  return {
    status,
    text: JSON.stringify({ ok: false, error_code: status, description, ...more }),
    headers,
  };
}
