// Problems of a config: where, what was expected, what was found; and all of them in one message.
import { HomeostatError } from "../kernel/errors.ts";
import { type At, pathText } from "./words.ts";

/** A problem while it is looked for: its place is still a list of keys. */
export interface Finding {
  readonly at: At;
  readonly expected: string;
  readonly got: string;
}

/** A problem as it is told, and as `details` of the error carry it. */
export interface Problem {
  /** "services.web.replicas", "homeostat.yaml:3:7"; empty for the whole file. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

const toldMax = 100;

/** One problem a place, in the order of the file; a setting that is missing comes first. */
export function inOrder(findings: readonly Finding[], config: unknown): readonly Problem[] {
  const ranked = findings.map((finding) => ({ finding, rank: rankOf(finding.at, config) }));
  const sorted = ranked.toSorted((a, b) => compare(a.rank, b.rank));
  const byPath = new Map<string, Problem>();
  for (const { finding } of sorted) {
    const { at, expected, got } = finding;
    const path = pathText(at);
    if (!byPath.has(path)) byPath.set(path, { path, expected, got });
  }
  return [...byPath.values()];
}

function rankOf(at: At, config: unknown): readonly number[] {
  let value = config;
  return at.map((key) => {
    const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
    const rank = keys.indexOf(String(key));
    value = rank < 0 ? undefined : (value as Readonly<Record<string, unknown>>)[key];
    return rank;
  });
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const by = (a[i] ?? 0) - (b[i] ?? 0);
    if (by !== 0) return by;
  }
  return a.length - b.length;
}

/** One error that lists every problem, aligned; `advice` is a last line of its own. */
export function configInvalid(
  file: string,
  problems: readonly Problem[],
  advice?: string,
): HomeostatError {
  const named = problems.slice(0, toldMax).map((it) => ({ ...it, path: it.path || "the file" }));
  const width = Math.max(...named.map(({ path }) => path.length));
  const lines = named.map(
    ({ path, expected, got }) => `  ${path.padEnd(width)}  expected ${expected}, got ${got}`,
  );
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const untold = problems.length - named.length;
  const more = untold > 0 ? [`  … and ${untold} more`] : [];
  const end = advice === undefined ? [] : [advice];
  const message = [`${file} has ${count}:`, ...lines, ...more, ...end].join("\n");
  return new HomeostatError("CONFIG_INVALID", message, { details: problems });
}

/** For a file that is no config yet: each path is a place in it. */
export function configUnreadable(problems: readonly Problem[], cause?: unknown): HomeostatError {
  const lines = problems.map(
    ({ path, expected, got }) => `${path}: expected ${expected}, got ${got}`,
  );
  return new HomeostatError("CONFIG_UNREADABLE", lines.join("\n"), { details: problems, cause });
}
