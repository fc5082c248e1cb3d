#!/usr/bin/env node
// The face of the daemon on the command line: understand, call, print, exit code.
import { join } from "node:path";
import { keepCompiled } from "./compiled.ts";
import { folderIn, type Quick, quickOf } from "./quick.ts";

// All is loaded when it is asked for, and after it is known where its compiled form is kept.

/** 0 clean, 1 unhandled, 75 a dependency is missing, 78 config or usage. */
async function main(words: readonly string[]): Promise<void> {
  keepCompiled(join(folderIn(words), ".homeostat"));
  (await import("./warnings.ts")).quieten();
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `homeostat logs | head` has read enough.
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  try {
    const quick = quickOf(words);
    if (quick) await call(quick);
    else await (await import("./program.ts")).runProgram(words);
  } catch (error) {
    (await import("./fail.ts")).fail(error, words.includes("--json"));
  }
}

async function call({ command, names, options }: Quick): Promise<void> {
  switch (command) {
    case "status":
      return (await import("./commands/look.ts")).status(options);
    case "ps":
      return (await import("./commands/ps.ts")).ps(names, options);
    case "up":
      return (await import("./commands/up.ts")).up(options);
  }
}

await main(process.argv.slice(2));
