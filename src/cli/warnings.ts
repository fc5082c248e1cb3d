// Which of Node's own warnings those who run Homeostat get to see.

/** What Node says of how it read a config, and of its experiments, is no business of theirs. */
export function quieten(): void {
  const unwanted = new Set(["MODULE_TYPELESS_PACKAGE_JSON"]);
  process.removeAllListeners("warning");
  process.on("warning", (warning: Error & { readonly code?: string }) => {
    if (warning.name === "ExperimentalWarning" || unwanted.has(warning.code ?? "")) return;
    process.stderr.write(`${warning.name}: ${warning.message}\n`);
  });
}
