// Runs `homeostat up` beside the tour and asks it how things are.
import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { IncidentDetail, IncidentView, StateView } from "homeostat";

export const shopFolder: string = join(import.meta.dirname, "..");
export const stateFolder: string = join(shopFolder, ".homeostat");
const entry = join(shopFolder, "..", "..", "src", "cli", "main.ts");

export interface Daemon {
  readonly url: string;
  readonly child: ChildProcess;
  state(): Promise<StateView>;
  incident(id: string): Promise<IncidentDetail>;
  /** Ends the services and the daemon. */
  down(): Promise<void>;
}

/** Starts the daemon; its own log goes to a file beside those of the services. */
export async function startDaemon(limitMs = 60_000): Promise<Daemon> {
  const log = openSync(join(stateFolder, "daemon.log"), "a");
  const args = ["--conditions=source", entry, "--folder", shopFolder, "up"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", log, log] });
  const untilMs = Date.now() + limitMs;
  for (;;) {
    const url = noteUrl(child.pid);
    if (url !== undefined) return { url, child, ...asking(url, child) };
    if (child.exitCode !== null) {
      throw new Error(`homeostat up ended with ${child.exitCode}:\n${lastOf("daemon.log")}`);
    }
    if (Date.now() > untilMs) throw new Error(`homeostat up is not there after ${limitMs} ms`);
    await sleep(50);
  }
}

function asking(url: string, child: ChildProcess): Pick<Daemon, "state" | "incident" | "down"> {
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(url + path, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    state: () => get<StateView>("/api/state"),
    incident: (id) => get<IncidentDetail>(`/api/incidents/${id}`),
    down: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function noteUrl(pid: number | undefined): string | undefined {
  try {
    const text = readFileSync(join(stateFolder, "daemon.json"), "utf8");
    const note = JSON.parse(text) as { readonly pid: number; readonly url: string };
    return note.pid === pid ? note.url : undefined;
  } catch {
    // Not written yet, or half written.
    return undefined;
  }
}

function lastOf(file: string): string {
  return readFileSync(join(stateFolder, file), "utf8").split("\n").slice(-12).join("\n");
}

/** Asks until `found` has an answer. */
export async function until<T>(
  what: string,
  limitMs: number,
  found: () => Promise<T | undefined>,
): Promise<T> {
  const untilMs = Date.now() + limitMs;
  for (;;) {
    const answer = await found();
    if (answer !== undefined) return answer;
    if (Date.now() > untilMs) throw new Error(`${what}: not within ${limitMs / 1_000} s`);
    await sleep(100);
  }
}

export async function allHealthy(daemon: Daemon, limitMs: number): Promise<void> {
  await until("all services healthy", limitMs, async () => {
    const { services } = await daemon.state();
    return services.every((service) => service.health === "healthy") ? true : undefined;
  });
}

/** The ids of the incidents there are. */
export async function incidentIds(daemon: Daemon): Promise<ReadonlySet<string>> {
  const { incidents } = await daemon.state();
  return new Set(incidents.map((incident: IncidentView) => incident.id));
}
