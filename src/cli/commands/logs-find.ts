// Which logs `homeostat logs` is asked for: of services, of instances, or all there are.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { HomeostatError } from "../../kernel/errors.ts";
import { nearest, quote } from "../../wiring/words.ts";

export interface LogFile {
  /** "web-1". */
  readonly name: string;
  readonly path: string;
}

const ofService = (name: string): string => name.replace(/-\d+$/, "");

export function logFiles(folder: string): readonly LogFile[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((file) => file.endsWith(".log"))
    .map((file) => ({ name: file.slice(0, -".log".length), path: join(folder, file) }))
    .toSorted((a, b) => compare(a.name, b.name));
}

/** "web" means its instances; "web/1" and "web-1" one of them. Nothing means all. */
export function isMeant({ name }: LogFile, wanted: readonly string[]): boolean {
  return (
    wanted.length === 0 ||
    wanted.some((word) => name === word.replace("/", "-") || isOf(name, word))
  );
}

function isOf(name: string, service: string): boolean {
  return name !== ofService(name) && ofService(name) === service;
}

/** @throws DAEMON_ABSENT when there is no log at all, UNKNOWN_ID for a name that means none. */
export function find(folder: string, wanted: readonly string[]): readonly LogFile[] {
  const files = logFiles(folder);
  const known = [...new Set(files.map(({ name }) => ofService(name)))];
  if (known.length === 0) {
    throw new HomeostatError(
      "DAEMON_ABSENT",
      "there are no logs: no daemon ever ran for this folder",
    );
  }
  for (const word of wanted) {
    if (files.some((file) => isMeant(file, [word]))) continue;
    const near = nearest(word, known);
    const meant = near === undefined ? `one of ${known.join(", ")}` : quote(near);
    throw new HomeostatError("UNKNOWN_ID", `logs: expected ${meant}, got ${quote(word)}`);
  }
  return files.filter((file) => isMeant(file, wanted));
}

/** web-2 before web-10. */
function compare(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
