// Opens the journal of a project folder for looking, beside a daemon that may be writing.
import { HomeostatError } from "../kernel/errors.ts";
import { sqliteStore } from "../stores/sqlite.ts";
import { projectOf } from "../stores/sqlite-project.ts";
import type { Store } from "../stores/store.ts";

export function openJournal(folder: string): { readonly store: Store; readonly project: string } {
  const project = projectOf(folder);
  if (project === undefined) {
    throw new HomeostatError("JOURNAL_CORRUPT", `${folder} holds no journal of any project`);
  }
  return { store: sqliteStore({ folder, project, readOnly: true }), project };
}
