// Writes the fenced TypeScript of the documents out as files, checks their types and runs them.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { blocksOf } from "./markdown.ts";
import { root, type SourceFile } from "./tree.ts";

/** One fenced block that claims to be TypeScript. */
export interface Snippet {
  /** Where it stands: "docs/retry.md:12". */
  readonly place: string;
  readonly file: string;
  readonly text: string;
  /** False for a block marked `no-run`: its types are checked, it is not executed. */
  readonly runs: boolean;
}

export interface Ending {
  readonly code: number | null;
  readonly output: string;
}

/** Every block marked `ts`, in the order of the documents. */
export function snippetsOf(documents: readonly SourceFile[]): readonly Snippet[] {
  return documents.flatMap(({ path, text }) =>
    blocksOf(text).flatMap((block): readonly Snippet[] => {
      const [language = "", ...marks] = block.info.split(/\s+/);
      if (!/^(?:ts|typescript|mts)$/.test(language)) return [];
      const file = `${path.replace(/\.md$/, "").replaceAll("/", "-")}-${block.line}.ts`;
      const place = `${path}:${block.line}`;
      return [{ place, file, text: block.text, runs: !marks.includes("no-run") }];
    }),
  );
}

/** A folder inside the repository, so that the package finds itself by its own name. */
export function writeOut(snippets: readonly Snippet[]): { path: string; remove: () => void } {
  mkdirSync(join(root, "tmp"), { recursive: true });
  const path = mkdtempSync(join(root, "tmp", "docs-"));
  const config = {
    extends: "../../tsconfig.json",
    compilerOptions: {
      moduleDetection: "force",
      declaration: false,
      isolatedDeclarations: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    include: ["*.ts"],
  };
  writeFileSync(join(path, "tsconfig.json"), JSON.stringify(config));
  for (const { file, text } of snippets) writeFileSync(join(path, file), text);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function checkTypes(folder: string): Promise<Ending> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  return end([tsc, "-p", folder, "--pretty", "false"], folder, 60_000);
}

/** Imports one snippet in a process of its own; one that goes on for 20 s is ended. */
export function run(folder: string, { file }: Snippet): Promise<Ending> {
  return end(["--conditions=source", join(folder, file)], folder, 20_000);
}

function end(args: readonly string[], cwd: string, timeout: number): Promise<Ending> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    const options = { cwd, timeout, env, killSignal: "SIGKILL" as const };
    const child = execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const late = error?.killed ? `it did not end within ${timeout} ms: mark it no-run\n` : "";
      resolve({ code: child.exitCode, output: `${late}${stdout}${stderr}` });
    });
    child.stdin?.end();
  });
}
