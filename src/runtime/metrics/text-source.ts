// Families out of Prometheus text, so that whatever can already say its figures is shown beside ours.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Family, FamilyType, MetricsSource, Sample } from "./family.ts";

const longest = 16 * 1_024 * 1_024;

const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\.)*"';
const sampleLine = new RegExp(
  `^([a-zA-Z_:][a-zA-Z0-9_:]*)\\s*(?:\\{\\s*((?:${label}\\s*,\\s*)*(?:${label})?)\\s*\\})?\\s*(\\S+)(?:\\s+-?\\d+)?\\s*$`,
  "s",
);

/**
 * A source that gives text in format 0.0.4, such as `metricsText(policies.list())` or the
 * `metrics()` of a prom-client registry. Time stamps of samples are left out.
 */
export function textSource(name: string, read: () => string | Promise<string>): MetricsSource {
  return { name, families: async () => familiesOf(await read()) };
}

interface Making {
  readonly name: string;
  type: FamilyType;
  help: string;
  readonly samples: Sample[];
}

/** The families of a text in format 0.0.4. Throws a Protocol error that names a line it cannot read. */
export function familiesOf(text: string): readonly Family[] {
  if (text.length > longest) throw unreadable(0, `more than ${longest} characters`);
  const families = new Map<string, Making>();
  const familyOf = (name: string): Making => {
    const made = families.get(name) ?? { name, type: "unknown", help: "", samples: [] };
    families.set(name, made);
    return made;
  };
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    if (line.startsWith("#")) {
      comment(line, familyOf);
      continue;
    }
    const found = sampleLine.exec(line);
    const value = numberOf(found?.[3] ?? "");
    if (!found || value === undefined) throw unreadable(index + 1, line.slice(0, 100));
    const [, name = "", labels = ""] = found;
    const home = homeOf(name, families) ?? familyOf(name);
    home.samples.push({
      suffix: name.slice(home.name.length),
      labels: labels.replace(/\s*,\s*$/, ""),
      value,
    });
  }
  return [...families.values()];
}

function comment(line: string, familyOf: (name: string) => Making): void {
  const [, kind, name = "", rest = ""] = /^#\s+(HELP|TYPE)\s+(\S+)\s?(.*)$/s.exec(line) ?? [];
  if (kind === "HELP") familyOf(name).help = unescaped(rest);
  if (kind === "TYPE") familyOf(name).type = typeOf(rest.trim());
}

function typeOf(word: string): FamilyType {
  switch (word) {
    case "counter":
    case "gauge":
    case "histogram":
    case "summary":
      return word;
    default:
      return "unknown";
  }
}

/** The family that a sample such as `x_bucket` is a part of. */
function homeOf(name: string, families: ReadonlyMap<string, Making>): Making | undefined {
  const stem = name.replace(/_(?:bucket|sum|count)$/, "");
  const family = families.get(stem);
  const parts = family?.type === "histogram" || family?.type === "summary";
  return parts ? family : families.get(name);
}

function numberOf(text: string): number | undefined {
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (word?.[2]?.toLowerCase() === "nan") return Number.NaN;
  if (word) return word[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(n|\\)/g, (_all, char: string) => (char === "n" ? "\n" : "\\"));
}

function unreadable(line: number, what: string): HomeostatError {
  return new HomeostatError("WIRE_SHAPE", `metrics text, line ${line}: cannot read ${what}`);
}
