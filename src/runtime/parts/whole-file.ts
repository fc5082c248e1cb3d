// Writes a small file whole or not at all, also when the machine dies while it is written.
import { dirname } from "node:path";
import { builtin } from "../../kernel/builtin.ts";

/** On the disk when it returns; makes the folder it lies in. Only its owner may read it. */
export function writeWhole(path: string, text: string | Uint8Array): void {
  const { mkdirSync, writeFileSync, renameSync } = builtin("node:fs");
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.new`;
  synced(draft, "w", (file) => writeFileSync(file, text));
  renameSync(draft, path);
  // The name is on the disk only when the folder is.
  if (process.platform !== "win32") synced(dirname(path), "r", () => {});
}

function synced(path: string, flags: string, work: (file: number) => void): void {
  const { openSync, fsyncSync, closeSync } = builtin("node:fs");
  const file = openSync(path, flags, 0o600);
  try {
    work(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
