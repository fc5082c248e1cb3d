// Reads TypeScript as text: blanks out what is not code, and finds the imports in what is left.

/** One import, re-export or `import()` of another module, as it is written. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** A stretch that is not code: it goes on to `end`, of which `from` to `to` is blanked out. */
interface Span {
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The text with comments and the insides of strings and regular expressions turned into spaces;
 * lines and columns stay where they were. Code inside `${…}` of a template stays code.
 */
export function codeOf(text: string): string {
  const out = text.split("");
  /** Depth of braces inside each open `${`: the template goes on where one closes at depth 0. */
  const templates: number[] = [];
  let at = 0;
  while (at < text.length) {
    const span = spanAt(text, at, templates);
    for (let i = span?.from ?? at; i < (span?.to ?? at); i++) if (out[i] !== "\n") out[i] = " ";
    at = span?.end ?? at + 1;
  }
  return out.join("");
}

/** The comment, string, part of a template or regular expression that begins at `at`. */
function spanAt(text: string, at: number, templates: number[]): Span | undefined {
  const char = text.charAt(at);
  if (char === "/") return slash(text, at);
  if (char === '"' || char === "'") return quoted(text, at, char);
  if (char === "`") return template(text, at, templates);
  const depth = templates.pop();
  if (depth === undefined) return undefined;
  if (char === "}" && depth === 0) return template(text, at, templates);
  templates.push(char === "{" ? depth + 1 : char === "}" ? depth - 1 : depth);
  return undefined;
}

function slash(text: string, at: number): Span | undefined {
  const next = text.charAt(at + 1);
  if (next === "/" || next === "*") {
    const close = next === "/" ? text.indexOf("\n", at) : text.indexOf("*/", at + 2) + 2;
    const end = close < at + 2 ? text.length : close;
    return { end, from: at, to: end };
  }
  return beginsExpression(text, at) ? regExp(text, at) : undefined;
}

/** A slash after an operator begins a regular expression; after a value it divides. */
function beginsExpression(text: string, at: number): boolean {
  if (text.charAt(at - 1) === "<" || text.charAt(at + 1) === ">") return false; // a JSX tag
  const before = text.slice(Math.max(0, at - 40), at).trimEnd();
  return (
    before === "" || /(?:=>|[(,=:[!&|?{;+\-*%<~^]|\b(?:return|typeof|case|in|of))$/.test(before)
  );
}

function regExp(text: string, at: number): Span | undefined {
  let inClass = false;
  for (let i = at + 1; i < text.length && text[i] !== "\n"; i++) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "[") inClass = true;
    else if (text[i] === "]") inClass = false;
    else if (text[i] === "/" && !inClass) return { end: i + 1, from: at + 1, to: i };
  }
  return undefined;
}

/** A quote that is not closed on its line is an apostrophe in JSX text: then no string. */
function quoted(text: string, at: number, quote: string): Span | undefined {
  for (let i = at + 1; i < text.length && text[i] !== "\n"; i++) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === quote) return { end: i + 1, from: at + 1, to: i };
  }
  return undefined;
}

function template(text: string, at: number, templates: number[]): Span {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "`") return { end: i + 1, from: at + 1, to: i };
    else if (text[i] === "$" && text[i + 1] === "{") {
      templates.push(0);
      return { end: i + 2, from: at + 1, to: i };
    }
  }
  return { end: text.length, from: at + 1, to: text.length };
}

/** Every module that the text names, types included; `code` is `codeOf(text)`. */
export function importsOf(text: string, code: string): readonly Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(/\b(?:from|import)\s*\(?\s*(["'])/g)) {
    const start = match.index + match[0].length;
    const quote = match[1] ?? '"';
    if (/^from\s*\(/.test(match[0])) continue; // a call of a function named "from"
    const specifier = text.slice(start, text.indexOf(quote, start));
    found.push({ specifier, line: lineAt(text, match.index) });
  }
  return found;
}

/** The line number, from 1, of a position in the text. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < index; i = text.indexOf("\n", i + 1)) line += 1;
  return line;
}
