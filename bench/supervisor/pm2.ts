// pm2, in a home folder of its own; installed by the bench into a folder beside the run's.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownIn, type Peer, type Standing, type Task, told } from "./peer.ts";
import type { Scratch } from "./scratch.ts";

/** AGPL: it is run as a program only, and stands in no package.json of ours. */
const pinned = "7.0.4";

/** A folder in which pm2 was installed by npm, or where the bench may do that. */
const home = process.env.HOMEOSTAT_BENCH_PM2 ?? join(tmpdir(), `homeostat-bench-pm2-${pinned}`);
const installed = join(home, "node_modules/pm2");
const program = join(installed, "bin/pm2");

export async function installPm2(): Promise<void> {
  if (existsSync(program)) return;
  mkdirSync(home, { recursive: true });
  // Without one of its own npm would take a package.json of a folder above.
  writeFileSync(join(home, "package.json"), '{ "private": true }\n');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await told("npm", ["install", "--prefix", home, ...flags, `pm2@${pinned}`], { limitMs: 120_000 });
}

function environment(folder: string): Readonly<Record<string, string>> {
  return { PM2_HOME: folder, PM2_DISABLE_VERSION_CHECK: "true", PM2_DISCRETE_MODE: "true" };
}

const call = (folder: string, ...args: readonly string[]): Promise<string> =>
  told(process.execPath, [program, ...args], { env: environment(folder), limitMs: 120_000 });

/** Kills that come quickly are no reason to give up. */
const always = { autorestart: true, max_restarts: 100_000, vizion: false };

export const pm2: Peer = {
  name: "pm2",
  version: async () =>
    existsSync(program)
      ? String(JSON.parse(readFileSync(join(installed, "package.json"), "utf8")).version)
      : undefined,
  start: async (scratch, folder, tasks) => {
    const apps = tasks.map((task) => ({ ...always, ...appOf(task, scratch) }));
    const path = join(folder, "bench.config.json");
    writeFileSync(path, JSON.stringify({ apps }));
    await call(folder, "start", path);
    await call(folder, "save");
    return standing(scratch, folder);
  },
};

function appOf({ name, command }: Task, { node, app, server }: Scratch): object {
  const [, script = "", ...args] = command[0] === node ? command : ["", ...command];
  const interpreter = script === app ? node : script === server ? "none" : "";
  return { name, script, args, interpreter, exec_mode: "fork" };
}

function standing(scratch: Scratch, folder: string): Standing {
  const own = (): readonly number[] => ownIn(scratch, folder);
  return {
    own,
    status: async () => void (await call(folder, "jlist")),
    stopAll: async () => void (await call(folder, "stop", "all")),
    victims: own,
    again: async () => void (await call(folder, "resurrect")),
  };
}

/** Two workers of the Node server in its cluster mode. */
export async function cluster(
  { app, node }: Scratch,
  folder: string,
  port: number,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly reload: () => Promise<void> }> {
  const web = {
    name: "web",
    script: app,
    args: [String(port)],
    interpreter: node,
    instances: 2,
    env,
  };
  const path = join(folder, "bench.config.json");
  writeFileSync(path, JSON.stringify({ apps: [{ ...always, ...web, exec_mode: "cluster" }] }));
  await call(folder, "start", path);
  return { reload: async () => void (await call(folder, "reload", "web")) };
}
