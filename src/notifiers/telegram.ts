// Notifier: messages of a Telegram bot to chats, at the pace that Telegram allows.

import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import { keepNewest } from "./keep-newest.ts";
import type { Notice, Notifier } from "./notifier.ts";
import { cut } from "./post.ts";
import type { ChatId, Message, TelegramApi } from "./telegram-api.ts";
import { wordsOf } from "./words.ts";

export interface TelegramOptions {
  readonly name: string;
  readonly api: TelegramApi;
  readonly chats: readonly ChatId[];
  /** Whether questions have buttons: somebody listens to them. */
  readonly buttons: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

const textMax = 4_096;

/** Told when every chat was; a chat that was told is left out when the same notice is sent again. */
export function telegramNotifier(options: TelegramOptions): Notifier {
  const { name, api, clock, random, chats, buttons } = options;
  const told = new WeakMap<Notice, Set<ChatId>>();
  const lines = chats.map((chat) => ({
    chat,
    send: keepNewest({
      ...{ what: chats.length === 1 ? name : `${name}, chat ${chat}`, clock, random },
      admit: (signal) => api.admit(chat, signal),
      attempt: (notice, signal) => api.say(chat, messageOf(notice, buttons), signal),
    }),
  }));
  return {
    name,
    send: async (notice, ctx) => {
      const done = told.get(notice) ?? new Set();
      told.set(notice, done);
      const open = lines.filter(({ chat }) => !done.has(chat));
      const ends = await Promise.allSettled(
        open.map(({ chat, send }) => send(notice, ctx).then(() => void done.add(chat))),
      );
      const failed = ends.find((end) => end.status === "rejected");
      if (failed) throw failed.reason;
    },
  };
}

/** Plain text: nothing in it can be taken for markup. */
function messageOf(notice: Notice, buttons: boolean): Message {
  const { asks, urgent } = notice;
  const button = (text: string, answer: string): unknown => ({
    text,
    callback_data: `${answer} ${asks?.approval} ${asks?.askedAtMs}`,
  });
  const keyboard = [[button("Approve", "approve"), button("Deny", "deny")]];
  return {
    text: cut(wordsOf(notice), textMax),
    ...(urgent || asks ? {} : { disable_notification: true }),
    ...(asks && buttons ? { reply_markup: { inline_keyboard: keyboard } } : {}),
  };
}
