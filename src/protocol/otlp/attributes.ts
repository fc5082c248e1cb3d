// Attributes of OTLP, from JSON or from the bytes of protobuf: their key, and their names with values.
import type { Labels } from "../../model/series.ts";
import {
  broken,
  type Cursor,
  cursorOf,
  double,
  enter,
  signed,
  skip,
  text,
  varint,
} from "../wire/cursor.ts";

const depthMax = 8;

/** The same text for the same attributes in the same order; for nothing else. */
export function keyOf(attributes: unknown): string {
  if (typeof attributes === "string") return attributes;
  if (!Array.isArray(attributes)) return "";
  let key = "";
  for (const it of attributes as readonly { key?: unknown; value?: { stringValue?: unknown } }[]) {
    const name = String(it?.key);
    const plain = it?.value?.stringValue;
    const value = typeof plain === "string" ? `s${plain}` : `j${JSON.stringify(it?.value)}`;
    key += `${name.length}:${name}${value.length}:${value}`;
  }
  return key;
}

/** Names with values as text. @throws WIRE_SHAPE */
export function labelsIn(attributes: unknown): Labels {
  const labels: Record<string, string> = {};
  if (typeof attributes === "string") {
    const it = cursorOf(Buffer.from(attributes, "latin1"));
    while (it.at < it.end) {
      varint(it);
      pair(it, labels, 0);
    }
    return labels;
  }
  if (!Array.isArray(attributes)) return labels;
  for (const it of attributes as readonly { key?: unknown; value?: unknown }[]) {
    labels[String(it?.key)] = wordOf(it?.value, 0);
  }
  return labels;
}

/** A value such as the body of a log line. @throws WIRE_SHAPE */
export function textOf(value: unknown): string {
  if (typeof value !== "string") return wordOf(value, 0);
  if (value === "") return "";
  const it = cursorOf(Buffer.from(value, "latin1"));
  varint(it);
  return inside(it, (inner) => String(plain(any(inner, 0))));
}

function inside<T>(it: Cursor, read: (it: Cursor) => T): T {
  const outer = enter(it);
  const value = read(it);
  it.at = it.end;
  it.end = outer;
  return value;
}

/** KeyValue: key 1, value 2. */
function pair(it: Cursor, into: Record<string, unknown>, depth: number): void {
  inside(it, () => {
    let name = "";
    let value: unknown = "";
    while (it.at < it.end) {
      const tag = varint(it);
      if (tag === 10) name = text(it);
      else if (tag === 18) value = inside(it, () => any(it, depth));
      else skip(it, tag & 7);
    }
    into[name] = depth === 0 ? plain(value) : value;
  });
}

function plain(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
}

/** AnyValue: text 1, bool 2, int 3, double 4, list 5, map 6, bytes 7. */
function any(it: Cursor, depth: number): unknown {
  if (depth > depthMax) broken(it.at, `values more than ${depthMax} deep`);
  let value: unknown = "";
  while (it.at < it.end) {
    const tag = varint(it);
    if (tag === 10) value = text(it);
    else if (tag === 16) value = varint(it) !== 0;
    else if (tag === 24) value = signed(it);
    else if (tag === 33) value = double(it);
    else if (tag === 42) value = inside(it, () => listIn(it, depth + 1));
    else if (tag === 50) value = inside(it, () => mapIn(it, depth + 1));
    else if (tag === 58) value = inside(it, () => it.bytes.toString("base64", it.at, it.end));
    else skip(it, tag & 7);
  }
  return value;
}

function listIn(it: Cursor, depth: number): readonly unknown[] {
  const values: unknown[] = [];
  while (it.at < it.end) {
    const tag = varint(it);
    if (tag === 10) values.push(inside(it, () => any(it, depth)));
    else skip(it, tag & 7);
  }
  return values;
}

function mapIn(it: Cursor, depth: number): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  while (it.at < it.end) {
    const tag = varint(it);
    if (tag === 10) pair(it, values, depth);
    else skip(it, tag & 7);
  }
  return values;
}

/** An AnyValue of JSON: `{ "stringValue": "…" }`. */
function wordOf(value: unknown, depth: number): string {
  return plain(bare(value, depth));
}

function bare(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth > depthMax) return "";
  const it = value as Readonly<Record<string, unknown>>;
  const direct = it.stringValue ?? it.intValue ?? it.boolValue ?? it.doubleValue ?? it.bytesValue;
  if (direct !== undefined) return typeof direct === "object" ? "" : direct;
  const { values: items } = (it.arrayValue ?? {}) as { readonly values?: unknown };
  if (Array.isArray(items)) return items.map((item) => bare(item, depth + 1));
  const { values: pairs } = (it.kvlistValue ?? {}) as { readonly values?: unknown };
  if (!Array.isArray(pairs)) return "";
  const known = pairs as readonly { readonly key?: unknown; readonly value?: unknown }[];
  return Object.fromEntries(known.map((each) => [String(each?.key), bare(each?.value, depth + 1)]));
}
