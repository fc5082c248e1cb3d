// The daemon as a program: starts it, tells where it is, and hands it the signals.
import { rmSync, writeFileSync } from "node:fs";
import { systemClock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { createLog, formatJson, formatText } from "../kernel/log.ts";
import { systemRandom } from "../kernel/random.ts";
import { version } from "../kernel/version.ts";
import { dockerGraceMs } from "../wiring/check-stop.ts";
import { startDaemon } from "../wiring/daemon.ts";
import { packageFile } from "../wiring/files.ts";
import type { Resolved } from "../wiring/resolve.ts";
import { writeCompiled } from "./compiled.ts";
import { type DaemonNote, noteFile } from "./context.ts";
import { inContainer } from "./first-process.ts";
import { inherited, type Launch, spawnerOptions, successorOf } from "./launch.ts";
import { dashboardFolder, gatewayEntry, spawnerEntry } from "./places.ts";
import { paint, say, sayJson } from "./print.ts";

/** HUP is the end of the terminal: services that nobody looks after would be the worse end. */
const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves when the daemon was told to stop and everything it ran has ended. */
export async function runDaemon({
  resolved,
  stateFolder,
  logLevel,
  json,
  options,
}: Launch): Promise<void> {
  // A daemon has more to do than to be read.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const log = createLog({
    level: logLevel,
    wall: systemClock.wall,
    write: (entry) => {
      const text = process.stderr.isTTY ? formatText(entry) : formatJson(entry);
      process.stderr.write(text);
    },
  });
  const { stop: time } = resolved;
  if (inContainer() && time.graceMs === undefined && time.ms >= dockerGraceMs) {
    const more = "set stop_grace_period or --stop-timeout, and stop.grace in the config";
    log.warn(`Docker kills after 10 s unless it is told otherwise: ${more}`, { needsMs: time.ms });
  }
  // From here on there is something to end: an order that comes too early waits until it can be.
  const asked: string[] = [];
  let stop = (by: string): void => void asked.push(by);
  for (const signal of endSignals) process.on(signal, () => stop(signal));
  const daemon = await startDaemon({
    resolved,
    stateFolder,
    clock: systemClock,
    random: systemRandom,
    log,
    pid: process.pid,
    env: process.env,
    version,
    stdout: process.stdout,
    gatewayCommand: [process.execPath, ...inherited(), gatewayEntry],
    spawnerCommand: [process.execPath, ...inherited(), ...spawnerOptions, spawnerEntry],
    dashboard: dashboardFolder,
    successor: { check: (nonce) => successorOf(stateFolder, nonce) },
    onBroken: (error) => {
      log.error("the loop is broken: ending so that a supervisor starts the daemon anew", {
        reason: messageOf(error),
      });
      process.exit(1);
    },
  });
  const { token } = resolved.dashboard;
  const known = { pid: process.pid, url: daemon.url, startedAtMs: systemClock.wall() };
  const note: DaemonNote = {
    ...known,
    options,
    ...(token === undefined ? {} : { token }),
  };
  writeFileSync(noteFile(stateFolder), JSON.stringify(note), { mode: 0o600 });
  stop = daemon.stop;
  for (const by of asked) stop(by);
  if (json) sayJson(known);
  else greet(resolved, daemon.url);
  writeCompiled();
  await daemon.over.finally(() => rmSync(noteFile(stateFolder), { force: true }));
}

/** Three lines: what was done, where to look, how it ends and what could come next. */
function greet(resolved: Resolved, url: string): void {
  const isPackage = resolved.file === packageFile;
  const names = Object.keys(resolved.services);
  const what = names.length === 1 ? names[0] : `${names.length} services (${names.join(", ")})`;
  const port = Object.values(resolved.services)[0]?.port ?? 0;
  const homeostat = paint("bold", "Homeostat");
  const address = paint("accent", `http://127.0.0.1:${port}`);
  say(
    isPackage
      ? `${homeostat} runs "npm start" of package.json as ${what}: it must listen on PORT; clients use ${address}`
      : `${homeostat} looks after ${what}, as ${resolved.file} says.`,
  );
  say(
    `Dashboard: ${paint("accent", url)} · in another terminal: homeostat status, homeostat logs -f`,
  );
  const end = `Ctrl-C or ${paint("bold", "homeostat down")} ends everything.`;
  const more = `services: { app: { command: npm start, port: ${port}, probe: { http: / } } }`;
  say(isPackage ? `${end} To set more, write homeostat.yaml: ${more}` : end);
}
