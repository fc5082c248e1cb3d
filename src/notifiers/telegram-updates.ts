// Reads what getUpdates answers: who said or pressed what, and where to go on.
import type { ChatId } from "./telegram-api.ts";

export interface Asked {
  readonly user: number;
  /** "ada (1234)". */
  readonly who: string;
  /** What was written, or the data of the button. */
  readonly text: string;
  /** Of a button: its press waits for an answer under this name. */
  readonly query?: string;
  readonly chat?: ChatId;
  /** Of what was written, ms since the epoch. */
  readonly sentAt?: number;
}

export interface Updates {
  readonly asked: readonly Asked[];
  /** What was read is not sent again when the next call begins here; absent when nothing came. */
  readonly next?: number;
}

type Part = Readonly<Partial<Record<string, unknown>>>;

/** core.telegram.org/bots/api#update; what has another shape is stepped over. */
export function readUpdates(text: string, offset: number): Updates {
  const result = part(parse(text)).result;
  const updates = Array.isArray(result) ? result.map(part) : [];
  const ids = updates.flatMap(({ update_id: id }) =>
    Number.isSafeInteger(id) ? [id as number] : [],
  );
  if (ids.length === 0) return { asked: [] };
  const asked = updates.flatMap(
    (it) => written(part(it.message)) ?? pressed(part(it.callback_query)) ?? [],
  );
  return { asked, next: Math.max(offset, ...ids.map((id) => id + 1)) };
}

function written(message: Part): Asked | undefined {
  const { text, date } = message;
  const from = sender(part(message.from));
  if (typeof text !== "string" || !from) return undefined;
  const sentAt = typeof date === "number" ? { sentAt: date * 1_000 } : {};
  return { ...from, text, ...place(message), ...sentAt };
}

function pressed(query: Part): Asked | undefined {
  const { id, data } = query;
  const from = sender(part(query.from));
  if (typeof id !== "string" || typeof data !== "string" || !from) return undefined;
  return { ...from, text: data, query: id, ...place(part(query.message)) };
}

function sender({ id, username, first_name }: Part): Pick<Asked, "user" | "who"> | undefined {
  if (typeof id !== "number" || !Number.isSafeInteger(id)) return undefined;
  const name = [username, first_name].find((it) => typeof it === "string" && it !== "");
  return {
    user: id,
    who: name === undefined ? String(id) : `${String(name).slice(0, 60)} (${id})`,
  };
}

function place(message: Part): Pick<Asked, "chat"> {
  const { id } = part(message.chat);
  return typeof id === "number" ? { chat: id } : {};
}

function part(value: unknown): Part {
  return typeof value === "object" && value !== null ? (value as Part) : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Of a proxy, or cut: as if nothing had come.
    return undefined;
  }
}
