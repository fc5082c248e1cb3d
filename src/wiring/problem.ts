// Problems of a config: where, what was expected, what was found; and all of them in one message.
import type { z } from "zod";
import { HomeostatError } from "../kernel/errors.ts";
import { configJsonSchema } from "./schema.ts";

export interface Problem {
  /** "services.web.replicas"; empty for the whole file. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/** One error that lists every problem, aligned, in the order of the file. */
export function configInvalid(file: string, problems: readonly Problem[]): HomeostatError {
  const width = Math.max(...problems.map((problem) => problem.path.length));
  const lines = problems.map(({ path, expected, got }) => {
    return `  ${path.padEnd(width)}  expected ${expected}, got ${got}`;
  });
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const message = [`${file} has ${count}:`, ...lines].join("\n");
  return new HomeostatError("CONFIG_INVALID", message, { details: problems });
}

/** What zod found, in our words. */
export function toProblems(issues: readonly z.core.$ZodIssue[], root: unknown): readonly Problem[] {
  return issues.flatMap((issue) => toProblem(issue, root));
}

function toProblem(issue: z.core.$ZodIssue, root: unknown): readonly Problem[] {
  const path = issue.path.map(String);
  const value = at(root, path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const known = keysAt(path);
      const near = nearest(key, known);
      const hint = near === undefined ? `one of ${known.join(", ")}` : `"${near}"`;
      return { path: [...path, key].join("."), expected: hint, got: `the unknown key "${key}"` };
    });
  }
  if (issue.code === "invalid_key") {
    const key = path.at(-1) ?? "";
    const wanted = issue.issues[0]?.message ?? "a valid name";
    return [{ path: path.join("."), expected: wanted, got: `"${key}"` }];
  }
  return [{ path: path.join("."), expected: expectation(issue), got: show(value) }];
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeNames[issue.expected] ?? `a ${issue.expected}`;
    case "too_small":
      return issue.origin === "array"
        ? `at least ${issue.minimum} entries`
        : issue.origin === "string"
          ? `at least ${issue.minimum} characters`
          : `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `at most ${issue.maximum}`;
    case "invalid_value":
      return `one of ${issue.values.map((value) => show(value)).join(", ")}`;
    case "invalid_format":
      return "pattern" in issue && issue.format === "regex"
        ? issue.message
        : `text that begins with "${"prefix" in issue ? issue.prefix : ""}"`;
    case "invalid_union":
      return unionText(issue);
    default:
      return issue.message;
  }
}

function unionText(issue: Extract<z.core.$ZodIssue, { code: "invalid_union" }>): string {
  const texts = issue.errors.flat().map((inner) => expectation(inner));
  return [...new Set(texts)].join(" or ");
}

const typeNames: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "text",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
};

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function at(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return value;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** The keys that the schema knows at `path`. */
function keysAt(path: readonly string[]): readonly string[] {
  let schema = configJsonSchema() as JsonSchema | undefined;
  for (const key of path) {
    const more = schema?.additionalProperties;
    schema = schema?.properties?.[key] ?? (typeof more === "object" ? more : undefined);
  }
  return Object.keys(schema?.properties ?? {});
}

/** The known word that is at most a third of its letters away from `word`. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((other) => ({ other, away: distance(word.toLowerCase(), other.toLowerCase()) }))
    .toSorted((a, b) => a.away - b.away);
  const best = ranked[0];
  return best && best.away <= Math.max(1, Math.ceil(best.other.length / 3))
    ? best.other
    : undefined;
}

/** Edits between two words. Source: Levenshtein 1966, computed row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
