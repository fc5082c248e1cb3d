// runit and s6: a folder of services, a small process for each, and one that looks after those.
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../scripts/apt.ts";
import { ownIn, type Peer, type Standing, shellLine, type Task, told } from "./peer.ts";
import { processesWith } from "./processes.ts";
import type { Scratch } from "./scratch.ts";

interface Kind {
  /** What looks after the folder. */
  readonly scanner: readonly string[];
  /** The name of the process that each service has. */
  readonly each: string;
  readonly status: (folders: readonly string[]) => readonly string[];
  readonly stop: (folders: readonly string[]) => readonly string[];
}

const kinds: Readonly<Record<"runit" | "s6", Kind>> = {
  runit: {
    scanner: ["runsvdir"],
    each: "runsv",
    status: (folders) => ["sv", "status", ...folders],
    stop: (folders) => ["sv", "-w", "30", "down", ...folders],
  },
  s6: {
    scanner: ["s6-svscan", "-c", "1000"],
    each: "s6-supervise",
    status: (folders) => ["sh", "-c", `for s in "$@"; do s6-svstat "$s"; done`, "sh", ...folders],
    // -wd waits for the end of each.
    stop: (folders) => [
      "sh",
      "-c",
      `for s in "$@"; do s6-svc -wd -d "$s" & done; wait`,
      "sh",
      ...folders,
    ],
  },
};

export const runit: Peer = peerOf("runit");
export const s6: Peer = peerOf("s6");

function peerOf(name: keyof typeof kinds): Peer {
  const kind = kinds[name];
  const [scanner = "", ...flags] = kind.scanner;
  return {
    name,
    version: async () => (findProgram(scanner) === undefined ? undefined : "as Debian has it"),
    start: async (scratch, folder, tasks) => {
      for (const task of tasks) writeService(folder, task);
      const start = async (): Promise<void> => {
        if (processesWith(folder).some(({ args }) => args[0]?.endsWith(scanner))) return;
        const env = { ...process.env, BENCH_FOLDER: folder };
        spawn(scanner, [...flags, folder], { stdio: "ignore", env, cwd: folder }).unref();
      };
      await start();
      return standing(scratch, folder, kind, tasks, start);
    },
  };
}

function writeService(folder: string, { name, command }: Task): void {
  const run = join(folder, name, "run");
  mkdirSync(join(folder, name));
  writeFileSync(run, `#!/bin/sh\nexec ${shellLine(command)}\n`);
  chmodSync(run, 0o755);
}

function standing(
  scratch: Scratch,
  folder: string,
  kind: Kind,
  tasks: readonly Task[],
  start: () => Promise<void>,
): Standing {
  const folders = tasks.map(({ name }) => join(folder, name));
  const run = async ([file = "", ...args]: readonly string[]): Promise<void> =>
    void (await told(file, args));
  return {
    own: () => ownIn(scratch, folder),
    status: () => run(kind.status(folders)),
    stopAll: () => run(kind.stop(folders)),
    // What stands between a service and its end; the one above starts it again by itself.
    victims: () =>
      processesWith(folder)
        .filter(({ args }) => args[0]?.endsWith(kind.each))
        .map(({ pid }) => pid),
    again: start,
  };
}
