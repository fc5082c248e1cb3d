// Measures functions by matching brackets: no parser, so a little coarse and never surprised.

const openers: ReadonlyMap<string, string> = new Map([
  [")", "("],
  ["]", "["],
  ["}", "{"],
]);

export interface Length {
  readonly name: string;
  /** Line of the head, from 1. */
  readonly line: number;
  readonly lines: number;
}

/** Words before a bracket that is not a parameter list; "await" is that of `for await`. */
const control = new Set(["if", "for", "await", "while", "switch", "catch", "with"]);

/** Every function, method and arrow function with a block; `code` has comments and strings blank. */
export function functionLengths(code: string): readonly Length[] {
  const closers = matchBrackets(code);
  const lineOf = lineTable(code);
  const found: Length[] = [];
  for (const [open, close] of closers) {
    if (code[open] !== "(") continue;
    const name = nameBefore(code, open);
    if (control.has(name)) continue;
    const body = bodyAfter(code, close + 1, closers);
    const end = body === undefined ? undefined : closers.get(body);
    if (end === undefined) continue;
    const line = lineOf(open);
    found.push({ name: name || "an arrow function", line, lines: lineOf(end) - line + 1 });
  }
  return found;
}

/** `name(`, `name<T>(`, `const name = (` or `const name = async (`. */
function nameBefore(code: string, open: number): string {
  const before = code.slice(Math.max(0, open - 200), open);
  const assigned = /([\w$]+)\s*=\s*(?:async\s*)?$/.exec(before)?.[1];
  return assigned ?? /([\w$]+)\s*(?:<[^()]*>)?\s*$/.exec(before)?.[1] ?? "";
}

/** Open bracket → its closing one; a bracket without a partner (in JSX text) is stepped over. */
function matchBrackets(code: string): ReadonlyMap<number, number> {
  const closers = new Map<number, number>();
  const open: number[] = [];
  for (let i = 0; i < code.length; i++) {
    const char = code.charAt(i);
    if ("([{".includes(char)) open.push(i);
    const opener = openers.get(char);
    if (opener === undefined) continue;
    if (char === "}") while (open.length > 0 && code[open.at(-1) ?? 0] !== "{") open.pop();
    const start = open.at(-1);
    if (start === undefined || code[start] !== opener) continue;
    open.pop();
    closers.set(start, i);
  }
  return closers;
}

/**
 * The brace that opens the body after a closed parameter list: at once, after `=>`, or after a
 * type. A brace right after an operator of types is a part of the type and is stepped over.
 */
function bodyAfter(
  code: string,
  from: number,
  closers: ReadonlyMap<number, number>,
): number | undefined {
  let last = ")";
  for (let i = from; i < code.length; i++) {
    const char = code.charAt(i);
    if (/\s/.test(char)) continue;
    if (last === ")" && !":{=".includes(char)) return undefined;
    if (char === "{") {
      if (last === ")" || last === "=>" || !isTypeOperator(last)) return i;
      i = closers.get(i) ?? code.length;
      last = "}";
    } else if (char === "(" || char === "[") {
      i = closers.get(i) ?? code.length;
      last = "]";
    } else if (char === "=" && code[i + 1] === ">") {
      i += 1;
      last = "=>";
    } else if (";,)]}=".includes(char)) {
      return undefined;
    } else {
      last = char;
    }
  }
  return undefined;
}

function isTypeOperator(char: string): boolean {
  return ":|&<,?".includes(char);
}

function lineTable(code: string): (index: number) => number {
  const starts = [0];
  for (let i = code.indexOf("\n"); i >= 0; i = code.indexOf("\n", i + 1)) starts.push(i + 1);
  return (index) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
