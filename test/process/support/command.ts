// Runs the real command line as a child process, with an end to its time.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The environment is that of the test with `env` added, without what colours or redirects. */
export async function homeostat(
  folder: string,
  args: readonly string[],
  { env = {}, limitMs = 30_000 }: { env?: Readonly<Record<string, string>>; limitMs?: number } = {},
): Promise<Ended> {
  const { PORT: _, NODE_OPTIONS: __, FORCE_COLOR: ___, ...inherited } = process.env;
  const all = ["--conditions=source", entry, "--folder", folder, ...args];
  const child = spawn(process.execPath, all, {
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  await once(child, "close");
  return { code: child.exitCode, out, err };
}
