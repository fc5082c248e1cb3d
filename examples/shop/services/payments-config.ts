// The config file of payments: what stands in it, and what is said when it is wrong.
import { readFileSync } from "node:fs";
import { basename } from "node:path";

export interface PaymentsConfig {
  readonly currency: string;
  readonly provider: { readonly name: string; readonly timeoutMs: number };
  /** The highest amount of one payment, in cents. */
  readonly limits: { readonly max: number };
}

export type Loaded =
  | { readonly text: string; readonly config: PaymentsConfig }
  /** `problem` is one line: file, path, expected, got. */
  | { readonly text: string | undefined; readonly problem: string };

const rules: readonly [path: string, expected: string, good: (value: unknown) => boolean][] = [
  ["currency", "three capital letters", (v) => typeof v === "string" && /^[A-Z]{3}$/.test(v)],
  ["provider.name", "a name", (v) => typeof v === "string" && v !== ""],
  ["provider.timeoutMs", "a number > 0", isPositive],
  ["limits.max", "a number > 0", isPositive],
];

export function loadConfig(file: string): Loaded {
  const name = basename(file);
  let text: string | undefined;
  try {
    text = readFileSync(file, "utf8");
    const json: unknown = JSON.parse(text);
    const problems = rules
      .filter(([path, , good]) => !good(at(json, path)))
      .map(([path, expected]) => `${path}: expected ${expected}, got ${shown(at(json, path))}`);
    if (problems.length > 0) return { text, problem: `${name}: ${problems.join("; ")}` };
    return { text, config: json as PaymentsConfig };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll("\n", " ") : String(error);
    return { text, problem: `${name}: ${reason}` };
  }
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && value > 0;
}

function at(json: unknown, path: string): unknown {
  let value = json;
  for (const key of path.split(".")) value = Object(value)[key];
  return value;
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
