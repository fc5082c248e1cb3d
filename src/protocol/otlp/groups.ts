// The three requests of OTLP/HTTP: read from a body of either encoding, and answered in the same.
import { HomeostatError } from "../../kernel/errors.ts";
import { cursorOf } from "../wire/cursor.ts";
import { readMessage, type Shape } from "../wire/message.ts";
import type { Group, LogRecord, Metric, Span } from "./request.ts";
import { logsRequest, metricsRequest, tracesRequest } from "./shapes.ts";

export type Encoding = "json" | "protobuf";

interface Signal {
  readonly shape: Shape;
  /** Names of the three lists inside each other. */
  readonly lists: readonly [string, string, string];
}

const signals = {
  metrics: { shape: metricsRequest, lists: ["resourceMetrics", "scopeMetrics", "metrics"] },
  traces: { shape: tracesRequest, lists: ["resourceSpans", "scopeSpans", "spans"] },
  logs: { shape: logsRequest, lists: ["resourceLogs", "scopeLogs", "logRecords"] },
} as const satisfies Record<string, Signal>;

/** @throws WIRE_SHAPE */
export function readMetrics(body: Buffer, encoding: Encoding): readonly Group<Metric>[] {
  return groups<Metric>(body, encoding, signals.metrics);
}

/** @throws WIRE_SHAPE */
export function readTraces(body: Buffer, encoding: Encoding): readonly Group<Span>[] {
  return groups<Span>(body, encoding, signals.traces);
}

/** @throws WIRE_SHAPE */
export function readLogs(body: Buffer, encoding: Encoding): readonly Group<LogRecord>[] {
  return groups<LogRecord>(body, encoding, signals.logs);
}

/** `lists` says what the items are: what they hold is looked at by whoever uses it. */
function groups<Item extends object>(
  body: Buffer,
  encoding: Encoding,
  signal: Signal,
): readonly Group<Item>[] {
  const { shape, lists } = signal;
  const [outer, middle, inner] = lists;
  const request = encoding === "json" ? parse(body) : readMessage(cursorOf(body), shape);
  return listAt(request, outer).map((resource) => ({
    attributes: attributesOf(resource),
    items: listAt(resource, middle).flatMap((scope) => listAt(scope, inner)) as readonly Item[],
  }));
}

function attributesOf(resource: object): unknown {
  const { resource: own } = resource as { readonly resource?: unknown };
  if (typeof own !== "object" || own === null) return "";
  return (own as { readonly attributes?: unknown }).attributes;
}

function parse(body: Buffer): object {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new HomeostatError("WIRE_SHAPE", "expected a body of JSON", { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new HomeostatError("WIRE_SHAPE", "expected an object of JSON");
}

/** A list that is absent is empty; every entry is an object. @throws WIRE_SHAPE */
export function listAt<T extends object = object>(of: object, name: string): readonly T[] {
  const value = (of as Readonly<Record<string, unknown>>)[name];
  if (value === undefined || value === null) return [];
  const items: readonly unknown[] | undefined = Array.isArray(value) ? value : undefined;
  if (items?.every(isObject)) return items as readonly T[];
  throw new HomeostatError("WIRE_SHAPE", `${name}: expected a list of objects`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

const refusedNames = {
  metrics: "rejectedDataPoints",
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
} as const;

export type SignalName = keyof typeof refusedNames;

/** The answer to a request that was taken; what of it was refused stands in `partial_success`. */
export function answerOf(
  signal: SignalName,
  encoding: Encoding,
  refused: number,
  why: string,
): Buffer {
  if (encoding === "json") {
    const partial = { [refusedNames[signal]]: String(refused), errorMessage: why };
    return Buffer.from(refused > 0 ? JSON.stringify({ partialSuccess: partial }) : "{}");
  }
  if (refused === 0) return Buffer.alloc(0);
  const partial = [0x08, ...varintOf(refused), ...textField(2, why)];
  return Buffer.from([0x0a, ...varintOf(partial.length), ...partial]);
}

/** `google.rpc.Status`: what an answer of 4xx or 5xx holds. */
export function failureOf(encoding: Encoding, message: string): Buffer {
  if (encoding === "json") return Buffer.from(JSON.stringify({ message }));
  return Buffer.from(textField(2, message));
}

function textField(number: number, value: string): readonly number[] {
  const bytes = Buffer.from(value.slice(0, 1_000));
  return [number * 8 + 2, ...varintOf(bytes.length), ...bytes];
}

function varintOf(value: number): readonly number[] {
  const bytes: number[] = [];
  let left = value;
  while (left >= 128) {
    bytes.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  return [...bytes, left];
}
