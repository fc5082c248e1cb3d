// JSON as Go's encoding/json reads it: the first value counts, and faults have Go's words.

export class GoJsonError extends Error {}

const depthMax = 100;

interface Cursor {
  /** One character a byte: that is how Go names what it does not expect. */
  readonly text: string;
  at: number;
}

/** @throws GoJsonError, such as "invalid character 'x' looking for beginning of value" */
export function readGoJson(body: Buffer): unknown {
  const cursor = { text: body.toString("latin1"), at: 0 };
  blanks(cursor);
  if (cursor.at >= cursor.text.length) throw new GoJsonError("EOF");
  value(cursor, 1);
  return JSON.parse(body.subarray(0, cursor.at).toString("utf8"));
}

function value(cursor: Cursor, depth: number): void {
  if (depth > depthMax) throw new GoJsonError("exceeded max depth");
  blanks(cursor);
  const first = here(cursor);
  if (first === "{") object(cursor, depth + 1);
  else if (first === "[") list(cursor, depth + 1);
  else if (first === '"') string(cursor);
  else if (first === "t") word(cursor, "true");
  else if (first === "f") word(cursor, "false");
  else if (first === "n") word(cursor, "null");
  else if (/[-\d]/.test(first)) number(cursor);
  else fail(cursor, "looking for beginning of value");
}

function object(cursor: Cursor, depth: number): void {
  cursor.at++;
  blanks(cursor);
  if (skips(cursor, /\}/)) return;
  for (;;) {
    blanks(cursor);
    if (here(cursor) !== '"') fail(cursor, "looking for beginning of object key string");
    string(cursor);
    blanks(cursor);
    want(cursor, /:/, "after object key");
    value(cursor, depth);
    blanks(cursor);
    if (skips(cursor, /\}/)) return;
    want(cursor, /,/, "after object key:value pair");
  }
}

function list(cursor: Cursor, depth: number): void {
  cursor.at++;
  blanks(cursor);
  if (skips(cursor, /\]/)) return;
  for (;;) {
    value(cursor, depth);
    blanks(cursor);
    if (skips(cursor, /\]/)) return;
    want(cursor, /,/, "after array element");
  }
}

function string(cursor: Cursor): void {
  cursor.at++;
  while (!skips(cursor, /"/)) {
    if (here(cursor) < " ") fail(cursor, "in string literal");
    if (!skips(cursor, /\\/)) cursor.at++;
    else if (skips(cursor, /u/)) {
      for (let i = 0; i < 4; i++) {
        want(cursor, /[\da-fA-F]/, "in \\u hexadecimal character escape");
      }
    } else want(cursor, /["\\/bfnrt]/, "in string escape code");
  }
}

function number(cursor: Cursor): void {
  skips(cursor, /-/);
  if (!skips(cursor, /0/)) digits(cursor, "in numeric literal");
  if (skips(cursor, /\./)) digits(cursor, "after decimal point in numeric literal");
  if (!skips(cursor, /[eE]/)) return;
  skips(cursor, /[+-]/);
  digits(cursor, "in exponent of numeric literal");
}

function word(cursor: Cursor, expected: string): void {
  for (const char of expected) {
    if (here(cursor) !== char) fail(cursor, `in literal ${expected} (expecting '${char}')`);
    cursor.at++;
  }
}

function digits(cursor: Cursor, context: string): void {
  want(cursor, /\d/, context);
  while (skips(cursor, /\d/));
}

function blanks(cursor: Cursor): void {
  while (skips(cursor, /[ \t\r\n]/));
}

/** Empty at the end. */
function here({ text, at }: Cursor): string {
  return text[at] ?? "";
}

function skips(cursor: Cursor, pattern: RegExp): boolean {
  if (!pattern.test(here(cursor))) return false;
  cursor.at++;
  return true;
}

function want(cursor: Cursor, pattern: RegExp, context: string): void {
  if (!skips(cursor, pattern)) fail(cursor, context);
}

function fail(cursor: Cursor, context: string): never {
  const char = here(cursor);
  if (char === "") throw new GoJsonError("unexpected EOF");
  throw new GoJsonError(`invalid character ${quoted(char)} ${context}`);
}

const escapes: Readonly<Record<string, string>> = {
  "'": "\\'",
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

function quoted(char: string): string {
  const code = char.charCodeAt(0);
  const hex = code.toString(16);
  if (escapes[char] !== undefined) return `'${escapes[char]}'`;
  if (code < 0x20 || code === 0x7f) return `'\\x${hex.padStart(2, "0")}'`;
  const isHidden = (code > 0x7f && code <= 0xa0) || code === 0xad;
  return isHidden ? `'\\u${hex.padStart(4, "0")}'` : `'${char}'`;
}

/** Like Go's Marshal: on one line, and safe inside of HTML. */
export function writeGoJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
