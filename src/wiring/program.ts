// Which program this is: what one build has found out counts for that build alone.
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../kernel/version.ts";

/** Where the sources lie that decide what is made of a config and of a journal. */
const sources = ["controller", "kernel", "model", "supervisor", "wiring"];

/** Changes with every build; from sources, with every change of a file. */
export function programMark(): string {
  const own = fileURLToPath(import.meta.url);
  const files = own.endsWith(".ts") ? sources.flatMap((name) => filesIn(own, name)) : [own];
  const changedMs = Math.max(...files.map((file) => statSync(file).mtimeMs));
  return `${version} ${files.length} ${changedMs} ${statSync(own).size}`;
}

function filesIn(own: string, name: string): readonly string[] {
  const folder = join(dirname(own), "..", name);
  return readdirSync(folder).map((file) => join(folder, file));
}
