// A project folder of a test's own, with a real `homeostat up` in it; whatever it starts it ends.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Event } from "../../../src/model/event.ts";
import type { IncidentDetail, StateView } from "../../../src/protocol/api.ts";
import type { Config } from "../../../src/wiring/config.ts";
import { openJournal } from "../../../src/wiring/journal.ts";
import { endMarked, type Marked, markedBy } from "./marked.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Project {
  readonly folder: string;
  readonly state: string;
  readonly url: string;
  /** Starts `homeostat up`; its log is appended to daemon.log in the folder. */
  spawnUp(): ChildProcess;
  /** Starts `homeostat up` and waits until it answers. */
  up(): Promise<ChildProcess>;
  cli(...args: readonly string[]): Promise<Ran>;
  /** The same, still under way. */
  spawnCli(...args: readonly string[]): {
    readonly child: ChildProcess;
    readonly out: () => string;
  };
  view(): Promise<StateView>;
  incident(id: string): Promise<IncidentDetail>;
  post(path: string, body?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Waits until every service is healthy. */
  healthy(limitMs?: number): Promise<StateView>;
  /** The running processes that carry the project's mark. */
  marked(): readonly Marked[];
  /** The process that the daemon started for the target; throws unless there is exactly one. */
  leader(target: string): Marked;
  journal(): readonly Event[];
  log(): string;
  writeConfig(config: Config): void;
  /** Ends everything that was started here and removes the folder. */
  remove(): Promise<void>;
}

/** `make` gets the folder and a function that hands out free ports. */
export async function createProject(
  make: (folder: string, port: () => number) => Config,
): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-project-"));
  const state = join(folder, ".homeostat");
  const ports = await freePorts(12);
  const port = (): number => ports.pop() ?? 0;
  const dashboard = { port: port() };
  const url = `http://127.0.0.1:${dashboard.port}`;
  const writeConfig = (config: Config): void =>
    writeFileSync(join(folder, "homeostat.json"), JSON.stringify({ dashboard, ...config }));
  writeConfig(make(folder, port));
  const children = new Set<ChildProcess>();
  const call = asking(url);
  const marked = (): readonly Marked[] => markedBy(state);

  const spawnUp = (): ChildProcess => {
    const log = openSync(join(folder, "daemon.log"), "a");
    const child = spawn(process.execPath, upArguments(folder), { stdio: ["ignore", log, log] });
    closeSync(log);
    children.add(child);
    return child;
  };

  const self: Project = {
    folder,
    state,
    url,
    spawnUp,
    up: async () => {
      const child = spawnUp();
      await until("homeostat up answers", 30_000, async () => {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(
            `homeostat up ended with ${child.exitCode}:\n${self.log().slice(-3_000)}`,
          );
        }
        return (await notePid(state)) === child.pid ? true : undefined;
      });
      return child;
    },
    cli: (...args) => run(folder, args, children),
    spawnCli: (...args) => {
      const { child, said } = startCli(folder, args, children);
      return { child, out: () => said.out };
    },
    view: () => call.get<StateView>("/api/state"),
    incident: (id) => call.get<IncidentDetail>(`/api/incidents/${id}`),
    post: call.post,
    healthy: (limitMs = 30_000) =>
      until("all services healthy", limitMs, async () => {
        const view = await self.view().catch(() => undefined);
        return view?.services.every((it) => it.health === "healthy") ? view : undefined;
      }),
    marked,
    leader: (target) => {
      const leaders = marked().filter((it) => it.target === target && it.leader);
      const [only] = leaders;
      if (!only || leaders.length > 1) throw new Error(`${leaders.length} leaders of ${target}`);
      return only;
    },
    journal: () => {
      const { store } = openJournal(state);
      try {
        return [...store.read()];
      } finally {
        store.close();
      }
    },
    log: () => readFileSync(join(folder, "daemon.log"), "utf8"),
    writeConfig,
    remove: async () => {
      for (const child of children) await endChild(child);
      await endMarked(state);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return self;
}

function upArguments(folder: string): readonly string[] {
  return ["--conditions=source", entry, "--folder", folder, "up"];
}

/** The note is written when the daemon has taken over what ran. */
async function notePid(state: string): Promise<number | undefined> {
  try {
    const note = JSON.parse(readFileSync(join(state, "daemon.json"), "utf8"));
    return Number(note.pid);
  } catch {
    // Not written yet, or half written.
    return undefined;
  }
}

async function run(
  folder: string,
  args: readonly string[],
  children: Set<ChildProcess>,
): Promise<Ran> {
  const { child, said } = startCli(folder, args, children);
  await once(child, "close");
  children.delete(child);
  return { code: child.exitCode, ...said };
}

function startCli(
  folder: string,
  args: readonly string[],
  children: Set<ChildProcess>,
): { readonly child: ChildProcess; readonly said: { out: string; err: string } } {
  const all = ["--conditions=source", entry, "--folder", folder, ...args];
  const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  const said = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    said.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said.err += chunk;
  });
  return { child, said };
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** Resolves with the exit code, or fails after `limitMs`. */
export async function exited(child: ChildProcess, limitMs: number): Promise<number | null> {
  await until(`the process ${child.pid} ends`, limitMs, async () =>
    child.exitCode !== null || child.signalCode !== null ? true : undefined,
  );
  return child.exitCode;
}

function asking(url: string): {
  get<T>(path: string): Promise<T>;
  post: Project["post"];
} {
  return {
    get: async (path) => {
      const response = await fetch(url + path, { signal: AbortSignal.timeout(10_000) });
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as never;
    },
    post: async (path, body = {}) => {
      const response = await fetch(url + path, {
        method: "POST",
        headers: { "x-homeostat": "1", "content-type": "application/json" },
        body: JSON.stringify({ by: "test", ...body }),
        signal: AbortSignal.timeout(60_000),
      });
      return { status: response.status, body: await response.json() };
    },
  };
}

/** Asks until there is an answer. */
export async function until<T>(
  what: string,
  limitMs: number,
  found: () => Promise<T | undefined>,
): Promise<T> {
  const untilMs = performance.now() + limitMs;
  for (;;) {
    const answer = await found();
    if (answer !== undefined) return answer;
    if (performance.now() > untilMs) throw new Error(`${what}: not within ${limitMs / 1_000} s`);
    await sleep(50);
  }
}

/** Below the range from which the kernel takes ports for outgoing connections. */
const [lowestPort, highestPort] = [20_000, 31_999];

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1_000) throw new Error("no free ports were found");
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().listen(port, "127.0.0.1");
    server.once("error", () => resolve(false));
    server.once("listening", () => server.close(() => resolve(true)));
  });
}
