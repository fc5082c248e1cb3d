// `homeostat logs`: the last lines of all that are meant, merged by time, and then what comes.

import { join } from "node:path";
import { stdout } from "node:process";
import { parseDuration } from "../../kernel/duration.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { quote } from "../../wiring/words.ts";
import { type GlobalOptions, whereIs } from "../context.ts";
import { paint, paintName, say } from "../print.ts";
import { wholeOption } from "../usage.ts";
import { type Entry, merged } from "./logs-entry.ts";
import { find, isMeant } from "./logs-find.ts";
import { follow } from "./logs-follow.ts";
import { terminalRate } from "./logs-help.ts";
import { type Asked, recent } from "./logs-recent.ts";

export interface LogsOptions extends GlobalOptions {
  readonly lines?: string;
  readonly follow?: boolean;
  readonly since?: string;
  readonly grep?: string;
  readonly errors?: boolean;
  readonly time?: boolean;
  readonly rate?: string;
}

const linesMax = 100_000;
const usualLines = "20";
const rateMax = 1_000_000;

export async function logs(wanted: readonly string[], options: LogsOptions): Promise<void> {
  const asked = askedFor(options);
  const rate = wholeOption("--rate", options.rate ?? terminalRate, 1, rateMax);
  const folder = join(whereIs(options).state, "logs");
  const files = find(folder, wanted);
  const print = printer(options, Math.max(...files.map(({ name }) => name.length)));
  const stopped = new AbortController();
  // From here on Ctrl-C ends between two lines.
  if (asked.follow) process.once("SIGINT", () => stopped.abort());
  const all: (readonly Entry[])[] = [];
  const ends = new Map<string, number>();
  for (const file of files) {
    const { entries, end } = await recent(file, asked);
    all.push(entries);
    ends.set(file.name, end);
  }
  for (const entry of merged(all)) print(entry);
  if (!asked.follow) return;
  const isLimited = options.rate !== undefined || stdout.isTTY === true;
  await follow({
    folder,
    isMeant: (file) => isMeant(file, wanted),
    ends,
    asked,
    rate: isLimited ? rate : Number.POSITIVE_INFINITY,
    print,
    signal: stopped.signal,
  });
}

/** @throws USAGE */
function askedFor(options: LogsOptions): Asked {
  const { since, grep } = options;
  const usual = since === undefined ? usualLines : String(linesMax);
  return {
    count: wholeOption("--lines", options.lines ?? usual, 0, linesMax),
    errors: options.errors === true,
    follow: options.follow === true,
    ...(since === undefined ? {} : { since: momentOf(since) }),
    ...(grep === undefined ? {} : { grep: expressionOf(grep) }),
  };
}

function momentOf(since: string): number {
  const agoMs = parseDuration(since);
  const at = agoMs === undefined ? Date.parse(since) : Date.now() - agoMs;
  if (!Number.isNaN(at)) return at;
  const expected = 'a duration such as "10m", or a time such as "2026-11-21T03:00"';
  throw new HomeostatError("USAGE", `--since: expected ${expected}, got ${quote(since)}`);
}

function expressionOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    const expected = "a regular expression";
    const problem = `--grep: expected ${expected}, got ${quote(text)}: ${messageOf(error)}`;
    throw new HomeostatError("USAGE", problem);
  }
}

function printer({ json, time }: LogsOptions, width: number): (entry: Entry) => void {
  if (json) return (entry) => say(jsonOf(entry));
  return ({ name, at, level, lines }) => {
    const before = paintName(name, name.padEnd(width));
    const moment = time ? ` ${paint("dim", timeText(at))}` : "";
    for (const line of lines) {
      const text =
        level === "error" ? paint("bad", line) : level === "warn" ? paint("warn", line) : line;
      say(`${before}${moment} ${text}`);
    }
  };
}

/** One object a line; a line that is JSON itself is there as its message and fields. */
function jsonOf({ name, at, level, lines, message, fields }: Entry): string {
  return JSON.stringify({
    time: new Date(at).toISOString(),
    log: name,
    ...(level && { level }),
    text: lines.join("\n"),
    ...(message === undefined ? {} : { message }),
    ...(fields && { fields }),
  });
}

/** As the clock of this machine shows it: "2026-11-21 03:00:00.123". */
function timeText(at: number): string {
  const local = at - new Date(at).getTimezoneOffset() * 60_000;
  return new Date(local).toISOString().slice(0, -1).replace("T", " ");
}
