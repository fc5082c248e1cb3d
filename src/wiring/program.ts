// Which program this is: what one build has found out counts for that build alone.
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, version } from "../kernel/version.ts";

/** Where the sources lie that decide what is made of a config and of a journal. */
const sources = ["controller", "kernel", "model", "supervisor", "wiring"];

/** Changes with every build; from sources, with every change of a file. */
export function programMark(): string {
  if (build !== "") return `${version} ${build}`;
  const own = fileURLToPath(import.meta.url);
  const files = sources.flatMap((name) => filesIn(own, name));
  // One that is gone again was an editor's, and is a change.
  const changed = files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return `${version} ${files.length} ${Math.max(...changed)}`;
}

function filesIn(own: string, name: string): readonly string[] {
  const folder = join(dirname(own), "..", name);
  return readdirSync(folder).map((file) => join(folder, file));
}
