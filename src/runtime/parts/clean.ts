// Turns any value into what JSON can carry: bounded, without circles, secrets masked.
import type { Fields } from "../../kernel/log.ts";
import { isSecretAddress, isSecretName, type Mask, maskAddress, masked } from "./mask.ts";

/** Text, number, boolean, null, or lists and objects of these: what JSON can carry. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [name: string]: Plain };

const deepest = 6;
const mostNodes = 1_000;
const mostEntries = 50;
const longestChain = 5;

interface Walk {
  readonly mask: Mask;
  /** The objects on the way from the root: one that comes again is a circle. */
  readonly path: unknown[];
  nodes: number;
}

/** The fields as plain values; what a value throws when it is looked at stands in its place. */
export function cleanFields(fields: Fields, mask: Mask): Readonly<Record<string, Plain>> {
  const walk: Walk = { mask, path: [], nodes: 0 };
  return entriesOf(Object.entries(fields), walk);
}

function clean(value: unknown, walk: Walk): Plain {
  walk.nodes += 1;
  if (walk.nodes > mostNodes) return "[too much]";
  switch (typeof value) {
    case "string":
      return walk.mask.text(value);
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "object":
      return value === null ? null : guarded(value, walk);
    case "function":
      return `[function ${walk.mask.text(value.name || "without a name")}]`;
    default:
      // undefined, bigint, symbol
      return walk.mask.text(String(value));
  }
}

function guarded(value: object, walk: Walk): Plain {
  if (walk.path.includes(value)) return "[circular]";
  if (walk.path.length >= deepest + longestChain) return "[too deep]";
  walk.path.push(value);
  try {
    return object(value, walk);
  } catch {
    // A getter or a proxy of somebody else: a log is not where that should come up.
    return "[unreadable]";
  } finally {
    walk.path.pop();
  }
}

function object(value: object, walk: Walk): Plain {
  if (value instanceof Error) return error(value, walk);
  if (walk.path.length > deepest) return Array.isArray(value) ? "[list]" : "[object]";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no date" : value.toISOString();
  if (value instanceof URL || value instanceof RegExp) return walk.mask.text(String(value));
  if (ArrayBuffer.isView(value)) return `[${value.constructor.name} of ${value.byteLength} bytes]`;
  if (Array.isArray(value)) return list(value, walk);
  if (value instanceof Set) return list([...take(value)], walk, value.size);
  if (value instanceof Map) {
    return entriesOf(
      [...take(value)].map(([key, held]) => [String(key), held]),
      walk,
      value.size,
    );
  }
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") return clean(toJSON.call(value, ""), walk);
  return entriesOf(Object.entries(value), walk);
}

function list(values: readonly unknown[], walk: Walk, size = values.length): Plain {
  const kept = values.slice(0, mostEntries).map((value) => clean(value, walk));
  return size > mostEntries ? [...kept, `… ${size - mostEntries} more`] : kept;
}

function entriesOf(
  entries: readonly (readonly [string, unknown])[],
  walk: Walk,
  size = entries.length,
): Readonly<Record<string, Plain>> {
  const kept = entries.slice(0, mostEntries).map(([name, value]) => {
    // A name as code has them; others may be a secret that somebody keyed a map with.
    const shown = /^\w{1,24}$/.test(name) ? name : walk.mask.text(name.slice(0, 200));
    return [shown, named(name, value, walk)] as const;
  });
  if (size > mostEntries) kept.push(["…", `${size - mostEntries} more`]);
  return Object.fromEntries(kept);
}

/** The name may say that the value is a secret; that there is none, or a yes or no, is not. */
function named(name: string, value: unknown, walk: Walk): Plain {
  if (value === undefined || value === null || typeof value === "boolean") {
    return value ?? null;
  }
  if (isSecretName(name)) return masked;
  if (isSecretAddress(name)) return maskAddress(String(value));
  return clean(value, walk);
}

/** Name, message, code, stack, own properties, causes and the errors of an AggregateError. */
function error(value: Error, walk: Walk): Plain {
  if (walk.path.filter((one) => one instanceof Error).length > longestChain) {
    return walk.mask.text(`${value.name}: ${value.message}`);
  }
  const { name, message, stack = "", cause, ...own } = value;
  const errors = value instanceof AggregateError ? value.errors : undefined;
  return {
    name: walk.mask.text(String(name)),
    message: walk.mask.text(String(message)),
    stack: walk.mask.text(String(stack)),
    ...entriesOf(Object.entries(own), walk),
    ...(cause !== undefined && { cause: clean(cause, walk) }),
    ...(errors && { errors: list(errors, walk) }),
  };
}

function* take<T>(values: Iterable<T>): Iterable<T> {
  let left = mostEntries;
  for (const value of values) {
    if (left-- === 0) return;
    yield value;
  }
}
