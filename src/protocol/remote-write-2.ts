// Reads Prometheus remote-write 2.0: an `io.prometheus.write.v2.Request`, whose texts stand in one table.
import type { Labels } from "../model/series.ts";
import { inside, readSample, types, type WriteVisitor } from "./remote-write.ts";
import { broken, type Cursor, cursorOf, skip, text, varint } from "./wire/cursor.ts";

/** Tags: the number of a field times 8, and how it is written. */
const [symbol, timeseries] = [34, 42];
const [refs, ref, sample, nativeHistogram, metadata] = [10, 8, 18, 26, 42];
const symbolsMax = 500_000;

/** @throws WIRE_SHAPE */
export function readWriteRequest2(bytes: Buffer, visitor: WriteVisitor): void {
  const it = cursorOf(bytes);
  const symbols: string[] = [];
  // The table may stand behind what refers to it.
  eachField(it, (tag) => {
    if (tag !== symbol) return skip(it, tag & 7);
    if (symbols.length >= symbolsMax) broken(it.at, "too many symbols");
    symbols.push(text(it));
  });
  it.at = 0;
  eachField(it, (tag) => {
    if (tag === timeseries) inside(it, () => readSeries(it, symbols, visitor));
    else skip(it, tag & 7);
  });
}

function eachField(it: Cursor, read: (tag: number) => void): void {
  while (it.at < it.end) read(varint(it));
}

function readSeries(it: Cursor, symbols: readonly string[], visitor: WriteVisitor): void {
  const start = it.at;
  const words: string[] = [];
  const word = (): void => {
    const at = varint(it);
    const found = symbols[at];
    if (found === undefined) broken(it.at, `symbol ${at}, of ${symbols.length}`);
    else words.push(found);
  };
  let type = 0;
  eachField(it, (tag) => {
    if (tag === refs) inside(it, () => eachWord(it, word));
    else if (tag === ref) word();
    else if (tag === metadata) inside(it, () => (type = typeIn(it)));
    else skip(it, tag & 7);
  });
  const labels = labelsOf(words);
  const kind = types[type] ?? "unknown";
  const family = familyOf(labels.__name__ ?? "", kind);
  if (family !== "" && kind !== "unknown") visitor.metadata(family, kind);
  visitor.series(words.map((it) => `${it.length}:${it}`).join(""), () => labels);
  it.at = start;
  eachField(it, (tag) => {
    if (tag === sample) readSample(it, visitor);
    else {
      skip(it, tag & 7);
      if (tag === nativeHistogram) visitor.histogram();
    }
  });
}

function eachWord(it: Cursor, word: () => void): void {
  while (it.at < it.end) word();
}

function labelsOf(words: readonly string[]): Labels {
  const labels: Record<string, string> = {};
  for (let i = 0; i + 1 < words.length; i += 2) labels[words[i] ?? ""] = words[i + 1] ?? "";
  return labels;
}

/** A type is said of each series; what others look for is that of the family. */
function familyOf(name: string, type: string): string {
  if (type !== "histogram" && type !== "summary") return name;
  return name.replace(/_(?:bucket|sum|count)$/, "");
}

function typeIn(it: Cursor): number {
  let type = 0;
  eachField(it, (tag) => {
    if (tag === 8) type = varint(it);
    else skip(it, tag & 7);
  });
  return type;
}
