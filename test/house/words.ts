// Words that may not stand in a file: time and chance out of place, put-off work, machine names.
import { folderOf, isTest } from "./floors.ts";
import { type Import, lineAt } from "./scan.ts";
import type { SourceFile } from "./tree.ts";

export interface Found {
  readonly line: number;
  readonly message: string;
}

interface Word {
  readonly pattern: RegExp;
  readonly name: string;
}

/** Floors where real time, chance and the environment enter; from there they are passed on. */
const open = new Set(["kernel", "platforms", "cli"]);

/** A bare name or one of globalThis; `socket.setTimeout` is a method of its own. */
const timers = "(?<![.\\w$])(?:globalThis\\s*\\.\\s*)?";

const globals: readonly Word[] = [
  { name: "Date.now", pattern: /\bDate\s*\.\s*now\b/g },
  { name: "new Date()", pattern: /\bnew\s+Date\b(?!\s*\()|\bnew\s+Date\s*\(\s*\)/g },
  { name: "performance.now", pattern: /\bperformance\s*\.\s*now\b/g },
  { name: "process.hrtime", pattern: /\bprocess\s*\.\s*hrtime\b/g },
  { name: "AbortSignal.timeout", pattern: /\bAbortSignal\s*\.\s*timeout\b/g },
  { name: "setTimeout", pattern: new RegExp(`${timers}setTimeout\\b`, "g") },
  { name: "setInterval", pattern: new RegExp(`${timers}setInterval\\b`, "g") },
  { name: "setImmediate", pattern: new RegExp(`${timers}setImmediate\\b`, "g") },
  { name: "Math.random", pattern: /\bMath\s*\.\s*random\b/g },
  { name: "process.env", pattern: /\bprocess\s*\.\s*env\b/g },
];

/** Time that is read or waited for outside the floors that may; `code` is the blanked text. */
export function bannedGlobals(
  path: string,
  code: string,
  imports: readonly Import[],
): readonly Found[] {
  const folder = folderOf(path);
  if (!path.startsWith("src/") || isTest(path)) return [];
  if (folder !== undefined && open.has(folder)) return [];
  const found = globals
    .filter(({ name }) => folder !== "testing" || name !== "setImmediate")
    .flatMap((word) =>
      occurrences(code, word, (name) => `${name}: take a Clock or Random instead`),
    );
  const modules = imports.filter(({ specifier }) => /^(node:)?timers(\/|$)/.test(specifier));
  return [
    ...found,
    ...modules.map(({ specifier, line }) => ({
      line,
      message: `${specifier}: take a Clock instead`,
    })),
  ];
}

/** The words are put together here so that this file does not hold them itself. */
const putOff: readonly Word[] = [
  "TO" + "DO",
  "FIX" + "ME",
  "@ts-" + "ignore",
  "@ts-" + "nocheck",
].map((name) => ({ name, pattern: new RegExp(`${/^\w/.test(name) ? "\\b" : ""}${name}\\b`, "g") }));

/** Work that was put off, and types that were silenced. */
export function putOffWords({ text }: SourceFile, code: string): readonly Found[] {
  return [
    ...putOff.flatMap((word) => occurrences(text, word, (name) => `${name}: do it or leave it`)),
    ...occurrences(
      code,
      { name: "as any", pattern: /\bas\s+any\b/g },
      (name) => `${name}: say the type`,
    ),
  ];
}

const machine: readonly Word[] = [
  { name: "a path of one machine", pattern: /(?<![\w.@-])\/(?:work|home|root)\//g },
  {
    name: "the host name of a registry",
    pattern: /\bregistry\.(?:npmjs\.org|yarnpkg\.com|npmmirror\.com)|\bnpmjs\.org\b/g,
  },
];

/** Names that are true on one machine only; a lockfile names no place to download from. */
export function machineNames({ path, text }: SourceFile): readonly Found[] {
  const found = machine.flatMap((word) => occurrences(text, word, (name) => name));
  if (!path.endsWith("package-lock.json")) return found;
  const address = { name: "an address in `resolved`", pattern: /"resolved":\s*"[a-z+]+:\/\//g };
  return [...found, ...occurrences(text, address, (name) => `${name}: see .npmrc`)];
}

function occurrences(
  text: string,
  { pattern, name }: Word,
  say: (name: string) => string,
): readonly Found[] {
  return [...text.matchAll(pattern)].map((match) => ({
    line: lineAt(text, match.index),
    message: say(name),
  }));
}
