// JSON as Go's encoding/json reads it: the first value counts, and faults have Go's words.

export class GoJsonError extends Error {}

const depthMax = 100;

/** @throws GoJsonError, such as "invalid character 'x' looking for beginning of value" */
export function readGoJson(body: Buffer): unknown {
  // One character a byte: that is how Go names what it does not expect.
  const end = createScanner(body.toString("latin1")).firstValue();
  return JSON.parse(body.subarray(0, end).toString("utf8"));
}

function createScanner(text: string) {
  let at = 0;

  const fail = (context: string): never => {
    if (at >= text.length) throw new GoJsonError("unexpected EOF");
    throw new GoJsonError(`invalid character ${quoted(text[at] ?? "")} ${context}`);
  };
  const blanks = (): void => {
    while (/[ \t\r\n]/.test(text[at] ?? "")) at++;
  };
  const want = (pattern: RegExp, context: string): void => {
    if (!pattern.test(text[at] ?? "")) fail(context);
    at++;
  };
  const digits = (context: string): void => {
    want(/\d/, context);
    while (/\d/.test(text[at] ?? "")) at++;
  };

  const string = (): void => {
    at++;
    while (text[at] !== '"') {
      if (at >= text.length || (text[at] ?? "") < " ") fail("in string literal");
      if (text[at++] !== "\\") continue;
      if (text[at] !== "u") want(/["\\/bfnrt]/, "in string escape code");
      else {
        at++;
        for (let i = 0; i < 4; i++) want(/[\da-fA-F]/, "in \\u hexadecimal character escape");
      }
    }
    at++;
  };
  const number = (): void => {
    if (text[at] === "-") at++;
    if (text[at] === "0") at++;
    else digits("in numeric literal");
    if (text[at] === ".") {
      at++;
      digits("after decimal point in numeric literal");
    }
    if (/[eE]/.test(text[at] ?? "")) {
      at++;
      if (/[+-]/.test(text[at] ?? "")) at++;
      digits("in exponent of numeric literal");
    }
  };
  const word = (expected: string): void => {
    for (let i = 0; i < expected.length; i++) {
      if (text[at] !== expected[i]) fail(`in literal ${expected} (expecting '${expected[i]}')`);
      at++;
    }
  };
  const list = (depth: number): void => {
    at++;
    blanks();
    if (text[at] === "]") return void at++;
    for (;;) {
      value(depth);
      blanks();
      if (text[at] === "]") return void at++;
      want(/,/, "after array element");
    }
  };
  const object = (depth: number): void => {
    at++;
    blanks();
    if (text[at] === "}") return void at++;
    for (;;) {
      blanks();
      if (text[at] !== '"') fail("looking for beginning of object key string");
      string();
      blanks();
      want(/:/, "after object key");
      value(depth);
      blanks();
      if (text[at] === "}") return void at++;
      want(/,/, "after object key:value pair");
    }
  };
  const value = (depth: number): void => {
    if (depth > depthMax) throw new GoJsonError("exceeded max depth");
    blanks();
    const first = text[at] ?? "";
    if (first === "{") object(depth + 1);
    else if (first === "[") list(depth + 1);
    else if (first === '"') string();
    else if (first === "t") word("true");
    else if (first === "f") word("false");
    else if (first === "n") word("null");
    else if (/[-\d]/.test(first)) number();
    else fail("looking for beginning of value");
  };

  const firstValue = (): number => {
    blanks();
    if (at >= text.length) throw new GoJsonError("EOF");
    value(1);
    return at;
  };
  return { firstValue };
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
