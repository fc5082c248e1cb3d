// A folder of one run: the upstream compiled into it, and every process that was started ended with it.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { bundle } from "../../scripts/build.ts";
import { root } from "../../scripts/run.ts";
import { cpuMsOf, memoryOf } from "../supervisor/processes.ts";

export const execute: typeof execFile.__promisify__ = promisify(execFile);

export interface Started {
  readonly pid: number;
  /** CPU of the process and of its children, in ms. */
  cpuMs(): number;
  rssMb(): number;
  signal(name: NodeJS.Signals): void;
  end(): Promise<void>;
}

export interface Stage {
  readonly folder: string;
  /** The C server that all stand before: `[server, port]`. */
  readonly server: string;
  /** Our gateway's process, built as it is installed: types that are stripped at the start cost memory. */
  readonly gateway: string;
  subfolder(name: string): string;
  /** Starts a program and waits until it listens. */
  start(command: readonly string[], port: number): Promise<Started>;
  end(): Promise<void>;
}

const listenLimitMs = 15_000;

export async function createStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-bench-gateway-"));
  const server = join(folder, "server");
  const source = join(root, "bench/supervisor/programs/server.c");
  await execute("cc", ["-O2", "-D_GNU_SOURCE", "-o", server, source], { timeout: 60_000 });
  const home = join(folder, "package");
  cpSync(join(root, "package.json"), join(home, "package.json"));
  symlinkSync(join(root, "node_modules"), join(home, "node_modules"));
  await bundle(join(home, "dist"));
  const all: Started[] = [];
  return {
    folder,
    server,
    gateway: join(home, "dist/gateway/main.js"),
    subfolder: (name) => {
      const path = join(folder, name);
      mkdirSync(path, { recursive: true });
      return path;
    },
    async start(command, port) {
      const [program = "", ...args] = command;
      const log = openSync(join(folder, `${port}.log`), "a");
      const child = spawn(program, args, { stdio: ["ignore", log, log], cwd: folder });
      const started = running(child);
      all.push(started);
      await listens(port, child, () => readFileSync(join(folder, `${port}.log`), "utf8"));
      return started;
    },
    async end() {
      await Promise.all(all.map((started) => started.end()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function running(child: ChildProcess): Started {
  const pid = child.pid ?? 0;
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const family = (): readonly number[] => [pid, ...childrenOf(pid)];
  const sum = (of: (pid: number) => number): number =>
    family().reduce((total, each) => total + of(each), 0);
  return {
    pid,
    cpuMs: () => sum(cpuMsOf),
    rssMb: () => sum((each) => memoryOf(each).rss),
    signal: (name) => void child.kill(name),
    async end() {
      if (child.exitCode === null && child.signalCode === null) {
        // A stopped process hears nothing, and a killed master leaves its workers.
        child.kill("SIGCONT");
        child.kill("SIGTERM");
        await Promise.race([ended, sleep(2_000)]);
        for (const each of childrenOf(pid)) process.kill(each, "SIGKILL");
        child.kill("SIGKILL");
      }
      await ended;
    },
  };
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
        .split(" ")
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    return []; // it has ended
  }
}

async function listens(port: number, child: ChildProcess, told: () => string): Promise<void> {
  const untilMs = performance.now() + listenLimitMs;
  while (performance.now() < untilMs && child.exitCode === null) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false)).on("close", () => {});
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    await sleep(20);
  }
  throw new Error(`nothing listens on port ${port}: ${told().slice(-500)}`);
}
