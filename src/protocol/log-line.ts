// What a line of a log says of itself: its time, its level, and the fields of a line that is JSON.
import type { Level } from "../kernel/log.ts";

export interface LineFacts {
  /** Milliseconds since the epoch, when the line carries a time with a date. */
  readonly at?: number;
  readonly level?: Level;
  readonly message: string;
  /** What else a JSON line holds. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Longer ones are text: nobody reads fields of such a line. */
const jsonMax = 65_536;

const timeNames = ["time", "timestamp", "@timestamp", "ts", "datetime"] as const;
const levelNames = ["level", "severity", "lvl", "log.level"] as const;
const messageNames = ["message", "msg"] as const;

export function factsOfLine(text: string): LineFacts {
  const record = jsonOf(text);
  if (!record) {
    const [at, level] = [leadingTime(text), levelInText(text)];
    return {
      ...(at === undefined ? {} : { at }),
      ...(level === undefined ? {} : { level }),
      message: text,
    };
  }
  const fields: Record<string, unknown> = { ...record };
  const taken = <T>(names: readonly string[], read: (value: unknown) => T | undefined) => {
    for (const name of names) {
      const value = Object.hasOwn(fields, name) ? read(fields[name]) : undefined;
      if (value === undefined) continue;
      delete fields[name];
      return value;
    }
    return undefined;
  };
  const at = taken(timeNames, timeOf);
  const level = taken(levelNames, levelOf);
  const message = taken(messageNames, (value) => (typeof value === "string" ? value : undefined));
  return {
    ...(at === undefined ? {} : { at }),
    ...(level === undefined ? {} : { level }),
    message: message ?? "",
    fields,
  };
}

/** The least of it that tells lines apart: what a line of text says itself is not looked for. */
export function saidIn(
  text: string,
): { readonly message: string; readonly level?: Level } | undefined {
  const record = jsonOf(text);
  if (!record) return undefined;
  const message = messageNames.map((name) => record[name]).find((it) => typeof it === "string");
  const level = levelNames.map((name) => levelOf(record[name])).find(Boolean);
  return {
    // Without a message, what it has fields of is its kind.
    message: typeof message === "string" ? message : Object.keys(record).join(" "),
    ...(level === undefined ? {} : { level }),
  };
}

/** A line that goes on with the one before it: a stack trace, its causes, an object that is printed. */
export function goesOn(text: string): boolean {
  return /^(?:[ \t]+\S|[\])}]+[,;]?$|Caused by: |(?:\.\.\.|…) \d+ more)/.test(text);
}

/** What a Python traceback ends with comes after indented lines and is not indented itself. */
export function closes(first: string, text: string): boolean {
  return first.startsWith("Traceback ") && /^[\w.]+(?:Error|Exception|Exit|Interrupt)\b/.test(text);
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{") || !text.endsWith("}") || text.length > jsonMax) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    // It only looks like JSON: a line of text.
    return undefined;
  }
}

const [fromMs, toMs] = [Date.UTC(1990), Date.UTC(2200)];

/** ISO 8601, or seconds or milliseconds since the epoch. */
function timeOf(value: unknown): number | undefined {
  const at =
    typeof value === "string"
      ? Date.parse(value)
      : typeof value === "number"
        ? value < fromMs
          ? value * 1_000
          : value
        : Number.NaN;
  return at >= fromMs && at <= toMs ? Math.round(at) : undefined;
}

/** `2026-11-21T03:00:00.123Z`, with a blank for the T, in brackets or without. */
const leading =
  /^\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z| ?[+-]\d\d:?\d\d)?\]?(?=\W|$)/;

function leadingTime(text: string): number | undefined {
  const [, day, time, fraction = "0", zone = ""] = leading.exec(text) ?? [];
  if (day === undefined) return undefined;
  // Without a zone the time is that of this machine, as whoever wrote it is.
  return timeOf(`${day}T${time}.${fraction.slice(0, 3).padEnd(3, "0")}${zone.trim()}`);
}

const levels: Readonly<Record<string, Level>> = {
  trace: "debug",
  debug: "debug",
  verbose: "debug",
  info: "info",
  information: "info",
  notice: "info",
  log: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  err: "error",
  fatal: "error",
  critical: "error",
  crit: "error",
  alert: "error",
  emerg: "error",
  emergency: "error",
  panic: "error",
};

/** A word, or a number of pino and bunyan: 10 trace … 60 fatal. */
function levelOf(value: unknown): Level | undefined {
  if (typeof value === "string") return levels[value.toLowerCase()];
  if (typeof value !== "number" || !(value >= 10 && value <= 60)) return undefined;
  return value >= 50 ? "error" : value >= 40 ? "warn" : value >= 30 ? "info" : "debug";
}

/** A level stands near the beginning in capitals or brackets; an error tells its name. */
export function levelInText(text: string): Level | undefined {
  const head = text.slice(0, 160);
  const [, word] =
    /(?:^|[\s[(|])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|PANIC)(?=$|[\s\]):|])/.exec(
      head,
    ) ??
    /\[(trace|debug|info|notice|warn|warning|error|fatal|crit|critical|alert|emerg)\]/.exec(head) ??
    /(?:^|\s)level=(\w+)/.exec(head) ??
    [];
  if (word !== undefined) return levels[word.toLowerCase()];
  const tells =
    /^(?:Uncaught\b|Unhandled\b|Traceback \(most recent|panic: |fatal: |error: |Exception in thread)/i.test(
      head,
    ) || /^(?:[\w.$]+\.)?(?:[A-Z]\w*)?(?:Error|Exception)\b(?: \[\w+\])?(?::|$)/.test(head);
  return tells ? "error" : undefined;
}
