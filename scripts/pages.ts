// The documents that are made from the code: path → text, compared by a test, written by docs.ts.
import { codes, families } from "../src/kernel/errors.ts";
import { configJsonSchema } from "../src/wiring/schema.ts";

/** Every generated document; its path is relative to the root of the repository. */
export const pages: Readonly<Record<string, () => string>> = {
  "docs/errors.md": errorsPage,
  "docs/config.schema.json": () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
};

function errorsPage(): string {
  const familyRows = Object.entries(families).map(([name, { meaning, exit }]) =>
    row([name, meaning, String(exit)]),
  );
  const codeRows = Object.entries(codes).map(([code, { family, retryable, meaning, hint }]) =>
    row([`\`${code}\``, family, retryable ? "yes" : "no", meaning, hint]),
  );
  return `# Errors

<!-- Written by \`npm run docs\` from src/kernel/errors.ts; do not edit. -->

Every error that Homeostat raises is a \`HomeostatError\` with a stable \`code\`. The code belongs to
a family; the family decides the exit code of a command that ended with it. A command
that did its work exits with 0, one that met an error of somebody else's exits with 1.

## Families

| family | meaning | exit code |
|---|---|---|
${familyRows.join("\n")}

## Codes

\`retryable\` says whether the same call may succeed a moment later without anything being mended.

| code | family | retryable | meaning | hint |
|---|---|---|---|---|
${codeRows.join("\n")}
`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
