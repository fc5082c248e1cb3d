// How full the disks are that paths lie on, by their mount point; none that hangs holds others up.
import { readFileSync, realpathSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { DiskFigures } from "../model/host.ts";

const answerMs = 1_000;

/** A disk that does not answer, as a network share can, is left out until it does. */
export function diskReader(
  paths: () => readonly string[],
  ask: typeof statfs = statfs,
): () => Promise<readonly DiskFigures[]> {
  const waiting = new Set<string>();
  const one = async (mount: string): Promise<DiskFigures | undefined> => {
    if (waiting.has(mount)) return undefined;
    waiting.add(mount);
    try {
      const { blocks, bfree, bavail, bsize, files, ffree } = await ask(mount);
      if (blocks === 0) return undefined;
      // What is kept for root is neither used nor to be had.
      const totalBytes = (blocks - bfree + bavail) * bsize;
      return {
        ...{ mount, totalBytes, freeBytes: bavail * bsize },
        ...(files > 0 ? { inodes: { total: files, free: ffree } } : {}),
      };
    } catch {
      // Unmounted, or not ours to ask: there is no figure.
      return undefined;
    } finally {
      waiting.delete(mount);
    }
  };
  return async () => {
    const mounts = mountsOf(paths(), readFileSync("/proc/self/mountinfo", "utf8"));
    const asked = mounts.filter((mount) => !waiting.has(mount)).map(one);
    const late = setTimeout(answerMs, undefined, { ref: false });
    const found = await Promise.all(asked.map((it) => Promise.race([it, late])));
    return found.filter((it) => it !== undefined);
  };
}

/** The mount points of paths, each once; `mounts` is the text of mountinfo. */
export function mountsOf(paths: readonly string[], mounts: string): readonly string[] {
  const points = mounts
    .split("\n")
    .map((line) => unescaped(line.split(" ")[4] ?? ""))
    .filter((point) => point.startsWith("/"))
    .toSorted((a, b) => b.length - a.length);
  const found = paths.flatMap((path) => {
    const real = realOf(path);
    const holds = (point: string): boolean =>
      point === "/" || real === point || real.startsWith(`${point}/`);
    return points.find(holds) ?? [];
  });
  return [...new Set(found)].toSorted();
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not there yet: where it would lie.
    return path;
  }
}

/** A blank in a name is written as \040. */
function unescaped(point: string): string {
  return point.replace(/\\(\d{3})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 8)),
  );
}
