// A line as text for people and as JSON for machines.
import type { Line, Plain } from "./sink.ts";

export type LineFormat = "text" | "json";

export interface TextOptions {
  /** The time (ISO 8601) before it; default false. */
  readonly time?: boolean;
  /** The app's name before it; default true. */
  readonly app?: boolean;
}

/**
 * `app thread [LEVEL] message key=value`, on one line whatever the message holds. The stack of an
 * error follows on lines of its own that begin with four spaces.
 */
export function textOf(line: Line, options: TextOptions = {}): string {
  const { time = false, app = true } = options;
  const before = `${time ? `${timeOf(line)} ` : ""}${app ? `${line.app} ` : ""}`;
  const level = `[${line.level.toUpperCase()}]`;
  return `${before}${line.thread} ${level} ${messageText(line)}${stacksOf(line)}`;
}

/** The message and the fields, on one line. */
export function messageText({ message, logger, fields }: Line): string {
  const named = logger === "" ? "" : ` logger=${word(logger)}`;
  const pairs = Object.entries(fields).map(([name, value]) => ` ${key(name)}=${valueText(value)}`);
  return oneLine(message) + named + pairs.join("");
}

const own: ReadonlySet<string> = new Set(["time", "level", "app", "thread", "logger", "message"]);

/** One object: `time`, `level`, `app`, `thread`, `logger`, `message`, then the fields. */
export function jsonOf(line: Line): string {
  const { level, app, thread, logger, message } = line;
  const named = logger === "" ? {} : { logger };
  const head = { time: timeOf(line), level, app, thread, ...named, message };
  return JSON.stringify({ ...head, ...fieldsApart(line.fields, own) });
}

/** The fields, those that are called like one of `taken` with a `_` behind their name. */
export function fieldsApart(
  fields: Line["fields"],
  taken: ReadonlySet<string>,
): Readonly<Record<string, Plain>> {
  const apart = Object.entries(fields).map(([name, value]) => [
    taken.has(name) ? `${name}_` : name,
    value,
  ]);
  return Object.fromEntries(apart);
}

export function timeOf({ at }: Line): string {
  return new Date(at).toISOString();
}

function valueText(value: Plain): string {
  if (typeof value === "string") return word(value);
  if (typeof value !== "object" || value === null) return String(value);
  const error = errorText(value);
  return error === undefined ? word(JSON.stringify(value)) : word(error);
}

/** An error in a field reads as its message and those of its causes; its stack comes after. */
function errorText(value: Plain): string | undefined {
  const { name, message, stack, cause } = partsOf(value);
  if (typeof message !== "string" || typeof stack !== "string") return undefined;
  const why = typeof cause === "string" ? cause : cause && errorText(cause);
  return `${typeof name === "string" ? name : "Error"}: ${message}${why ? `: ${why}` : ""}`;
}

function stacksOf({ fields }: Line): string {
  const stacks = Object.values(fields).flatMap((value) => {
    const { message, stack } = partsOf(value);
    return typeof message === "string" && typeof stack === "string" ? [stack] : [];
  });
  return stacks
    .flatMap((stack) => stack.split("\n").filter((line) => /^\s+at /.test(line)))
    .map((line) => `\n    ${line.trim()}`)
    .join("");
}

function partsOf(value: Plain): { readonly [name: string]: Plain | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Plain })
    : {};
}

/** Bare when it cannot be misread, in quotes otherwise. */
function word(text: string): string {
  return /[\s"=\\]/.test(text) || text === "" ? JSON.stringify(text) : text;
}

function key(name: string): string {
  return name.replaceAll(/[\s"=]/g, "_") || "_";
}

/** A second line would look like another entry. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]\s*/g, " ");
}
