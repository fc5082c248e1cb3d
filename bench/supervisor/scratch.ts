// A folder of one run: the programs compiled into it, and everything that was started from it ended.
import { execFile } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { bundle } from "../../scripts/build.ts";
import { root } from "../../scripts/run.ts";
import { freePorts } from "../../test/process/support/project.ts";
import { endAll } from "./processes.ts";

const execute = promisify(execFile);
const sources = join(import.meta.dirname, "programs");

export interface Scratch {
  /** Its path stands in the arguments or the environment of all that is started from it. */
  readonly folder: string;
  /** The C server: `[server, port]`, or `[server, "0", tag]` for one that only waits. */
  readonly server: string;
  /** The Node server: `[node, app, port]`. */
  readonly app: string;
  readonly node: string;
  /** The command line of Homeostat: its sources as they were when the run began. */
  readonly entry: string;
  readonly loop: string;
  /** An init for whoever leaves its programs to one: that of the machine may be slow. */
  readonly reaper: string;
  /** A folder of its own for each that asks. */
  subfolder(name: string): string;
  ports(count: number): Promise<readonly number[]>;
  /** Kills what is left; how many processes that were. */
  clear(): Promise<number>;
  /** Kills what is left, and removes the folder; how many processes were left. */
  end(): Promise<number>;
}

export async function createScratch(): Promise<Scratch> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "homeostat-bench-")));
  const compile = async (name: string): Promise<string> => {
    const [from, to] = [join(sources, `${name}.c`), join(folder, name)];
    await execute("cc", ["-O2", "-D_GNU_SOURCE", "-o", to, from], { timeout: 60_000 });
    return to;
  };
  const [server = "", loop = "", reaper = ""] = await Promise.all(
    ["server", "loop", "reaper", "strike"].map(compile),
  );
  const app = join(folder, "server.mjs");
  copyFileSync(join(sources, "server.mjs"), app);
  const entry = await build(join(folder, "package")).catch((error: unknown) => {
    rmSync(folder, { recursive: true });
    throw error;
  });
  let made = 0;
  return {
    folder,
    server,
    loop,
    reaper,
    app,
    node: process.execPath,
    entry,
    subfolder: (name) => {
      const path = join(folder, `${name}-${++made}`);
      mkdirSync(path);
      return path;
    },
    ports: freePorts,
    clear: () => endAll(folder),
    end: async () => {
      const left = await endAll(folder);
      rmSync(folder, { recursive: true, force: true });
      return left;
    },
  };
}

/** What users install, built here. */
async function build(to: string): Promise<string> {
  const entry = join(to, "dist/cli/main.js");
  cpSync(join(root, "package.json"), join(to, "package.json"));
  symlinkSync(join(root, "node_modules"), join(to, "node_modules"));
  for (let tries = 1; ; tries++) {
    try {
      await bundle(join(to, "dist"));
      await execute(process.execPath, [entry, "--version"]);
      return entry;
    } catch (error) {
      if (tries === 15) throw error;
      await sleep(2_000);
    }
  }
}

export interface Strike {
  /** 0 for none: something else is the blow. */
  readonly signal: 0 | 9 | 19;
  readonly pid: number;
  readonly port: number;
  readonly limitMs: number;
  /** How long one answer may take. */
  readonly tryMs: number;
  /** From one try to the next. */
  readonly pollUs: number;
}

export interface Struck {
  /** From the blow to the first answer of another process; infinite when none came in time. */
  readonly ms: number;
  /** Who answers now. */
  readonly pid: number;
}

export async function strike(scratch: Scratch, blow: Strike): Promise<Struck> {
  const { signal, pid, port, limitMs, tryMs, pollUs } = blow;
  const args = [signal, pid, port, limitMs, tryMs, pollUs].map(String);
  const { stdout } = await execute(join(scratch.folder, "strike"), args, {
    timeout: limitMs + tryMs + 10_000,
  });
  const [ms = "-", by = "0"] = stdout.trim().split(" ");
  return ms === "-" ? { ms: Number.POSITIVE_INFINITY, pid } : { ms: Number(ms), pid: Number(by) };
}

/** The pid of whoever answers on the port. */
export async function whoAnswers(port: number, limitMs = 20_000): Promise<number> {
  const untilMs = performance.now() + limitMs;
  for (;;) {
    try {
      const signal = AbortSignal.timeout(2_000);
      const response = await fetch(`http://127.0.0.1:${port}/pid`, { signal });
      const pid = Number(response.headers.get("x-pid"));
      await response.text();
      if (pid > 0) return pid;
    } catch {
      // It has not come up yet.
    }
    if (performance.now() > untilMs) throw new Error(`port ${port}: no answer in ${limitMs} ms`);
    await sleep(20);
  }
}
