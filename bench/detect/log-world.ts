// Logs whose templates are known: made-up services from a seed, and formats of tools as they are.
import type { Random } from "../../src/kernel/random.ts";

export interface LogLine {
  readonly text: string;
  /** Which template it is of. */
  readonly of: number;
}

/** Fills a template in: `{name}` is a value that changes. */
type Fill = (random: Random) => string;

const pick = <T>(random: Random, all: readonly T[]): T =>
  all[Math.floor(random() * all.length)] as T;
const whole = (random: Random, below: number): number => Math.floor(random() * below);
const hex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => whole(random, 16).toString(16)).join("");
const two = (value: number): string => String(value).padStart(2, "0");
const names =
  "alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy".split(" ");
const hosts = "db cache queue mail search auth billing cart stock".split(" ");

export const fills: Readonly<Record<string, Fill>> = {
  n: (random) => String(whole(random, 10 ** (1 + whole(random, 6)))),
  ms: (random) => `${(random() * 900).toFixed(whole(random, 3))}ms`,
  ip: (random) => `10.${whole(random, 255)}.${whole(random, 255)}.${whole(random, 255)}`,
  port: (random) => String(1_024 + whole(random, 60_000)),
  hex: (random) => hex(random, 8),
  uuid: (random) => [8, 4, 4, 4, 12].map((digits) => hex(random, digits)).join("-"),
  path: (random) => `/srv/${pick(random, hosts)}/${hex(random, 4)}/${pick(random, names)}.dat`,
  url: (random) => `https://${pick(random, hosts)}.example.com/v1/${whole(random, 999)}`,
  name: (random) => pick(random, names),
  host: (random) => `${pick(random, hosts)}-${whole(random, 20)}`,
  text: (random) => `"${pick(random, names)} ${pick(random, hosts)} ${whole(random, 99)}"`,
  iso: (random) =>
    `2026-11-21T${two(whole(random, 24))}:${two(whole(random, 60))}:07.${whole(random, 999)}Z`,
  clf: (random) => `21/Nov/2026:${two(whole(random, 24))}:${two(whole(random, 60))}:07 +0000`,
  slash: (random) => `2026/11/21 ${two(whole(random, 24))}:${two(whole(random, 60))}:07`,
  pg: (random) =>
    `2026-11-21 ${two(whole(random, 24))}:${two(whole(random, 60))}:07.${whole(random, 999)} UTC`,
};

const filled = (template: string, random: Random): string =>
  template.replace(/\{(\w+)\}/g, (all, name: string) => fills[name]?.(random) ?? all);

const verbs = "opened closed refused accepted dropped retried flushed merged skipped renewed".split(
  " ",
);
const things =
  "connection session order invoice cart worker batch lease snapshot segment token".split(" ");
const ends =
  "to {host}|for user {name}|after {ms}|from {ip}:{port}|with id {uuid}|at {path}|in {n} steps|as {text}|see {url}|by {hex}".split(
    "|",
  );
const levels = ["INFO", "INFO", "INFO", "WARN", "ERROR"];

/** Templates as developers write them, `count` of them. */
export function madeUp(count: number, random: Random): readonly string[] {
  const found = new Set<string>();
  while (found.size < count) {
    const tail = Array.from({ length: 1 + whole(random, 3) }, () => pick(random, ends)).join(" ");
    const head = `${pick(random, things)} ${pick(random, verbs)}`;
    found.add(`{iso} ${pick(random, levels)} ${pick(random, hosts)}: ${head} ${tail}`);
  }
  return [...found];
}

/** What nginx, PostgreSQL, Redis, Node.js and pino write, by their documentation and our own runs. */
export const ofTools: readonly string[] = [
  '{ip} - - [{clf}] "GET {path} HTTP/1.1" {n} {n} "-" "curl/8.5.0"',
  '{slash} [error] {n}#{n}: *{n} open() "{path}" failed (2: No such file or directory), client: {ip}, server: _, request: "GET {path} HTTP/1.1", host: "{ip}"',
  '{slash} [error] {n}#{n}: *{n} connect() failed (111: Connection refused) while connecting to upstream, client: {ip}, server: _, request: "GET {path} HTTP/1.1", upstream: "http://{ip}:{port}/", host: "{ip}"',
  '{slash} [error] {n}#{n}: *{n} upstream timed out (110: Connection timed out) while reading response header from upstream, client: {ip}, server: _, request: "GET {path} HTTP/1.1", upstream: "http://{ip}:{port}/", host: "{ip}"',
  "{slash} [notice] {n}#{n}: start worker process {n}",
  "{slash} [notice] {n}#{n}: signal {n} (SIGCHLD) received from {n}",
  "{slash} [warn] {n}#{n}: *{n} a client request body is buffered to a temporary file {path}, client: {ip}",
  "{pg} [{n}] LOG:  checkpoint starting: time",
  "{pg} [{n}] LOG:  checkpoint complete: wrote {n} buffers ({n}%); {n} WAL file(s) added, {n} removed",
  "{pg} [{n}] LOG:  duration: {n} ms  statement: select",
  '{pg} [{n}] ERROR:  relation "{name}" does not exist at character {n}',
  '{pg} [{n}] ERROR:  duplicate key value violates unique constraint "{name}_pkey"',
  '{pg} [{n}] FATAL:  password authentication failed for user "{name}"',
  "{pg} [{n}] FATAL:  sorry, too many clients already",
  "{pg} [{n}] LOG:  database system is ready to accept connections",
  "{n}:M 21 Nov 2026 10:00:{n} * Background saving started by pid {n}",
  "{n}:M 21 Nov 2026 10:00:{n} * Background saving terminated with success",
  "{n}:M 21 Nov 2026 10:00:{n} # WARNING overcommit_memory is set to 0!",
  "Error: connect ECONNREFUSED {ip}:{port}",
  "Error: ENOENT: no such file or directory, open '{path}'",
  "TypeError: Cannot read properties of undefined (reading '{name}')",
  "(node:{n}) MaxListenersExceededWarning: Possible EventEmitter memory leak detected. {n} close listeners added to [Socket].",
  '{"level":30,"time":17952{n},"pid":{n},"hostname":"{host}","reqId":"{uuid}","msg":"request completed","responseTime":{n}}',
  '{"level":50,"time":17952{n},"pid":{n},"hostname":"{host}","msg":"order {n} could not be paid: card declined"}',
];

/** Stack frames, which belong to the line before them. */
const frames = [
  "    at handle (/app/src/server.ts:10:5)",
  "    at process.processTicksAndRejections (node:internal)",
];

/** Lines of the templates; the first are the most frequent (Zipf). Errors of Node have their stack. */
export function linesOf(
  templates: readonly string[],
  count: number,
  random: Random,
  from = 0,
): readonly LogLine[] {
  const weights = templates.map((_, i) => 1 / (i + 1));
  const all = weights.reduce((sum, it) => sum + it, 0);
  const lines: LogLine[] = [];
  while (lines.length < count) {
    let left = random() * all;
    let of = 0;
    while (of < weights.length - 1 && left > (weights[of] ?? 0)) left -= weights[of++] ?? 0;
    lines.push({ text: filled(templates[of] ?? "", random), of: from + of });
    if (/^\w*Error: /.test(templates[of] ?? "")) {
      for (const text of frames) lines.push({ text, of: from + of });
    }
  }
  return lines;
}
