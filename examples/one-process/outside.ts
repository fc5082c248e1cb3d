// The world around the app: its database, cache and API, each a process that can be killed and started.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

export interface Dependency {
  readonly name: string;
  readonly port: number;
  readonly pid: number | undefined;
  /** @throws for an answer that is no 200. */
  ask(path: string, signal?: AbortSignal): Promise<string>;
  isUp(context: { readonly signal: AbortSignal }): Promise<boolean>;
  isRunning(): boolean;
  /** Ends it, if need be by force, and starts it anew. */
  restart(): Promise<void>;
  stop(): void;
}

const program = fileURLToPath(new URL("dependency.ts", import.meta.url));

export type World = Readonly<Record<"database" | "cache" | "payments" | "backup", Dependency>>;

/** In an app of yours these are addresses of what somebody else runs. */
export async function theWorld(): Promise<World> {
  const [database, cache, payments, backup] = await Promise.all([
    start("database"),
    start("cache"),
    start("payments"),
    start("backup"),
  ]);
  return { database, cache, payments, backup };
}

async function start(name: string): Promise<Dependency> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const run = async (): Promise<void> => {
    child = fork(program, [name, String(port)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    await once(child, "message");
  };
  const isRunning = (): boolean => child?.exitCode === null && child.signalCode === null;
  const ask: Dependency["ask"] = async (path, signal = AbortSignal.timeout(1_000)) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal });
    const text = await response.text();
    if (!response.ok) throw new Error(`${name}${path}: ${response.status} ${text.trim()}`);
    return text;
  };
  await run();
  return {
    name,
    port,
    get pid() {
      return child?.pid;
    },
    ask,
    isUp: async ({ signal }) => (await ask("/ping", signal)) === name,
    isRunning,
    restart: async () => {
      if (child && isRunning()) {
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
      }
      await run();
    },
    stop: () => void child?.kill("SIGKILL"),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (typeof address !== "object" || address === null) throw new Error("no port is free");
  return address.port;
}
