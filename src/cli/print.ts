// How the terminal looks: tables that align, colours only where they can be seen.
import { stdout } from "node:process";
import { stripVTControlCharacters, styleText } from "node:util";

export type Tone = "good" | "bad" | "warn" | "dim" | "bold" | "accent";

const styles = {
  good: "green",
  bad: "red",
  warn: "yellow",
  dim: "dim",
  bold: "bold",
  accent: "cyan",
} as const;

/** NO_COLOR and a pipe both mean plain text. */
export function paint(tone: Tone, text: string, to: { isTTY?: boolean } = stdout): string {
  return isPlain(to) ? text : styleText(styles[tone], text, { validateStream: false });
}

function isPlain(to: { isTTY?: boolean }): boolean {
  return to.isTTY !== true || (process.env.NO_COLOR ?? "") !== "";
}

const hues = [
  ...(["cyan", "green", "yellow", "magenta", "blue"] as const),
  ...(["cyanBright", "greenBright", "yellowBright", "magentaBright", "blueBright"] as const),
];

/** A name in a colour of its own, the same each time. */
export function paintName(name: string, text: string = name): string {
  if (isPlain(stdout)) return text;
  let sum = 0;
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521;
  return styleText(hues[sum % hues.length] ?? "cyan", text, { validateStream: false });
}

export function say(line = ""): void {
  stdout.write(`${line}\n`);
}

export function sayJson(value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Columns as wide as their widest cell; the last one is never padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) =>
        i === row.length - 1 ? cell : cell + " ".repeat((widths[i] ?? 0) - width(cell)),
      )
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Breaks at blanks so that no line is longer than `columns`. */
export function wrap(text: string, columns: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > columns) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, indent + line].join("\n");
}

/** At most so many columns; what colours it stays whole. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let left = columns - 1;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that colour begin with it
  const parts = text.match(/\u001b\[[0-9;]*m|[^\u001b]/gsu) ?? [];
  const kept = parts.filter((part) => part.startsWith("\u001b") || left-- > 0);
  const last = kept.findLastIndex((part) => !part.startsWith("\u001b"));
  return kept.toSpliced(last + 1, 0, "…").join("");
}
