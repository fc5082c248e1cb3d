// Reads env files: NAME=value lines with quotes, escapes, comments and ${NAME} of what was set before.
import { quote } from "./words.ts";

export type Variables = Readonly<Record<string, string>>;

/** What is wrong in a file. No value is ever told, because it may be secret. */
export interface Fault {
  readonly line: number;
  readonly expected: string;
  readonly got: string;
}

export type EnvFile =
  | { readonly ok: true; readonly values: Variables }
  | { readonly ok: false; readonly fault: Fault };

type Wrong = Omit<Fault, "line">;
/** One entry, or what is wrong with it; `end` is where the next line begins. */
type Entry = { readonly name: string; readonly value: string; readonly end: number } | Wrong;

const variablesMax = 1_000;

/**
 * `around` is what `${NAME}` finds beside the entries before it. In single quotes and backquotes
 * everything stands for itself; in double quotes `\n`, `\t`, `\r`, `\"`, `\\` and `\$` are escapes;
 * without quotes a value ends at ` #` and only `\$` is one. `$NAME` without braces is plain text.
 */
export function readEnvFile(text: string, around: Variables): EnvFile {
  const values: Record<string, string> = Object.create(null);
  const blank = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
  const whole = text.replaceAll("\r\n", "\n");
  let at = 0;
  while (at < whole.length) {
    blank.lastIndex = at;
    if (blank.test(whole)) {
      at = blank.lastIndex;
      continue;
    }
    const entry = readEntry(whole, at, (name) => values[name] ?? own(around, name));
    const full = !("got" in entry) && Object.keys(values).length >= variablesMax;
    if ("got" in entry || full) {
      const wrong = "got" in entry ? entry : { expected: `${variablesMax} entries`, got: "more" };
      return { ok: false, fault: { line: whole.slice(0, at).split("\n").length, ...wrong } };
    }
    values[entry.name] = entry.value;
    at = entry.end;
  }
  return { ok: true, values: { ...values } };
}

type Find = (name: string) => string | undefined;

const head = /[ \t]*(?:export[ \t]+)?(?<name>[A-Za-z_][\w.-]*)[ \t]*=[ \t]*/y;
const bodies = {
  "'": /'(?<body>[^']*)'/y,
  "`": /`(?<body>[^`]*)`/y,
  '"': /"(?<body>(?:[^"\\]|\\[\s\S])*)"/y,
} as const;
const rest = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const bare = /(?<body>[^\n]*)(?:\n|$)/y;

function readEntry(text: string, from: number, find: Find): Entry {
  head.lastIndex = from;
  const name = head.exec(text)?.groups?.name;
  if (name === undefined) return { expected: "NAME=value", got: "something else" };
  const start = head.lastIndex;
  const sign = text[start] ?? "";
  if (sign === "'" || sign === '"' || sign === "`") {
    const pattern = bodies[sign];
    pattern.lastIndex = start;
    const body = pattern.exec(text)?.groups?.body;
    if (body === undefined) return { expected: `a closing ${sign}`, got: `${name} without one` };
    rest.lastIndex = pattern.lastIndex;
    if (!rest.test(text)) {
      return { expected: `nothing after the closing ${sign}`, got: `more, at ${name}` };
    }
    const value = sign === '"' ? expand(body, /\\(?<escaped>[\s\S])/, find) : body;
    return typeof value === "string" ? { name, value, end: rest.lastIndex } : value;
  }
  bare.lastIndex = start;
  const line = bare.exec(text)?.groups?.body ?? "";
  const value = expand(line.replace(/(?:^|[ \t])#.*$/, "").trim(), /\\(?<escaped>\$)/, find);
  return typeof value === "string" ? { name, value, end: bare.lastIndex } : value;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** An unknown escape stands for both of its characters. */
function expand(body: string, escapeSign: RegExp, find: Find): string | Wrong {
  const pattern = new RegExp(`${escapeSign.source}|\\$\\{(?<inside>[^}]*)(?<close>\\}?)`, "g");
  let wrong: Wrong | undefined;
  const value = body.replace(pattern, (all: string, ...more: unknown[]) => {
    const {
      escaped,
      inside = "",
      close,
    } = more.at(-1) as Readonly<Record<string, string | undefined>>;
    if (escaped !== undefined) {
      return escapes[escaped] ?? (/["\\$`\n]/.test(escaped) ? escaped : all);
    }
    const filled = close === "}" ? fill(inside, find) : unclosed;
    if (typeof filled === "string") return filled;
    wrong ??= filled;
    return "";
  });
  return wrong ?? value;
}

const unclosed: Wrong = { expected: `\${NAME}`, got: `\${ without }` };

/** `NAME`, `NAME-text` when it may be unset, `NAME:-text` when it may be empty, too. */
function fill(inside: string, find: Find): string | Wrong {
  const parts = /^(?<name>[A-Za-z_][\w.]*)(?:(?<sign>:?-)(?<otherwise>.*))?$/s.exec(inside)?.groups;
  if (!parts?.name) return { expected: `a name such as \${HOST}`, got: "something else in it" };
  const { name, sign, otherwise = "" } = parts;
  const value = find(name);
  if (value !== undefined && (value !== "" || sign !== ":-")) return value;
  if (sign !== undefined) return otherwise;
  const expected = "a variable that is set before, or in the environment of Homeostat";
  return { expected, got: `${quote(name)}: write \${${name}:-} where it may be absent` };
}

function own(around: Variables, name: string): string | undefined {
  return Object.hasOwn(around, name) ? around[name] : undefined;
}
