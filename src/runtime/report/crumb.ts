// A breadcrumb: something small that happened before an error, kept small whatever it was made of.
import { messageOf } from "../../kernel/errors.ts";
import type { Fields } from "../../kernel/log.ts";

export type CrumbLevel = "debug" | "info" | "warning" | "error" | "fatal";

export interface Crumb {
  readonly message: string;
  /** Dotted: `log.db`, `event.system.failure`, `http`. Default "app". */
  readonly category?: string;
  /** Default "info". */
  readonly level?: CrumbLevel;
  readonly data?: Fields;
  /** Milliseconds since the Unix epoch; default now. */
  readonly at?: number;
}

export type AddCrumb = (crumb: Crumb) => void;

/** As it is kept and sent; the timestamp in seconds. */
export interface KeptCrumb {
  readonly timestamp: number;
  readonly category: string;
  readonly level: CrumbLevel;
  readonly message: string;
  readonly data?: Readonly<Record<string, string | number | boolean | null>>;
}

const longestMessage = 1_024;
const longestValue = 512;
const longestName = 100;
const mostFields = 20;

/** A copy that holds on to nothing of what it was made of, of 12 KiB at most. */
export function kept(crumb: Crumb, now: number): KeptCrumb {
  const { message, category = "app", level = "info", data, at = now } = crumb;
  const fields = Object.entries(data ?? {}).slice(0, mostFields);
  const small = fields.map(([name, value]) => [cut(name, longestName), plain(value)] as const);
  return {
    timestamp: at / 1_000,
    category: cut(category, longestName),
    level,
    message: cut(String(message), longestMessage),
    ...(small.length > 0 && { data: Object.fromEntries(small) }),
  };
}

function plain(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  return cut(textOf(value), longestValue);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${messageOf(value)}`;
  if (typeof value !== "object") return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A circle, or a getter that throws: that it was there is all a crumb can tell.
    return "[unreadable]";
  }
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
