// Configs that are broken, each with every problem that must be told; and how to lay one out.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Path of a problem, in the order of the file, and pieces of what was expected and got. */
export type Told = readonly [path: string, expected: string, got: string];

export interface Broken {
  readonly name: string;
  /** Relative path → text. `{A}` to `{D}` stand for free ports. */
  readonly files: Readonly<Record<string, string>>;
  readonly problems: readonly Told[];
  /** For errors without a list of problems: pieces of the message. */
  readonly message?: readonly string[];
  readonly code?: "CONFIG_INVALID" | "CONFIG_UNREADABLE" | "CONFIG_MISSING" | "USAGE";
  /** What `--config` names. */
  readonly config?: string;
  /** Below the folder that the files are in. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Set when the config's own port of the dashboard is what is wrong. */
  readonly keepsDashboard?: true;
  /** What must never be repeated. */
  readonly secret?: string;
}

export const letters = ["A", "B", "C", "D"] as const;
export type Ports = Readonly<Record<(typeof letters)[number], number>>;

export function fill(text: string, ports: Ports): string {
  return text.replaceAll(/\{([A-D])\}/g, (_, letter: keyof Ports) => String(ports[letter]));
}

export function layOut(folder: string, files: Broken["files"], ports: Ports): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), fill(text, ports));
  }
}

type Make = (
  name: string,
  text: string,
  problems: readonly Told[],
  more?: Partial<Broken>,
) => Broken;

function inFile(file: string): Make {
  return (name, text, problems, { files = {}, ...more } = {}) => ({
    name,
    files: { [file]: text, ...files },
    problems,
    ...more,
  });
}

export const yaml: Make = inFile("homeostat.yaml");
export const json: Make = inFile("homeostat.json");
/** Without an import of the package: the folder is far from any node_modules. */
export const ts: Make = inFile("homeostat.config.ts");
export const mjs: Make = inFile("homeostat.config.mjs");
