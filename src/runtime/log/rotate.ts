// Moves a full log file aside: FILE becomes FILE.1, FILE.1 becomes FILE.2, the last one goes.
import { builtin } from "../../kernel/builtin.ts";

/** A rotation takes milliseconds: a lock of this age was left by a process that died. */
const staleMs = 10_000;

export interface Rotation {
  readonly path: string;
  readonly maxFiles: number;
  /** The inode of the file that was found to be full. */
  readonly inode: number;
  readonly wallMs: number;
}

/**
 * False when another process is at it, or was: the file that is full is no longer there. Several
 * processes may write to one file; that of them which holds the lock rotates.
 */
export async function rotate({ path, maxFiles, inode, wallMs }: Rotation): Promise<boolean> {
  const { rename, rm, stat } = builtin("node:fs/promises");
  const lock = `${path}.lock`;
  if (!(await locked(lock, wallMs))) return false;
  try {
    const now = await present(stat(path));
    if (now?.ino !== inode) return false;
    for (let i = maxFiles - 1; i >= 1; i--) {
      await present(rename(`${path}.${i}`, `${path}.${i + 1}`));
    }
    await rename(path, `${path}.1`);
    return true;
  } finally {
    await rm(lock, { force: true });
  }
}

async function locked(lock: string, wallMs: number): Promise<boolean> {
  const { open, rename, rm, stat } = builtin("node:fs/promises");
  try {
    const made = await open(lock, "wx");
    await made.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const held = await present(stat(lock));
  if (!held || wallMs - held.mtimeMs < staleMs) return false;
  // Two may find it stale; a rename has one winner, who also does not rotate before the next try.
  const aside = `${lock}.${process.pid}`;
  await present(rename(lock, aside));
  await rm(aside, { force: true });
  return false;
}

/** Undefined when there is no such file. */
export async function present<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
