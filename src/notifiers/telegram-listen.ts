// What people tell the bot: buttons of questions and a few commands, from allow-listed users only.
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { backoff } from "../policies/retry/backoff.ts";
import { cut, type NotTaken } from "./post.ts";
import type { TelegramApi } from "./telegram-api.ts";
import { type Asked, readUpdates } from "./telegram-updates.ts";

/** What people may order by chat; each gives its answer. What is refused is thrown. */
export interface ChatOrders {
  status(): string;
  pause(by: string, reason: string): string;
  resume(by: string): string;
  /** `askedAtMs` is of the question that the button hangs on. */
  decide(approval: string, askedAtMs: number, by: string, answer: "approve" | "deny"): string;
}

export interface ListenOptions {
  readonly name: string;
  readonly api: TelegramApi;
  readonly users: readonly number[];
  readonly orders: ChatOrders;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const pollSeconds = 25;
const pollLimitMs = 40_000;
/** Telegram keeps for a day what nobody fetched: an order of then is none for now. */
const orderAgeMs = 120_000;
/** After a refusal that will come again. */
const refusedMs = 300_000;
const strangersMax = 100;
const pauseOf = backoff({ baseMs: 1_000, maxMs: 60_000, jitter: "equal" });

/** Polls until the signal aborts; never rejects. */
export async function listen(options: ListenOptions, signal: AbortSignal): Promise<void> {
  const { name, api, clock, random, log } = options;
  const strangers = new Set<number>();
  let offset = 0;
  let failures = 0;
  while (!signal.aborted) {
    const ask = { offset, timeout: pollSeconds, allowed_updates: ["message", "callback_query"] };
    const outcome = await api.call("getUpdates", ask, { signal, limitMs: pollLimitMs });
    if (signal.aborted) return;
    if (!outcome.ok) {
      if (failures === 0) log.warn(`${name} hears no orders: ${outcome.reason}`);
      failures += 1;
      await clock.sleep(pauseAfter(outcome, failures, random), signal).catch(() => {});
      continue;
    }
    if (failures > 0) log.info(`${name} hears orders again`);
    failures = 0;
    const { asked, next } = readUpdates(outcome.text, offset);
    offset = next ?? offset;
    for (const one of asked) {
      await answer(options, one, strangers, signal).catch((error: unknown) =>
        log.warn(`${name} could not answer an order`, { reason: api.unsaid(messageOf(error)) }),
      );
    }
    // An answer without anything in it must not make a busy loop of this.
    if (next === undefined) await clock.sleep(200, signal).catch(() => {});
  }
}

function pauseAfter(
  { retryable, retryAfterMs }: NotTaken,
  failures: number,
  random: Random,
): number {
  if (retryAfterMs !== undefined) return retryAfterMs;
  return retryable ? pauseOf(Math.min(failures - 1, 10), { last: 0 }, random) : refusedMs;
}

async function answer(
  options: ListenOptions,
  asked: Asked,
  strangers: Set<number>,
  signal: AbortSignal,
): Promise<void> {
  const { name, api, users, clock, log } = options;
  if (!users.includes(asked.user)) {
    // Once, or whoever wants to could fill the log.
    if (!strangers.has(asked.user) && strangers.size < strangersMax) {
      log.warn(`${name} heard somebody who may not order`, { user: asked.user });
    }
    strangers.add(asked.user);
    return;
  }
  const isOld = asked.sentAt !== undefined && clock.wall() - asked.sentAt > orderAgeMs;
  const text = isOld ? "That was sent too long ago: send it again." : obey(options, asked);
  if (text === undefined) return;
  if (asked.query !== undefined) {
    const told = { callback_query_id: asked.query, text: cut(text, 200) };
    await api.call("answerCallbackQuery", told, { signal });
  }
  if (asked.chat === undefined) return;
  await api.admit(asked.chat, signal);
  const outcome = await api.say(asked.chat, { text: cut(text, 4_096) }, signal);
  if (!outcome.ok) log.warn(`${name} could not answer an order`, { reason: outcome.reason });
}

/** Undefined for what is no order. */
function obey({ orders }: ListenOptions, { text, who, query }: Asked): string | undefined {
  const by = `${who} by Telegram`;
  try {
    if (query !== undefined) {
      const [, answer, id = "", at] = /^(approve|deny) (\S{1,20}) (\d{1,16})$/.exec(text) ?? [];
      if (answer === undefined) return "This button says nothing to me.";
      return orders.decide(id, Number(at), by, answer as "approve" | "deny");
    }
    const [, command = "", reason = ""] =
      /^\/(\w+)(?:@\w+)?(?:\s+([\s\S]*))?$/.exec(text.trim()) ?? [];
    if (command === "status") return orders.status();
    if (command === "pause") return orders.pause(by, cut(reason.trim(), 500));
    if (command === "resume") return orders.resume(by);
    return command === "" ? undefined : "I know /status, /pause REASON and /resume.";
  } catch (error) {
    return messageOf(error);
  }
}
