// A config as data and nothing else: what code can put into one is named instead of trusted.
import { quote, said } from "./words.ts";

const depthMax = 32;
/** Aliases in YAML can make a small file stand for a huge config. */
const valuesMax = 50_000;

export type Plain =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly expected: string; readonly got: string };

/**
 * A copy of `value` made of records, lists, texts, numbers, booleans and null. Anything else — a
 * function, a promise, a circle — becomes a symbol that says what stood there: no schema takes one.
 */
export function plain(value: unknown): Plain {
  let left = valuesMax;
  const above = new Set<object>();
  const copy = (it: unknown): unknown => {
    left -= 1;
    if (left < 0) return undefined;
    if (typeof it !== "object" || it === null) return scalar(it);
    const foreign = foreignName(it);
    if (foreign !== undefined) return Symbol(foreign);
    if (above.has(it)) return Symbol("a circle: it contains itself");
    if (above.size >= depthMax) return Symbol(`a value more than ${depthMax} levels deep`);
    above.add(it);
    const made = Array.isArray(it) ? list(it, copy) : record(it, copy);
    above.delete(it);
    return made;
  };
  try {
    const made = copy(value);
    if (left >= 0) return { ok: true, value: made };
    return { ok: false, expected: `at most ${valuesMax} values`, got: "more" };
  } catch (error) {
    // Only code in the config itself can throw here: a getter or a proxy.
    const got = `one that threw ${quote(said(error))}`;
    return { ok: false, expected: "values that can be read", got };
  }
}

function scalar(it: unknown): unknown {
  if (typeof it === "function") return Symbol("a function");
  if (typeof it === "bigint") return Symbol(`${it}n, a bigint`);
  return typeof it === "symbol" ? Symbol("a symbol") : it;
}

function list(it: readonly unknown[], copy: (value: unknown) => unknown): unknown[] {
  return it.length > valuesMax ? [copy(it)] : Array.from(it, copy);
}

/** `undefined` means absent, as everywhere in a config; `__proto__` stays a key like any other. */
function record(it: object, copy: (value: unknown) => unknown): object {
  const made = {};
  const open = { enumerable: true, writable: true, configurable: true };
  for (const [key, value] of Object.entries(it)) {
    if (value === undefined) continue;
    Object.defineProperty(made, key, { ...open, value: copy(value) });
  }
  return made;
}

function foreignName(it: object): string | undefined {
  if (Array.isArray(it)) return undefined;
  const prototype: unknown = Object.getPrototypeOf(it);
  if (prototype === Object.prototype || prototype === null) return undefined;
  if (typeof (it as { readonly then?: unknown }).then === "function") return "a promise";
  const { name } = (it as { readonly constructor?: { readonly name?: unknown } }).constructor ?? {};
  if (typeof name !== "string" || name === "" || name === "Object") return "an object of a class";
  return `a ${name}`;
}
