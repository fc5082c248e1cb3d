// Starts the small app of the watchdog tests as a real process, with an end to its time.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eventually } from "../../../src/testing/waiting.ts";

const app = fileURLToPath(new URL("watchdog-app.ts", import.meta.url));

export interface EndedApp {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What the app itself printed: its log. */
  readonly out: string;
  /** What the watching thread wrote while the main thread could not. */
  readonly err: string;
}

export interface RunningApp {
  readonly child: ChildProcess;
  /** What it has written to stderr so far. */
  readonly err: string;
  /** Waits until it has printed this, at most 10 s. */
  printed(words: string): Promise<void>;
  ended(): Promise<EndedApp>;
}

export interface RunOptions {
  /** Of Node, before the script. */
  readonly flags?: readonly string[];
  /** In the place of the app. */
  readonly script?: string;
  readonly limitMs?: number;
}

export function startCase(name: string, options: RunOptions = {}): RunningApp {
  const { flags = [], script = app, limitMs = 20_000 } = options;
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const child = spawn(process.execPath, ["--conditions=source", ...flags, script, name], {
    env,
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
  const closed = once(child, "close");
  return {
    child,
    get err() {
      return err;
    },
    printed: (words) => eventually(`"${name}" prints ${words}`, () => out.includes(words)),
    ended: async () => {
      await closed;
      return { code: child.exitCode, signal: child.signalCode, out, err };
    },
  };
}

export function runCase(name: string, options?: RunOptions): Promise<EndedApp> {
  return startCase(name, options).ended();
}
