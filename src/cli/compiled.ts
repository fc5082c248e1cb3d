// What V8 has made of our code is kept in the state folder: a start reads it instead of making it again.
import { statSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Sources are many small files that change: only a build is kept. */
const isBuilt = !fileURLToPath(import.meta.url).endsWith(".ts");

/**
 * To be called before the rest is loaded. What is kept is run as it is: so only from a folder that
 * is this user's alone. Where there is none nothing is kept, and a start takes longer.
 */
export function keepCompiled(state: string): void {
  if (isBuilt && isPrivate(state)) enableCompileCache(join(state, "compiled"));
}

/** Node writes at its end; a process that becomes another program, or is killed, has none. */
export function writeCompiled(): void {
  if (isBuilt) flushCompileCache();
}

function isPrivate(folder: string): boolean {
  try {
    const { uid, mode } = statSync(folder);
    return uid === process.getuid?.() && (mode & 0o077) === 0;
  } catch {
    // Nothing has run here yet.
    return false;
  }
}
