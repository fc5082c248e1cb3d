// Masks what changes from line to line: numbers, ids, addresses, times, paths and quoted text.

/** Stands in a template for what changes. */
export const anything = "<*>";

/** What is beyond is not looked at: a line of a megabyte costs what one of a kilobyte does. */
const charsMax = 1_024;
export const wordsMax = 64;
const quotedMax = 512;
const [blank, mask] = [32, 1];

export interface Masker {
  /** A number that is the same for all lines that are the same once masked (53 bits). */
  take(line: string): number;
  /** Of the line that was taken last, cut at `wordsMax`. */
  words(): string[];
}

/** The bits of `kinds`: what a run of letters and digits may begin or be part of. */
const [digit, letter, hex, joint] = [1, 2, 4, 8];
const kinds = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const sign = String.fromCharCode(code);
  kinds[code] =
    (/\d/.test(sign) ? digit | hex : 0) |
    (/[A-Za-z_]/.test(sign) ? letter : 0) |
    (/[A-Fa-f]/.test(sign) ? hex : 0) |
    // May stand between the parts of one value: 10.0.0.1:80, 2026-11-21, 1,024, 3/4.
    (/[.:,/+-]/.test(sign) ? joint : 0);
}

/** Beyond ASCII all is taken for letters. */
const kindOf = (code: number): number => (code < 128 ? (kinds[code] ?? 0) : letter);
const isWordly = (code: number): boolean => (kindOf(code) & (digit | letter)) !== 0;
const codeAt = (line: string, i: number): number =>
  i >= 0 && i < line.length ? line.charCodeAt(i) : blank;

/** What is left of a line, so far. */
interface Out {
  readonly codes: Uint16Array;
  at: number;
}

/**
 * One pass over the characters, into one buffer, without a regular expression and without a string:
 * most lines are known by their number alone.
 */
export function createMasker(): Masker {
  const out: Out = { codes: new Uint16Array(charsMax + 8), at: 0 };
  return {
    take: (line) => {
      out.at = 0;
      scan(out, line.length > charsMax ? line.slice(0, charsMax) : line);
      return hashOf(out.codes, out.at);
    },
    words: () => {
      let text = "";
      for (let i = 0; i < out.at; i++) {
        const code = out.codes[i] ?? blank;
        text += code === mask ? anything : String.fromCharCode(code);
      }
      const words = text.split(" ", wordsMax + 1);
      return words.length > wordsMax ? [...words.slice(0, wordsMax), "…"] : words;
    },
  };
}

function scan(out: Out, line: string): void {
  for (let i = 0; i < line.length && out.at < charsMax; ) i = step(out, line, i);
  if (out.at > 0 && out.codes[out.at - 1] === blank) out.at -= 1;
}

/** Takes what begins at `i`; returns where to go on. */
function step(out: Out, line: string, i: number): number {
  const it = line.charCodeAt(i);
  if (isWordly(it)) return word(out, line, i);
  if (it === 27 && codeAt(line, i + 1) === 91) return colourEnd(line, i + 2);
  if (it <= blank) {
    if (out.at > 0 && out.codes[out.at - 1] !== blank) put(out, blank);
    return i + 1;
  }
  if ((it === 34 || it === 39 || it === 96) && !isWordly(codeAt(line, i - 1))) {
    const to = quotedEnd(line, i);
    put(out, it);
    if (to <= i + 1) return i + 1;
    put(out, mask);
    put(out, it);
    return to + 1;
  }
  if ((it === 47 || it === 46 || it === 126) && beginsPath(line, i)) {
    hide(out);
    return pathEnd(line, i);
  }
  put(out, it);
  return i + 1;
}

function put(out: Out, code: number): void {
  out.codes[out.at++] = code;
}

function hide(out: Out): void {
  const { codes, at } = out;
  // Whether a number has a sign is not another kind of line.
  const [sign, before] = [codes[at - 1] ?? blank, codes[at - 2] ?? blank];
  if ((sign === 45 || sign === 43) && !isWordly(before) && before !== mask) out.at -= 1;
  if (out.at === 0 || codes[out.at - 1] !== mask) put(out, mask);
}

/** A run of letters and digits, and what belongs to it; returns where to go on. */
function word(out: Out, line: string, from: number): number {
  const to = runEnd(line, from);
  let [digits, turns, all, firstDigit] = [0, 0, hex, -1];
  for (let i = from, before = 0; i < to; i++) {
    const kind = kindOf(line.charCodeAt(i));
    const is = kind & digit;
    if (is && firstDigit < 0) firstDigit = i;
    if (i > from && is !== before) turns += 1;
    digits += is;
    all &= kind;
    before = is;
  }
  if (digits === 0) {
    if (codeAt(line, to) === 58 && codeAt(line, to + 1) === 47 && codeAt(line, to + 2) === 47) {
      hide(out);
      return pathEnd(line, to);
    }
    for (let i = from; i < to; i++) put(out, line.charCodeAt(i));
    return to;
  }
  // "web1" and "E1100" keep what names them, ids do not.
  const isNamed = firstDigit > from && turns === 1 && (all === 0 || to - from < 6);
  if (isNamed) for (let i = from; i < firstDigit; i++) put(out, line.charCodeAt(i));
  hide(out);
  return valueEnd(line, to);
}

/** Behind the run of letters and digits that begins at `from`. */
function runEnd(line: string, from: number): number {
  let i = from;
  while (i < line.length && isWordly(line.charCodeAt(i))) i += 1;
  return i;
}

/** Behind the parts that belong to the value which ends at `from`. */
function valueEnd(line: string, from: number): number {
  let i = from;
  while (i < line.length && (kindOf(line.charCodeAt(i)) & joint) !== 0) {
    const between = line.charCodeAt(i);
    // The two colons of an IPv6 address.
    const next = between === 58 && codeAt(line, i + 1) === 58 ? i + 2 : i + 1;
    const to = runEnd(line, next);
    if (!goesOn(line, next, to, between)) break;
    i = to;
  }
  return i;
}

/** Whether a part behind a joint belongs to the value before it. */
function goesOn(line: string, from: number, to: number, between: number): boolean {
  if (to === from) return false;
  let all = hex;
  for (let i = from; i < to; i++) {
    const kind = kindOf(line.charCodeAt(i));
    if (kind & digit) return true;
    all &= kind;
  }
  // A part of a UUID without digits; the name of a month between two numbers.
  if (between === 45 && all !== 0 && to - from === 4) return true;
  const isMonth = to - from === 3 && codeAt(line, to) === between;
  return isMonth && (kindOf(codeAt(line, to + 1)) & digit) !== 0;
}

function quotedEnd(line: string, from: number): number {
  const quote = line.charCodeAt(from);
  for (let i = from + 1; i < line.length && i - from < quotedMax; i++) {
    const it = line.charCodeAt(i);
    if (it === 92) i += 1;
    else if (it === quote && (quote === 34 || !isWordly(codeAt(line, i + 1)))) return i;
  }
  return -1;
}

/** Of a path or a URL: up to what cannot be part of it, without what ends a sentence. */
function pathEnd(line: string, from: number): number {
  let i = from;
  while (i < line.length && !/[\s"'`()[\]{}<>,;|]/.test(line.charAt(i))) i += 1;
  while (i > from && /[.:!?]/.test(line.charAt(i - 1))) i -= 1;
  return i;
}

function beginsPath(line: string, i: number): boolean {
  const [before, it, next] = [codeAt(line, i - 1), codeAt(line, i), codeAt(line, i + 1)];
  if (isWordly(before) || before === 47 || before === 60) return false;
  if (it === 47) return isWordly(next) || next === 46;
  return codeAt(line, next === 46 ? i + 2 : i + 1) === 47;
}

/** Behind a sequence for terminals: figures, and a letter. */
function colourEnd(line: string, from: number): number {
  let i = from;
  while (i < line.length && /[\d;]/.test(line.charAt(i))) i += 1;
  return i + 1;
}

/** Two sums of the kind of FNV-1a, of which 53 bits stay. */
function hashOf(codes: Uint16Array, length: number): number {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  for (let i = 0; i < length; i++) {
    const it = codes[i] ?? 0;
    a = Math.imul(a ^ it, 0x01000193);
    b = Math.imul(b ^ it, 0x5bd1e995);
    b ^= b >>> 13;
  }
  return (a >>> 0) * 0x200000 + (b >>> 11);
}

/** The name of a template, the same in every run: 12 hexadecimal digits of its text. */
export function idOf(text: string): string {
  const codes = Uint16Array.from(text, (sign) => sign.charCodeAt(0));
  return hashOf(codes, codes.length).toString(16).padStart(14, "0").slice(-12);
}
