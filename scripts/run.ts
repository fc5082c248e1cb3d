// Runs a program in a process group of its own, with a time limit, and ends the group with us.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("..", import.meta.url));

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  /** Both streams in the order they came; empty when they were shown. */
  readonly output: string;
  readonly ms: number;
  /** True when the limit was over and the whole group was ended. */
  readonly late: boolean;
}

export interface Options {
  readonly limitMs: number;
  /** Kept instead of shown, and given back as `output`. */
  readonly keep: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const killWaitMs = 3_000;
const maxOutput = 4 * 1024 * 1024;

/** Resolves when the program has ended; rejects when it could not be started. */
export function run(
  command: string,
  args: readonly string[],
  { limitMs, keep, cwd = root, env = {} }: Options,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const stream = keep ? "pipe" : "inherit";
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", stream, stream],
      detached: true,
    });
    let late = false;
    let output = "";
    const take = (chunk: Buffer): void => {
      if (output.length < maxOutput) output += chunk.toString();
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    const release = endWithUs(child.pid);
    const timer = setTimeout(() => {
      late = true;
      signalGroup(child.pid, "SIGTERM");
      setTimeout(() => signalGroup(child.pid, "SIGKILL"), killWaitMs).unref();
    }, limitMs);
    const settle = (): void => {
      clearTimeout(timer);
      release();
    };
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("close", (code) => {
      settle();
      resolve({ code, output, ms: performance.now() - begun, late });
    });
  });
}

/** Ctrl-C reaches the foreground group only: it is passed on, and we go when the group has. */
function endWithUs(pid: number | undefined): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  let interrupted = false;
  const passOn = (signal: NodeJS.Signals): void => {
    interrupted = true;
    signalGroup(pid, signal);
    setTimeout(() => signalGroup(pid, "SIGKILL"), killWaitMs);
  };
  for (const signal of signals) process.on(signal, passOn);
  return () => {
    for (const signal of signals) process.off(signal, passOn);
    if (interrupted) process.exit(130);
  };
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
