// What the last lines of a process say about its end: its own report of an error, in one sentence.

export interface LastWords {
  /** "uncaught TypeError: x is not a function, at handle (web.js:3:9)". */
  readonly text: string;
  /** It could not listen … */
  readonly isListen?: true;
  /** … on this port, when its lines name one. */
  readonly port?: number;
}

const textMax = 300;

type Reader = (lines: readonly string[]) => LastWords | undefined;

/** Undefined when nothing in them is known. `lines` are those of this run, oldest first. */
export function lastWords(lines: readonly string[]): LastWords | undefined {
  for (const read of readers) {
    const found = read(lines);
    if (found) return { ...found, text: cut(found.text) };
  }
  return undefined;
}

const readers: readonly Reader[] = [
  ofPrelude,
  ofHeap,
  ofPort,
  ofNode,
  ofPython,
  ofPanic,
  ofJava,
  ofShell,
];

/** The shell line before the program, see platforms/linux-prepare.ts. */
function ofPrelude(lines: readonly string[]): LastWords | undefined {
  const said = /^homeostat: (.+ could not be (?:set|entered).*)$/.exec(lines.at(-1) ?? "")?.[1];
  return said === undefined ? undefined : { text: `it was not started: ${said}` };
}

/** V8 prints what the collector did last, then the error, then a native stack. */
function ofHeap(lines: readonly string[]): LastWords | undefined {
  const at = lines.findLastIndex((line) => /^FATAL ERROR: /.test(line));
  if (at < 0) return undefined;
  const said = (lines[at] ?? "").slice("FATAL ERROR: ".length);
  if (!/heap|memory/i.test(said)) return { text: `fatal error of Node: ${said}` };
  const collected = lines
    .slice(0, at)
    .findLast((line) => /\b(?:Mark-Compact|Scavenge)\b/.test(line));
  const size = /-> (\d+(?:\.\d+)?) \(/.exec(collected ?? "")?.[1];
  const held = size === undefined ? "" : `, ${size} MB after the last collection`;
  return {
    text: `Node ran out of heap memory (${said.replace(/\s*-?\s*JavaScript heap out of memory/, "")}${held})`,
  };
}

/** Node, Python, Go, Java, nginx and C all use the system's words. */
function ofPort(lines: readonly string[]): LastWords | undefined {
  const line =
    lines.findLast((each) => /address already in use/i.test(each)) ??
    lines.findLast((each) => /\bEADDRINUSE\b/.test(each));
  if (line === undefined) return undefined;
  const found = [...line.matchAll(/:(\d{1,5})\b|\bport[ =:]+(\d{1,5})\b/gi)];
  const port = found
    .map(([, colon, word]) => Number(colon ?? word))
    .findLast((each) => each > 0 && each < 65_536);
  const isListen = true;
  if (port === undefined) return { text: "the address that it listens on is in use", isListen };
  return { text: `port ${port} is in use`, isListen, port };
}

const frame = /^\s{2,}at /;

/** The error that nobody has caught: Node points at its place by a `^`, and tells it after that. */
function ofNode(lines: readonly string[]): LastWords | undefined {
  const end = lines.findLastIndex((line) => /^Node\.js v\d/.test(line));
  const caret = lines.findLastIndex((line, i) => i < end && /^\s*\^+\s*$/.test(line));
  if (caret < 0) return undefined;
  const told = lines.slice(caret + 1, end);
  const said = told.find((line) => /\S/.test(line));
  if (said === undefined) return undefined;
  const reason = /The promise rejected with the reason "(.*)"\.?\s*\]?.*$/.exec(said)?.[1];
  const what =
    reason === undefined
      ? said.replace(/^Uncaught:? /, "").replace(/^([\w$.]+) \[Error\]/, "$1")
      : `rejection with ${reason}`;
  const place = told.find((line) => frame.test(line) && !/\(?node:/.test(line));
  // What cannot be parsed has no stack of its own: its file stands over the line that is shown.
  const file = /^(?!node:)\S.*:\d+$/.exec(lines[caret - 2] ?? "")?.[0];
  const at = place?.trim().replace(/ \{$/, "") ?? (file === undefined ? undefined : `at ${file}`);
  const where = at === undefined ? "" : `, ${at}`;
  return { text: `uncaught ${what.replace(/ \{$/, "")}${where}` };
}

function ofPython(lines: readonly string[]): LastWords | undefined {
  const begin = lines.lastIndexOf("Traceback (most recent call last):");
  if (begin < 0) return undefined;
  const told = lines.slice(begin + 1);
  const said = told.find((line) => /^[\w.]+(?::|$)/.test(line));
  const at = /^\s+File "(.+)", line (\d+)/;
  const [, file, line] = at.exec(told.findLast((each) => at.test(each)) ?? "") ?? [];
  const where = file === undefined ? "" : `, at ${file}:${line}`;
  return said === undefined ? undefined : { text: `uncaught ${said}${where}` };
}

/** Go, Rust and a failed assertion in C. */
function ofPanic(lines: readonly string[]): LastWords | undefined {
  const at = lines.findLastIndex((line) =>
    /^(?:panic|fatal error): |^thread '.*'.* panicked at |Assertion .+ failed\.?$/.test(line),
  );
  const line = lines[at];
  if (line === undefined) return undefined;
  // Rust writes what it has to say on the next line.
  const more = /panicked at .*:\d+:\d+:$/.test(line) ? ` ${lines[at + 1] ?? ""}` : "";
  return { text: `${line}${more}`.trim() };
}

function ofJava(lines: readonly string[]): LastWords | undefined {
  const at = lines.findLastIndex((line) => /^Exception in thread "/.test(line));
  const said = /^Exception in thread "[^"]*" (.+)$/.exec(lines[at] ?? "")?.[1];
  if (said === undefined) return undefined;
  const place = lines[at + 1]?.trim() ?? "";
  return { text: `uncaught ${said}${place.startsWith("at ") ? `, ${place}` : ""}` };
}

/** What a shell or setpriv says of a program that it cannot run. */
function ofShell(lines: readonly string[]): LastWords | undefined {
  const found = cannotRun.exec(lines.at(-1) ?? "")?.groups;
  return found ? { text: `${JSON.stringify(found.program)}: ${found.why}` } : undefined;
}

const cannotRun =
  /(?:exec|\d+|failed to execute):? (?<program>[^\s:]+): (?<why>(?:command )?not found|Permission denied|No such file or directory)$/;

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > textMax ? `${line.slice(0, textMax - 1)}…` : line;
}
