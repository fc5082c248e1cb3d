// `homeostat logs`: the last lines of each instance, and then what comes.
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { lastLines } from "../../wiring/capture.ts";
import { nearest, quote } from "../../wiring/words.ts";
import { type GlobalOptions, whereIs } from "../context.ts";
import { paint, say, sayJson } from "../print.ts";
import { wholeOption } from "../usage.ts";

export interface LogsOptions extends GlobalOptions {
  readonly lines?: string;
  readonly follow?: boolean;
}

const linesMax = 100_000;
const pollMs = 200;
const chunkBytes = 65_536;

export async function logs(service: string | undefined, options: LogsOptions): Promise<void> {
  const count = wholeOption("--lines", options.lines ?? "20", 0, linesMax);
  const files = find(join(whereIs(options).state, "logs"), service);
  const tails = files.map(({ name, path }) => ({ name, lines: lastLines(path, count) }));
  if (options.json) return sayJson(tails);
  const width = Math.max(...files.map(({ name }) => name.length));
  const print = (name: string, line: string): void =>
    say(`${paint("accent", name.padEnd(width))} ${line}`);
  for (const { name, lines } of tails) for (const line of lines) print(name, line);
  if (options.follow) await follow(files, print);
}

interface LogFile {
  readonly name: string;
  readonly path: string;
}

/** A service, one of its instances ("web/1" or "web-1"), or all. */
function find(folder: string, service: string | undefined): readonly LogFile[] {
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".log"))
        .map((file) => file.slice(0, -".log".length))
        .toSorted()
    : [];
  const ofService = (name: string): string => name.replace(/-\d+$/, "");
  const wanted = names.filter((name) => {
    if (service === undefined || name === service.replace("/", "-")) return true;
    return name !== ofService(name) && ofService(name) === service;
  });
  if (wanted.length > 0) return wanted.map((name) => ({ name, path: join(folder, `${name}.log`) }));
  const known = [...new Set(names.map(ofService))];
  if (known.length === 0) {
    throw new HomeostatError(
      "DAEMON_ABSENT",
      "there are no logs: no daemon ever ran for this folder",
    );
  }
  const near = nearest(service ?? "", known);
  const meant = near === undefined ? `one of ${known.join(", ")}` : quote(near);
  throw new HomeostatError("UNKNOWN_ID", `logs: expected ${meant}, got ${quote(service ?? "")}`);
}

/** Whole lines only; a file that became shorter was rotated and is read from its start. */
async function follow(
  files: readonly LogFile[],
  print: (name: string, line: string) => void,
): Promise<never> {
  const seen = new Map(files.map(({ path }) => [path, { at: statSync(path).size, rest: "" }]));
  for (;;) {
    for (const { name, path } of files) {
      const { size } = statSync(path);
      const held = seen.get(path) ?? { at: 0, rest: "" };
      const from = size < held.at ? 0 : held.at;
      const text = held.rest + readFrom(path, from, Math.min(size - from, chunkBytes));
      const lines = text.split("\n");
      const rest = lines.pop() ?? "";
      for (const line of lines) print(name, line);
      seen.set(path, { at: Math.min(size, from + chunkBytes), rest });
    }
    await systemClock.sleep(pollMs);
  }
}

function readFrom(path: string, from: number, length: number): string {
  if (length <= 0) return "";
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(length);
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, length, from));
  } finally {
    closeSync(file);
  }
}
