// An error with its causes and the errors it gathers, as Sentry's list of exceptions.
// Source: develop.sentry.dev, Event Payloads › Exception (order, exception_id, parent_id, source).
import type { Mask } from "../parts/mask.ts";
import { type Frame, framesOf } from "./stack.ts";

export interface Mechanism {
  /** "generic" for what was captured, "chained" for what it came from. */
  readonly type: "generic" | "chained";
  readonly handled: boolean;
  /** 0 for what was captured; parents have smaller numbers than what they came from. */
  readonly exception_id: number;
  readonly parent_id?: number;
  /** The property of the parent it was found under: `cause`, `errors[1]`. */
  readonly source?: string;
  readonly is_exception_group?: true;
  readonly synthetic?: true;
}

export interface Exception {
  readonly type: string;
  readonly value: string;
  readonly stacktrace?: { readonly frames: readonly Frame[] };
  readonly mechanism: Mechanism;
}

export interface Telling {
  readonly mask: Mask;
  /** The app's folder; paths in it are shown relative to it. */
  readonly root: string;
  readonly handled: boolean;
}

const mostExceptions = 20;
const longestValue = 4_096;

interface Found {
  readonly error: unknown;
  readonly parent?: number;
  readonly source?: string;
}

/** What was captured comes last, as Sentry shows it; 20 at most, those next to it first. */
export function exceptionsOf(error: unknown, telling: Telling): readonly Exception[] {
  const found: Found[] = [{ error }];
  const seen = new Set<unknown>([error]);
  for (let at = 0; at < found.length; at++) {
    for (const [source, inner] of within(found[at]?.error)) {
      if (found.length >= mostExceptions) break;
      // A circle, or an error that came up on two ways.
      if (typeof inner === "object" && inner !== null && seen.has(inner)) continue;
      seen.add(inner);
      found.push({ error: inner, parent: at, source });
    }
  }
  return found.map((one, id) => exceptionOf(one, id, telling)).reverse();
}

function within(error: unknown): readonly (readonly [string, unknown])[] {
  if (!(error instanceof Error)) return [];
  const inner: (readonly [string, unknown])[] = [];
  if (error.cause !== undefined && error.cause !== null) inner.push(["cause", error.cause]);
  const errors: unknown = error instanceof AggregateError ? error.errors : undefined;
  if (Array.isArray(errors)) {
    errors.slice(0, mostExceptions).forEach((each, n) => {
      inner.push([`errors[${n}]`, each]);
    });
  }
  return inner;
}

function exceptionOf({ error, parent, source }: Found, id: number, telling: Telling): Exception {
  const isError = error instanceof Error;
  const frames = isError ? framesOf(error.stack, telling.root) : [];
  const mechanism: Mechanism = {
    type: id === 0 ? "generic" : "chained",
    handled: telling.handled,
    exception_id: id,
    ...(parent !== undefined && { parent_id: parent }),
    ...(source !== undefined && { source }),
    ...(error instanceof AggregateError && { is_exception_group: true as const }),
    // Something thrown that is no error: its type says nothing, and it has no stack.
    ...(!isError && { synthetic: true as const }),
  };
  const value = cut(telling.mask.text(isError ? String(error.message) : textOf(error)));
  const type = isError ? cut(String(error.name || "Error")).slice(0, 200) : "Thrown";
  return {
    type,
    value,
    ...(frames.length > 0 && { stacktrace: { frames } }),
    mechanism,
  };
}

function textOf(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return String(thrown);
  const { name, message } = thrown as { readonly name?: unknown; readonly message?: unknown };
  if (typeof message === "string")
    return typeof name === "string" ? `${name}: ${message}` : message;
  return `an object with ${Object.keys(thrown).slice(0, 20).join(", ") || "nothing in it"}`;
}

function cut(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text;
}
