// `homeostat up` and `homeostat check`: read the config, and run the daemon in the foreground.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gatewayLink } from "../../gateway/link.ts";
import { systemClock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { createLog, formatJson, formatText, type Level, silentLog } from "../../kernel/log.ts";
import { systemRandom } from "../../kernel/random.ts";
import { portProblem } from "../../supervisor/ports.ts";
import { startDaemon } from "../../wiring/daemon.ts";
import { loadConfig } from "../../wiring/load.ts";
import type { Problem } from "../../wiring/problem.ts";
import type { Resolved } from "../../wiring/resolve.ts";
import { version } from "../../wiring/version.ts";
import {
  type DaemonNote,
  type GlobalOptions,
  noteFile,
  readNote,
  type Where,
  whereIs,
} from "../context.ts";
import { paint, say, sayJson, table } from "../print.ts";

export interface UpOptions extends GlobalOptions {
  readonly logLevel?: Level;
}

export async function up(options: UpOptions): Promise<void> {
  const where = whereIs(options);
  const resolved = await load(options, where);
  const log = createLog({
    level: options.logLevel ?? "info",
    wall: systemClock.wall,
    write: (entry) => {
      const text = process.stderr.isTTY ? formatText(entry) : formatJson(entry);
      process.stderr.write(text);
    },
  });
  mkdirSync(where.state, { recursive: true, mode: 0o700 });
  const daemon = await startDaemon({
    resolved,
    stateFolder: where.state,
    clock: systemClock,
    random: systemRandom,
    log,
    pid: process.pid,
    env: process.env,
    version,
    gatewayCommand: [process.execPath, ...process.execArgv, gatewayEntry()],
    dashboard: dashboardFolder(),
    onBroken: (error) => {
      log.error("the loop is broken: ending so that a supervisor starts the daemon anew", {
        reason: messageOf(error),
      });
      process.exit(1);
    },
  });
  const { token } = resolved.dashboard;
  const note: DaemonNote = {
    pid: process.pid,
    url: daemon.url,
    ...(token === undefined ? {} : { token }),
  };
  writeFileSync(noteFile(where.state), JSON.stringify(note), { mode: 0o600 });
  process.on("SIGINT", () => daemon.stop("SIGINT"));
  process.on("SIGTERM", () => daemon.stop("SIGTERM"));
  if (options.json) sayJson(note);
  else greet(resolved, daemon.url);
  await daemon.over.finally(() => rmSync(noteFile(where.state), { force: true }));
}

function greet(resolved: Resolved, url: string): void {
  const names = Object.keys(resolved.services);
  const what = names.length === 1 ? names[0] : `${names.length} services (${names.join(", ")})`;
  say(`${paint("bold", "Homeostat")} looks after ${what}, as ${resolved.file} says.`);
  say(`Dashboard: ${paint("accent", url)} · in another terminal: homeostat status`);
  say(`Ctrl-C or ${paint("bold", "homeostat down")} ends everything.`);
}

export async function check(options: GlobalOptions): Promise<void> {
  const where = whereIs(options);
  const resolved = await load(options, where);
  if (options.json) return sayJson({ file: resolved.file, policy: resolved.policy });
  say(paint("good", `${resolved.file} is sound.`));
  const rows = Object.values(resolved.policy.services).map((service) => [
    paint("bold", service.name),
    `${service.replicas} × ${resolved.services[service.name]?.command.join(" ") ?? ""}`,
    service.dependsOn.length === 0 ? "-" : `after ${service.dependsOn.join(", ")}`,
    Object.entries(service.healing.modes)
      .filter(([kind]) => kind !== "page")
      .map(([kind, mode]) => `${kind} ${mode}`)
      .join(", "),
  ]);
  say(table(rows));
}

async function load(options: GlobalOptions, where: Where): Promise<Resolved> {
  return loadConfig({
    folder: where.folder,
    ...(options.config === undefined ? {} : { file: options.config }),
    env: process.env,
    alsoCheck: (config) => portsInUse(config, where),
  });
}

/** Ports that others hold. Those of this project's own gateway and daemon are no problem. */
async function portsInUse(config: unknown, where: Where): Promise<readonly Problem[]> {
  const { services, dashboard } = config as Partial<
    Record<string, Readonly<Record<string, unknown>>>
  >;
  const wanted: { readonly path: string; readonly host: string; readonly port: number }[] = [];
  if (!(await gatewayAnswers(where))) {
    for (const [name, service] of Object.entries(services ?? {})) {
      const { port } = (service ?? {}) as { readonly port?: unknown };
      if (isPort(port)) wanted.push({ path: `services.${name}.port`, host: "127.0.0.1", port });
    }
  }
  const port = dashboard?.port ?? 7_700;
  const host = typeof dashboard?.host === "string" ? dashboard.host : "127.0.0.1";
  if (isPort(port) && !isAlive(readNote(where.state)?.pid)) {
    wanted.push({ path: "dashboard.port", host, port });
  }
  const problems: Problem[] = [];
  for (const { path, host, port } of wanted) {
    const got = await portProblem(host, port);
    if (got !== undefined) problems.push({ path, expected: "a free port", got });
  }
  return problems;
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process: the note was left by a daemon that died.
    return false;
  }
}

async function gatewayAnswers(where: Where): Promise<boolean> {
  const socketPath = join(where.state, "gateway.sock");
  const link = gatewayLink({ socketPath, clock: systemClock, log: silentLog });
  const answers = await link.stats().then(
    () => true,
    () => false,
  );
  link.close();
  return answers;
}

/** Beside this file in the sources as in the build: only the ending differs. */
function gatewayEntry(): string {
  const here = fileURLToPath(import.meta.url);
  const ending = here.endsWith(".ts") ? "ts" : "js";
  return join(dirname(here), "..", "..", "gateway", `main.${ending}`);
}

function dashboardFolder(): string {
  return fileURLToPath(new URL("../../../dashboard/dist", import.meta.url));
}
