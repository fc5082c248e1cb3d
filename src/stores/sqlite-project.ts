// Whose journal lies in a folder.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { storeError } from "./sqlite-error.ts";

/** The project that the journal of `folder` belongs to; undefined when it has none. */
export function projectOf(folder: string): string | undefined {
  const path = join(folder, "journal.db");
  if (!existsSync(path)) return undefined;
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      const row = db.prepare("SELECT value FROM meta WHERE key = 'project'").get();
      return typeof row?.value === "string" ? row.value : undefined;
    } finally {
      db.close();
    }
  } catch (error) {
    throw storeError(error, path);
  }
}
