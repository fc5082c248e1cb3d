// Reads what a scrape answers: Prometheus text 0.0.4, and OpenMetrics 1.0 text.
import { HomeostatError } from "../kernel/errors.ts";
import type { Labels } from "../model/series.ts";
import type { MetricType } from "./remote-write.ts";

export interface ExpositionVisitor {
  /** The name of the family: a counter's is without `_total` in OpenMetrics. */
  type(family: string, type: MetricType): void;
  /** `key` is the series as it is written; `unixMs` is absent where the moment of the scrape is meant. */
  sample(key: string, labels: () => Labels, value: number, unixMs: number | undefined): void;
}

const types: ReadonlyMap<string, MetricType> = new Map([
  ["counter", "counter"],
  ["gauge", "gauge"],
  ["histogram", "histogram"],
  ["summary", "summary"],
  ["info", "gauge"],
  ["stateset", "gauge"],
]);

function broken(line: number, why: string): never {
  throw new HomeostatError("WIRE_SHAPE", `line ${line}: ${why}`);
}

/** @throws WIRE_SHAPE naming the line; OpenMetrics without its `# EOF` was cut off. */
export function readExposition(text: string, isOpen: boolean, visitor: ExpositionVisitor): void {
  let [from, line, isOver] = [0, 0, false];
  while (from < text.length) {
    const found = text.indexOf("\n", from);
    const to = found < 0 ? text.length : found;
    line += 1;
    if (isOver) broken(line, "text after # EOF");
    if (text[from] === "#") {
      const comment = text.slice(from, to);
      const [, family = "", type = ""] = /^#[ \t]+TYPE[ \t]+(\S+)[ \t]+(\S+)/.exec(comment) ?? [];
      if (family !== "") visitor.type(family, types.get(type) ?? "unknown");
      else if (isOpen && comment === "# EOF") isOver = true;
    } else if (to > from) {
      readSample(text.slice(from, to).trimStart(), line, isOpen, visitor);
    }
    from = to + 1;
  }
  if (isOpen && !isOver) broken(line, "it ends without # EOF");
}

function readSample(text: string, line: number, isOpen: boolean, visitor: ExpositionVisitor): void {
  const end = seriesEnd(text);
  if (end < 0) {
    if (text.trim() !== "") broken(line, "expected a series and its value");
    return;
  }
  const key = text.slice(0, end).trim();
  const rest = text.slice(end);
  // An exemplar stands after the value and its time.
  const [said = "", moment] = (isOpen ? (rest.split(" # ", 1)[0] ?? "") : rest).trim().split(/\s+/);
  const value = numberIn(said);
  if (value === undefined)
    broken(line, `expected a number, got ${JSON.stringify(said.slice(0, 40))}`);
  const at = moment === undefined ? undefined : numberIn(moment);
  if (moment !== undefined && at === undefined) broken(line, "expected a time after the value");
  visitor.sample(
    key,
    () => labelsIn(key, line),
    value,
    at === undefined ? undefined : isOpen ? at * 1_000 : at,
  );
}

/** Where the name and labels of a series end, quotes and what they hold passed over. */
function seriesEnd(text: string): number {
  const head = /^[^\s{]+[ \t]*(?=\{)/.exec(text);
  if (!head) return text.search(/[ \t]/);
  const brace = head[0].length;
  let isQuoted = false;
  for (let i = brace; i < text.length; i++) {
    const sign = text.charCodeAt(i);
    if (sign === 92) i += 1;
    else if (sign === 34) isQuoted = !isQuoted;
    else if (sign === 125 && !isQuoted) return i + 1;
  }
  return -1;
}

/** As Go reads a float, without its hexadecimal form. */
function numberIn(text: string): number | undefined {
  if (/^[+-]?\d*\.?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i.test(text) || /^[+-]?\d+\.$/.test(text)) {
    return Number(text);
  }
  const word = text.toLowerCase();
  if (word === "nan") return Number.NaN;
  const [, sign] = /^([+-]?)inf(?:inity)?$/.exec(word) ?? [];
  if (sign === undefined) return undefined;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

const pair = /\s*([A-Za-z_:][\w:.]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/y;

function labelsIn(key: string, line: number): Labels {
  const brace = key.indexOf("{");
  const metric = (brace < 0 ? key : key.slice(0, brace)).trim();
  if (!/^[A-Za-z_:][\w:]*$/.test(metric)) broken(line, "expected the name of a metric");
  const labels: Record<string, string> = { __name__: metric };
  if (brace < 0) return labels;
  const inner = key.slice(brace + 1, -1).trim();
  pair.lastIndex = 0;
  while (pair.lastIndex < inner.length) {
    const found = pair.exec(inner);
    if (!found) return broken(line, 'expected labels such as a="1",b="2"');
    const [, name = "", value = ""] = found;
    labels[name] = value.replace(/\\(.)/gs, (_, sign: string) => (sign === "n" ? "\n" : sign));
  }
  return labels;
}
