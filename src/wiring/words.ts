// The words that problems of a config are told with: values, places and near misses.
import { formatDuration } from "../kernel/duration.ts";
import { messageOf } from "../kernel/errors.ts";

/** Where a value stands in a config: names of settings, and numbers for the entries of lists. */
export type At = readonly (string | number)[];

const shownMax = 60;

/** "services.web.dependsOn[0]"; a name that could be misread stands as `["a.b"]`. */
export function pathText(at: At): string {
  let text = "";
  for (const key of at) {
    if (typeof key === "number") text += `[${key}]`;
    else if (!/^[\w$-]+$/.test(key)) text += `[${quote(key)}]`;
    else text += text === "" ? key : `.${key}`;
  }
  return text;
}

/** Text in quotes, on one line, not longer than a person reads. */
export function quote(text: string): string {
  const cut = text.length > shownMax ? `${text.slice(0, shownMax - 1)}…` : text;
  return JSON.stringify(cut);
}

/** A value as a person would call it. Values inside of settings and lists are not shown. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (typeof value === "string") return quote(value);
  if (typeof value === "symbol") return value.description ?? "a symbol";
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  const keys = Object.keys(value);
  if (keys.length === 0) return "empty settings";
  const more = keys.length > 3 ? ", …" : "";
  return `settings (${keys
    .slice(0, 3)
    .map((key) => (/^[\w$-]{1,30}$/.test(key) ? key : quote(key)))
    .join(", ")}${more})`;
}

/** The first line of what was thrown; code in a config can throw what has no text at all. */
export function said(thrown: unknown): string {
  return messageOf(thrown).split("\n")[0] ?? "";
}

/** A duration as a config takes it: "1m30s". */
export function span(ms: number): string {
  if (ms === 0) return "0";
  return formatDuration(ms).replaceAll(" ", "").replace("min", "m");
}

/** "a, b or c". */
export function either(words: readonly string[]): string {
  return words.length < 2
    ? words.join("")
    : `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}

const comparedMax = 64;

/** The known word that `word` begins, or that is at most a third of its letters away from it. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > comparedMax) return undefined;
  const given = bare(word);
  const begins = (other: string): boolean => given.length > 2 && bare(other).startsWith(given);
  const ranked = known
    .map((other) => ({ other, away: begins(other) ? 1 : distance(given, bare(other)) }))
    .toSorted((a, b) => a.away - b.away);
  const best = ranked[0];
  return best && best.away <= Math.ceil(best.other.length / 3) ? best.other : undefined;
}

/** Case and separators are no difference: `depends_on` means `dependsOn`. */
function bare(word: string): string {
  return word.toLowerCase().replace(/(?<=\w)[-_](?=\w)/g, "");
}

/**
 * Edits between two words; two letters in the wrong order are one. Source: Damerau 1964, in the
 * restricted form ("optimal string alignment"), computed row by row.
 */
function distance(a: string, b: string): number {
  let above: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? (above[j - 2] ?? 0) + 1 : change;
      next.push(Math.min(change, swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    above = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
