// Gives back the disk space of a log's beginning while the process goes on writing at its end.
import { execFile } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const limitMs = 60_000;

/** What the file system of a folder and the program fallocate (util-linux) can do together. */
export interface Freeing {
  /** A hole in place of the beginning: no byte moves, whoever reads or writes notices nothing. */
  readonly punch: boolean;
  /** The hole itself is taken out, so that the file does not seem ever larger. */
  readonly collapse: boolean;
  /** Why there is no punch, for people. */
  readonly why?: string;
}

export const blockBytes = 4_096;

/** Tries both on a file of its own in the folder, which must exist. */
export async function freeingIn(folder: string): Promise<Freeing> {
  const own = mkdtempSync(join(folder, ".freeing-"));
  const path = join(own, "trial");
  try {
    const file = openSync(path, "w");
    writeSync(file, Buffer.alloc(4 * blockBytes, 1));
    closeSync(file);
    await punch(path, blockBytes);
    const collapsed = await collapse(path, blockBytes).then(
      () => true,
      () => false,
    );
    return { punch: true, collapse: collapsed };
  } catch (error) {
    return { punch: false, collapse: false, why: whyNot(error) };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Makes a hole of the first `bytes`; doing it again changes nothing. */
export async function punch(path: string, bytes: number): Promise<void> {
  await fallocate("--punch-hole", path, bytes);
}

/** Takes the first `bytes` out: what comes after them moves to the front. A multiple of a block. */
export async function collapse(path: string, bytes: number): Promise<void> {
  await fallocate("--collapse-range", path, bytes);
}

async function fallocate(how: string, path: string, bytes: number): Promise<void> {
  await run("fallocate", [how, "--offset", "0", "--length", String(bytes), path], {
    timeout: limitMs,
    env: { PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
  });
}

function whyNot(error: unknown): string {
  const { code, stderr } = error as NodeJS.ErrnoException & { readonly stderr?: string };
  if (code === "ENOENT") return "there is no program fallocate (package util-linux)";
  const said = stderr?.trim().split("\n")[0] ?? "";
  return said === "" ? String(error) : said;
}
