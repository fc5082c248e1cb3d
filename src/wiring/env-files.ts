// The env files of a service, read in their order; a problem names file and line, never a value.
import { isAbsolute, join } from "node:path";
import { messageOf } from "../kernel/errors.ts";
import { readEnvFile, type Variables } from "./dotenv.ts";
import { fileBytesMax, kindOf, textOf } from "./files.ts";
import { quote } from "./words.ts";

/** What one entry of `envFiles` gave. */
export interface EnvSource {
  /** As it is written, without the `?`. */
  readonly file: string;
  /** Undefined for a file that is absent and may be. */
  readonly values?: Variables;
  readonly problem?: { readonly expected: string; readonly got: string };
}

/** `around` is what `${NAME}` finds beside the files before it. */
export function readEnvFiles(
  files: readonly string[],
  folder: string,
  around: Variables,
): readonly EnvSource[] {
  const before: Record<string, string> = { ...around };
  return files.map((entry) => {
    const source = readOne(entry, folder, before);
    Object.assign(before, source.values);
    return source;
  });
}

/** The variables that are set. */
export function present(env: Readonly<Record<string, string | undefined>>): Variables {
  const set = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(set);
}

function readOne(entry: string, folder: string, around: Variables): EnvSource {
  const isOptional = entry.endsWith("?");
  const file = isOptional ? entry.slice(0, -1) : entry;
  const path = isAbsolute(file) ? file : join(folder, file);
  const wrong = (expected: string, got: string): EnvSource => ({
    file,
    problem: { expected, got },
  });
  const kind = kindOf(path);
  if (file === "" || kind !== "file") {
    if (file !== "" && kind === undefined && isOptional) return { file };
    const hint = isOptional ? "" : ', or "?" at its end where it may be absent';
    return wrong(`a file that exists${hint}`, `${quote(file)}${kind ? ", a folder" : ""}`);
  }
  let text: string | undefined;
  try {
    text = textOf(path);
  } catch (error) {
    return wrong("a file that can be read", `${quote(file)}: ${messageOf(error)}`);
  }
  if (text === undefined) return wrong(`at most ${fileBytesMax} bytes`, `${quote(file)} with more`);
  if (text.includes("\0")) return wrong("text", `${quote(file)} with a zero byte`);
  const read = readEnvFile(text, around);
  if (read.ok) return { file, values: read.values };
  const { line, expected, got } = read.fault;
  return wrong(expected, `${got}, in ${quote(file)} line ${line}`);
}
