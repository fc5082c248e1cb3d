// Values of a supervisord.conf: commands that name variables of the environment, and lists of pairs.
import { commandOf } from "./draft.ts";
import { shellWords } from "./words.ts";

/** Stands for a variable of the environment until it is known where it is used. */
const mark = "\uE000";

export function marked(name: string): string {
  return `${mark}${name}${mark}`;
}

const variables = /\uE000([^\uE000]*)\uE000/g;

export function isMarked(text: string): boolean {
  return text.includes(mark);
}

/** `text` with the values that the variables have now. */
export function envVariable(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return text.replace(variables, (_, name: string) => env[name] ?? "");
}

/**
 * Its words, as supervisord splits them without a shell. One that names variables becomes a line
 * for a shell that looks them up at each start.
 */
export function commandText(line: string, notes: string[]): string | readonly string[] {
  const words = shellWords(line.replaceAll("\n", " "));
  if (!words) {
    notes.push("its command has a quote that does not end");
    return line;
  }
  if (!isMarked(line)) return commandOf(words);
  return `exec ${words.map(shellWord).join(" ")}`;
}

function shellWord(word: string): string {
  const parts = word.split(variables);
  // Every second part is the name of a variable.
  const quoted = parts.map((part, i) => (i % 2 === 1 ? `"$${part}"` : quotedPart(part)));
  return quoted.join("") || "''";
}

function quotedPart(text: string): string {
  if (text === "" || /^[\w@%+=:,./${}-]+$/.test(text.replace(/\$(?!\{)/g, "'"))) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `A="1",B=two` as pairs; what is none is left out. */
export function readPairs(text: string): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  const pattern = /\s*([\w.-]+)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^,]*)\s*(?:,|$)/gs;
  for (const [, name = "", raw = ""] of text.matchAll(pattern)) {
    const value = /^["']/.test(raw) ? (shellWords(raw)?.[0] ?? raw) : raw.trim();
    pairs.push([name, value]);
  }
  return pairs;
}
