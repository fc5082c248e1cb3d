// Reads YAML and says in plain words, with line and column, what is wrong with it.
import { LineCounter, parseDocument, type YAMLError } from "yaml";
import { messageOf } from "../kernel/errors.ts";
import { configUnreadable, type Problem } from "./problem.ts";
import { quote } from "./words.ts";

/** Aliases of one file: each costs a search, and together they can stand for a huge config. */
const aliasesMax = 1_000;
const toldMax = 10;

/** @throws CONFIG_UNREADABLE with one problem for each line that is wrong. */
export function readYaml(text: string, label: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    stringKeys: true,
    uniqueKeys: true,
  });
  const place = (at: number): string => {
    const { line, col } = lines.linePos(at);
    return `${label}:${line}:${col}`;
  };
  const faults = [...document.errors, ...document.warnings];
  const byLine = new Map<number, Problem>();
  for (const fault of faults.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const { line } = lines.linePos(fault.pos[0]);
    if (!byLine.has(line))
      byLine.set(line, { path: place(start(fault, text)), ...inWords(fault, text) });
  }
  if (byLine.size > 0) throw configUnreadable([...byLine.values()].slice(0, toldMax));
  try {
    return document.toJS({ maxAliasCount: aliasesMax });
  } catch (error) {
    throw configUnreadable([aliasProblem(messageOf(error), text, label, place)], error);
  }
}

/** A quote that is not closed is told where it was opened: on the first line that has an odd one. */
function start(fault: YAMLError, text: string): number {
  if (!fault.message.startsWith('Missing closing "')) return fault.pos[0];
  const odd = /^(?:[^"\n]*"[^"\n]*")*[^"\n]*"[^"\n]*$/m.exec(text);
  return odd ? odd.index + odd[0].lastIndexOf('"') : fault.pos[0];
}

function aliasProblem(
  message: string,
  text: string,
  label: string,
  place: (at: number) => string,
): Problem {
  const name = /^Unresolved alias .*: (.+)$/.exec(message)?.[1];
  if (name !== undefined) {
    const path = place(Math.max(0, text.indexOf(`*${name}`)));
    return { path, expected: `an anchor &${name} above it`, got: `*${name} alone` };
  }
  if (!message.startsWith("Excessive alias")) {
    return { path: label, expected: "YAML", got: `an error: ${message}` };
  }
  return {
    path: label,
    expected: `aliases that stand for at most ${aliasesMax} values`,
    got: "more",
  };
}

function inWords(fault: YAMLError, text: string): Pick<Problem, "expected" | "got"> {
  const found = text.slice(fault.pos[0], fault.pos[1]);
  const first = found.charAt(0);
  const message = (fault.message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
  switch (fault.code) {
    case "DUPLICATE_KEY":
      return { expected: "each name once", got: `${quote(nameAt(text, fault.pos[0]))} again` };
    case "TAB_AS_INDENT":
      return { expected: "blanks for the indentation", got: "a tab" };
    case "MULTIPLE_DOCS":
      return { expected: "one document", got: 'a second one after "---"' };
    case "BAD_SCALAR_START":
      return { expected: "a value in quotes", got: `one that starts with ${quote(first)}` };
    case "NON_STRING_KEY":
      return { expected: "a name before the colon", got: "something else" };
    case "TAG_RESOLVE_FAILED":
      return { expected: "a value without a tag", got: quote(/^\S+/.exec(found)?.[0] ?? "a tag") };
    case "MISSING_CHAR": {
      const quoted = /^Missing closing (.)quote$/.exec(message)?.[1];
      if (quoted !== undefined) {
        return { expected: `a closing ${quoted}`, got: "text that goes on to the end of the file" };
      }
      return { expected: 'lines such as "name: value"', got: `an error: ${message}` };
    }
    case "BLOCK_AS_IMPLICIT_KEY":
    case "MULTILINE_IMPLICIT_KEY":
      return {
        expected: 'one "name: value" on a line, and equal indentation within a block',
        got: "something else",
      };
    default:
      return { expected: "YAML", got: `an error: ${message}` };
  }
}

function nameAt(text: string, at: number): string {
  return /^["']?([^"':\n,{}]*)/.exec(text.slice(at, at + 80))?.[1]?.trim() ?? "";
}
