// The files of this repository as text: what the rules of the house are held against.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One file; `path` is relative to the root of the repository, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** What .gitignore names: nobody wrote it, so no rule is for it. */
const ignored = new Set([".git", "node_modules", "dist", ".homeostat"]);
const ignoredAtRoot = new Set(["tmp"]);

/** Every file below the root that is not ignored; files that are not text are left out. */
export function readTree(): readonly SourceFile[] {
  return list("").flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8");
    return text.includes("\0") ? [] : [{ path, text }];
  });
}

function list(folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry): readonly string[] => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (ignored.has(entry.name) || (folder === "" && ignoredAtRoot.has(entry.name))) return [];
    if (entry.isDirectory()) return list(path);
    return entry.isFile() && !entry.name.endsWith(".tsbuildinfo") ? [path] : [];
  });
}
