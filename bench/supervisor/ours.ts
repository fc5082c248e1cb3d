// Homeostat as its users run it: a config file in a folder, `homeostat up`, and the other commands.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "../../src/model/event.ts";
import type { StateView } from "../../src/protocol/api.ts";
import type { Config } from "../../src/wiring/config.ts";
import { openJournal } from "../../src/wiring/journal.ts";
import { markedBy } from "../../test/process/support/marked.ts";
import { until } from "../../test/process/support/project.ts";
import { told } from "./peer.ts";
import { kill, processesWith } from "./processes.ts";
import type { Scratch } from "./scratch.ts";

/** One process of ours. */
export interface Own {
  /** "daemon", "gateway", or the file that it runs. */
  readonly name: string;
  readonly pid: number;
}

export interface Ours {
  readonly folder: string;
  readonly state: string;
  /** Starts the daemon; resolves when it answers. */
  up(): Promise<ChildProcess>;
  /** Starts it only. */
  spawnUp(): ChildProcess;
  /** Runs a command; what it took in ms, its own start included. @throws when it fails */
  cli(...args: readonly string[]): Promise<{ readonly ms: number; readonly out: string }>;
  view(): Promise<StateView>;
  healthy(limitMs?: number): Promise<StateView>;
  /** All processes that are not services. */
  own(): readonly Own[];
  /** The events that were written; while no daemon runs. */
  journal(): readonly Event[];
  /** Ends everything. */
  stop(): Promise<void>;
}

/** Restarts at once, however often: each kill of a bench follows a run that counts as stable. */
export const restart: NonNullable<Config["services"][string]["restart"]> = {
  stable: "1ms",
  backoff: { first: "0ms", max: "0ms" },
  giveUp: { exits: 50, within: "26s" },
};

/** Acts as soon as it has a diagnosis. */
export const healing: NonNullable<Config["healing"]> = {
  mode: "auto",
  cooldown: { first: "0ms", max: "0ms" },
  verify: { healthy: "100ms", timeout: "10s" },
  strikes: 100,
  perHour: 10_000,
  maxUnhealthy: 1,
  settle: "0ms",
};

export async function createOurs(
  scratch: Scratch,
  name: string,
  services: Config["services"],
): Promise<Ours> {
  const { entry } = scratch;
  const folder = scratch.subfolder(`homeostat-${name}`);
  const state = join(folder, ".homeostat");
  const [port = 0] = await scratch.ports(1);
  const config: Config = { project: "bench", dashboard: { port }, healing, services };
  writeFileSync(join(folder, "homeostat.json"), JSON.stringify(config));

  const spawnUp = (): ChildProcess => {
    const log = openSync(join(folder, "daemon.log"), "a");
    const args = [entry, "--folder", folder, "up", "--log-level", "warn"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    return child;
  };
  const view = async (): Promise<StateView> => {
    const signal = AbortSignal.timeout(10_000);
    return (await fetch(`http://127.0.0.1:${port}/api/state`, { signal })).json() as never;
  };

  const self: Ours = {
    folder,
    state,
    spawnUp,
    up: async () => {
      const child = spawnUp();
      await until("homeostat up", 60_000, async () => {
        if (child.exitCode !== null) {
          throw new Error(readFileSync(join(folder, "daemon.log"), "utf8").slice(-2_000));
        }
        return notedPid(state) === child.pid ? true : undefined;
      });
      return child;
    },
    cli: async (...args) => {
      const fromMs = performance.now();
      const all = [entry, "--folder", folder, ...args];
      const out = await told(process.execPath, all, { limitMs: 120_000 });
      return { ms: performance.now() - fromMs, out };
    },
    view,
    healthy: (limitMs = 60_000) =>
      until("all services healthy", limitMs, async () => {
        const now = await view().catch(() => undefined);
        return now?.services.every((it) => it.health === "healthy") ? now : undefined;
      }),
    own: () => ownOf(folder, state, entry),
    journal: () => {
      const { store } = openJournal(state);
      try {
        return [...store.read()];
      } finally {
        store.close();
      }
    },
    stop: () => stop(self, folder),
  };
  return self;
}

/** Undefined until it is written, which is when the daemon has taken over what ran. */
function notedPid(state: string): number | undefined {
  try {
    return Number(JSON.parse(readFileSync(join(state, "daemon.json"), "utf8")).pid);
  } catch {
    return undefined; // not there, or half written
  }
}

/** What runs for this folder and is no instance of a service. */
function ownOf(folder: string, state: string, entry: string): readonly Own[] {
  const targets = new Map(markedBy(state).map(({ pid, target }) => [pid, target]));
  return processesWith(folder).flatMap(({ pid, args }) => {
    const target = targets.get(pid);
    if (target !== undefined && !target.startsWith("@")) return [];
    const file = args.find((word) => word.includes("/dist/")) ?? args[0] ?? "";
    // Until it has read its config it is the command.
    const isDaemon = file.endsWith("/daemon-main.js") || (file === entry && args.includes("up"));
    const name = isDaemon ? "daemon" : (target?.slice(1) ?? file.split("/dist/").at(-1) ?? "");
    return [{ name, pid }];
  });
}

/** As a user does, and by force what that leaves. */
async function stop({ own }: Ours, folder: string): Promise<void> {
  const daemon = own().find(({ name }) => name === "daemon");
  if (daemon) kill(daemon.pid, "SIGTERM");
  const untilMs = performance.now() + 20_000;
  while (processesWith(folder).length > 0) {
    if (performance.now() > untilMs) for (const { pid } of processesWith(folder)) kill(pid);
    await sleep(50);
  }
}

/** Resolves with true when the process has ended in time. */
export async function hasEnded(child: ChildProcess, limitMs: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  const late = sleep(limitMs, false, { ref: false });
  return Promise.race([once(child, "exit").then(() => true), late]);
}
