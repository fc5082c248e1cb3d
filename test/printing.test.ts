// What the code has to say goes to the log; only programs with a terminal of their own print.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isTest } from "./house/floors.ts";
import { codeOf, lineAt } from "./house/scan.ts";
import { readTree, type SourceFile } from "./house/tree.ts";
import { onlyOursHolds } from "./support/fault.ts";

/** Whose job it is, each with what it prints. */
const printers: readonly RegExp[] = [
  // The answers of the command line.
  /^src\/cli\//,
  // Programs of their own: their log, and how they are called.
  /^src\/gateway\/main\.ts$/,
  /^src\/platforms\/spawner\/main\.ts$/,
  // While the main thread is blocked, no log of its can say so.
  /^src\/runtime\/watchdog\/outer-worker\.ts$/,
];

const print =
  /\bconsole\s*\.\s*\w+|\bprocess\s*\.\s*std(?:out|err)\s*\.\s*write\b|\bwriteSync\(\s*[12]\b/g;

function printsIn({ path, text }: SourceFile): readonly string[] {
  const code = codeOf(text);
  return [...code.matchAll(print)].map(
    (found) => `${path}:${lineAt(code, found.index)} prints: ${found[0]}`,
  );
}

test("fault: print instead of logging", async () => {
  const original: SourceFile = {
    path: "src/runtime/heal.ts",
    text: `// Heals.
      export function selfHeal(): void {
        console.log("Anomaly detected! Initiating self-healing...");
        process.stdout.write("done");
      }`,
  };
  const ours = (): readonly SourceFile[] =>
    readTree().filter(({ path }) => /^src\/.*\.ts$/.test(path) && !isTest(path));
  const shows = /heal\.ts:3 prints: console\.log/;
  await onlyOursHolds({ imitation: () => [original], ours, shows }, (files) => {
    const ruled = files.filter(({ path }) => !printers.some((printer) => printer.test(path)));
    assert.deepEqual(ruled.flatMap(printsIn), []);
  });
});
