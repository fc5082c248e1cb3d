// Starts the small app of the lifecycle tests as a real process, with an end to its time.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eventually } from "../../../src/testing/waiting.ts";

const app = fileURLToPath(new URL("runtime-app.ts", import.meta.url));

export interface RunningApp {
  readonly child: ChildProcess;
  /** All it has printed so far. */
  readonly out: string;
  /** Waits until it has printed this, at most 10 s. */
  printed(words: string): Promise<void>;
  ended(): Promise<EndedApp>;
}

export interface EndedApp {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  /** What it wrote to stderr. */
  readonly errors: string;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly limitMs?: number;
  readonly script?: string;
  readonly program?: string;
}

/** A `script`, or another program, is run in the app's place. */
export function startApp(
  args: readonly string[],
  { cwd = process.cwd(), limitMs = 20_000, script = "", program = app }: StartOptions = {},
): RunningApp {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const what = script === "" ? ["--conditions=source", program, ...args] : ["-e", script];
  const child = spawn(process.execPath, what, {
    cwd,
    env: { ...env, SHOP_PASSWORD: "hunter2" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const closed = once(child, "close");
  return {
    child,
    get out() {
      return out;
    },
    printed: (words) => eventually(`${args.join(" ")} prints ${words}`, () => out.includes(words)),
    ended: async () => {
      await closed;
      return { code: child.exitCode, signal: child.signalCode, out, errors };
    },
  };
}

/** How often the words stand in the text. */
export function times(text: string, words: string): number {
  return text.split(words).length - 1;
}
