// Reads JSON and says where it is wrong.
// JSON.parse names no line for most faults, and of two equal names it keeps the last without a word.
import { quote } from "./words.ts";

export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly got: string;
}

export type Json =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly fault: Fault };

const token =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w))|($))/uy;

type Kind = "{" | "}" | "[" | "]" | "," | ":" | "text" | "literal" | "end";

interface Token {
  readonly kind: Kind;
  readonly at: number;
  readonly text: string;
}

/** What may come next, and how a person would say it. */
const states = {
  value: { kinds: ["{", "[", "text", "literal"], words: "a value" },
  first: { kinds: ["{", "[", "text", "literal", "]"], words: 'a value or "]"' },
  name: { kinds: ["text"], words: 'a name in double quotes (no comma before "}")' },
  firstName: { kinds: ["text", "}"], words: 'a name in double quotes or "}"' },
  colon: { kinds: [":"], words: '":"' },
  nextInList: { kinds: [",", "]"], words: '"," or "]"' },
  nextInRecord: { kinds: [",", "}"], words: '"," or "}"' },
  over: { kinds: ["end"], words: "nothing more" },
} as const satisfies Record<string, { readonly kinds: readonly Kind[]; readonly words: string }>;

type State = keyof typeof states;

export function readJson(text: string): Json {
  const fault = faultIn(text);
  return fault ? { ok: false, fault } : { ok: true, value: JSON.parse(text) };
}

/** Walks over the tokens with one set of names for each open record, null for each open list. */
function faultIn(text: string): Fault | undefined {
  const open: (Set<string> | null)[] = [];
  let state: State = "value";
  for (let at = 0; ; ) {
    const found = next(text, at);
    const { kinds, words }: { kinds: readonly Kind[]; words: string } = states[state];
    if (!found || !kinds.includes(found.kind)) {
      const from = found?.at ?? gap(text, at);
      const got = found?.kind === "text" ? "text in quotes" : met(text.slice(from, from + 40));
      return { ...place(text, from), expected: words, got };
    }
    at = found.at + found.text.length;
    const inside = open.at(-1);
    if (inside && (state === "name" || state === "firstName") && found.kind === "text") {
      const name = String(JSON.parse(found.text));
      if (inside.has(name)) {
        return {
          ...place(text, found.at),
          expected: "each name once",
          got: `${quote(name)} again`,
        };
      }
      inside.add(name);
    }
    if (found.kind === "end") return undefined;
    state = after(state, found.kind, open);
  }
}

function after(state: State, kind: Kind, open: (Set<string> | null)[]): State {
  if (kind === "{") {
    open.push(new Set());
    return "firstName";
  }
  if (kind === "[") {
    open.push(null);
    return "first";
  }
  if (kind === ":") return "value";
  if (kind === ",") return open.at(-1) ? "name" : "value";
  if (state === "name" || (state === "firstName" && kind === "text")) return "colon";
  if (kind === "}" || kind === "]") open.pop();
  const inside = open.at(-1);
  return inside === undefined ? "over" : inside ? "nextInRecord" : "nextInList";
}

function next(text: string, at: number): Token | undefined {
  token.lastIndex = at;
  const found = token.exec(text);
  if (!found) return undefined;
  const [all, mark, quoted, literal] = found;
  const kind =
    mark ?? (quoted === undefined ? (literal === undefined ? "end" : "literal") : "text");
  const inner = mark ?? quoted ?? literal ?? "";
  return { kind: kind as Kind, at: found.index + all.length - inner.length, text: inner };
}

function gap(text: string, at: number): number {
  return at + (/^[ \t\r\n]*/.exec(text.slice(at))?.[0].length ?? 0);
}

/** Text is not repeated: it may be a secret. */
function met(rest: string): string {
  if (rest === "") return "the end of the file";
  if (rest.startsWith('"')) return "a quote that is not closed on its line";
  if (rest.startsWith("'")) return "a single quote: JSON takes double quotes only";
  if (rest.startsWith("//") || rest.startsWith("/*")) return "a comment: JSON has none";
  const word = /^[\w.+-]{1,20}/.exec(rest)?.[0];
  return quote(word ?? String.fromCodePoint(rest.codePointAt(0) ?? 0));
}

function place(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  const start = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: at - start + 1 };
}
