// The rules of the house as one pure function: files in, violations out.
import { circlesOf, type Graph } from "./circles.ts";
import { edgesOf, folderOf, isTest, objection } from "./floors.ts";
import { functionLengths } from "./lengths.ts";
import { codeOf, type Import, importsOf } from "./scan.ts";
import type { SourceFile } from "./tree.ts";
import { bannedGlobals, type Found, machineNames, putOffWords } from "./words.ts";

export type Rule =
  | "floor"
  | "contract"
  | "circle"
  | "global"
  | "file length"
  | "function length"
  | "first line"
  | "put off"
  | "machine name";

export interface Violation {
  readonly rule: Rule;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export const maxFileLines = 250;
export const maxFunctionLines = 70;

/** Where our own code lives: here lengths and the first line are held. */
const ours = /^(?:src|dashboard|examples|scripts|sim|bench|test)\//;

interface Parsed extends SourceFile {
  readonly code: string;
  readonly imports: readonly Import[];
}

/** All violations of the rules in `files`, in the order of the files. */
export function check(files: readonly SourceFile[]): readonly Violation[] {
  const parsed = files.filter(({ path }) => /\.(?:ts|tsx|mts)$/.test(path)).map(parse);
  return [
    ...files.flatMap((file) => told("machine name", file, machineNames(file))),
    ...parsed.flatMap(checkFile),
    ...circles("file", fileGraph(parsed)),
    ...circles("folder", folderGraph(parsed)),
  ];
}

/** One line that an editor can jump from. */
export function print({ rule, path, line, message }: Violation): string {
  return `${path}:${line} ${rule}: ${message}`;
}

function parse(file: SourceFile): Parsed {
  const code = codeOf(file.text);
  return { ...file, code, imports: importsOf(file.text, code) };
}

function checkFile(file: Parsed): readonly Violation[] {
  const found = [
    ...imports(file),
    ...told("global", file, bannedGlobals(file.path, file.code, file.imports)),
    ...told("put off", file, putOffWords(file, file.code)),
  ];
  if (!ours.test(file.path)) return found;
  found.push(...told("first line", file, firstLine(file)));
  if (isTest(file.path)) return found;
  found.push(...told("file length", file, fileLength(file)));
  found.push(...told("function length", file, functionLength(file)));
  return found;
}

function told(rule: Rule, file: SourceFile, found: readonly Found[]): readonly Violation[] {
  return found.map(({ line, message }) => ({ rule, path: file.path, line, message }));
}

function imports(file: Parsed): readonly Violation[] {
  const { path } = file;
  const self = file.imports
    .filter(({ specifier }) => path.startsWith("src/") && /^homeostat(?:\/|$)/.test(specifier))
    .map(({ line }) => ({ line, message: "src/ imports the package that it is" }));
  const edges = edgesOf(path, file.imports).flatMap(({ to, line }) => {
    const found = objection(path, to);
    return found === undefined ? [] : [{ ...found, path, line }];
  });
  return [...told("floor", file, self), ...edges];
}

/** The first line says what the file is for; a line that starts a program may stand before it. */
function firstLine({ text }: SourceFile): readonly Found[] {
  const lines = text.split("\n", 2);
  const first = (lines[0]?.startsWith("#!") ? lines[1] : lines[0]) ?? "";
  if (/^\/\/ \S+(?: \S+)+\.$/.test(first) || /^\/\*\*? \S+(?: \S+)+\. \*\/$/.test(first)) return [];
  return [{ line: 1, message: "the first line is not a comment sentence with a full stop" }];
}

function fileLength({ text }: SourceFile): readonly Found[] {
  const lines = text.replace(/\n$/, "").split("\n").length;
  if (lines <= maxFileLines) return [];
  return [{ line: maxFileLines + 1, message: `${lines} lines; the limit is ${maxFileLines}` }];
}

function functionLength({ code }: Parsed): readonly Found[] {
  return functionLengths(code)
    .filter(({ lines }) => lines > maxFunctionLines)
    .map(({ name, line, lines }) => ({
      line,
      message: `${name} has ${lines} lines; the limit is ${maxFunctionLines}`,
    }));
}

function fileGraph(files: readonly Parsed[]): Graph {
  return new Map(
    files.map(({ path, imports }) => [path, new Set(edgesOf(path, imports).map(({ to }) => to))]),
  );
}

/** Tests are left out: they look down from beside the code that they test. */
function folderGraph(files: readonly Parsed[]): Graph {
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of files.filter((file) => !isTest(file.path))) {
    const from = folderOf(path);
    if (from === undefined) continue;
    const reached = graph.get(from) ?? new Set();
    graph.set(from, reached);
    for (const { to } of edgesOf(path, imports)) {
      const folder = folderOf(to);
      if (folder !== undefined && folder !== from) reached.add(folder);
    }
  }
  return graph;
}

/** Type-only imports count: two files that need each other's types are one thought in two places. */
function circles(of: "file" | "folder", graph: Graph): readonly Violation[] {
  return circlesOf(graph).map((way) => ({
    rule: "circle",
    path: of === "file" ? (way[0] ?? "") : `src/${way[0] ?? ""}/`,
    line: 1,
    message: way.join(" → "),
  }));
}
