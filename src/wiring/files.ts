// What a path leads to, and the text of a file, without surprises: no device, no endless file.
import { readFileSync, statSync } from "node:fs";

/** The name that `Resolved.file` has in a folder that has no config. */
export const packageFile = "package.json";

/** Undefined when nothing is there that could be looked at. */
export function kindOf(path: string): "file" | "folder" | undefined {
  try {
    const found = statSync(path);
    if (found.isDirectory()) return "folder";
    return found.isFile() ? "file" : undefined;
  } catch {
    // Not there, or behind something that is no folder: either way it cannot be used.
    return undefined;
  }
}

/** A larger file is not a config. */
export const fileBytesMax = 1_048_576;

/** The text without a byte order mark; undefined when the file is too large. */
export function textOf(path: string): string | undefined {
  if (statSync(path).size > fileBytesMax) return undefined;
  return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
}
