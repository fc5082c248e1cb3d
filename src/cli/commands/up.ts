// `homeostat up` and `homeostat check`: read the config, and run the daemon in the foreground.
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { createLog, formatJson, formatText, type Level } from "../../kernel/log.ts";
import { systemRandom } from "../../kernel/random.ts";
import { version } from "../../kernel/version.ts";
import type { ServicePolicy } from "../../model/policy.ts";
import { conditionOf, untilText } from "../../supervisor/condition.ts";
import { startDaemon } from "../../wiring/daemon.ts";
import { processViews } from "../../wiring/describe.ts";
import { loadConfig, packageFile } from "../../wiring/load.ts";
import { waysOfLogs } from "../../wiring/logs.ts";
import type { Resolved } from "../../wiring/resolve.ts";
import { type DaemonNote, type GlobalOptions, noteFile, type Where, whereIs } from "../context.ts";
import { dashboardFolder, gatewayEntry, spawnerEntry } from "../places.ts";
import { portsInUse } from "../ports.ts";
import { paint, say, sayJson, table } from "../print.ts";
import { wholeOption } from "../usage.ts";

export interface UpOptions extends GlobalOptions {
  readonly logLevel?: Level;
  readonly dashboardPort?: string;
  readonly profile?: readonly string[];
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
  makeFolder(where.state);
  // From here on there is something to end: an order that comes too early waits until it can be.
  const asked: string[] = [];
  let stop = (by: string): void => void asked.push(by);
  process.on("SIGINT", () => stop("SIGINT"));
  process.on("SIGTERM", () => stop("SIGTERM"));
  const daemon = await startDaemon({
    resolved,
    stateFolder: where.state,
    clock: systemClock,
    random: systemRandom,
    log,
    pid: process.pid,
    env: process.env,
    version,
    stdout: process.stdout,
    gatewayCommand: [process.execPath, ...process.execArgv, gatewayEntry],
    spawnerCommand: [process.execPath, ...process.execArgv, spawnerEntry],
    dashboard: dashboardFolder,
    onBroken: (error) => {
      log.error("the loop is broken: ending so that a supervisor starts the daemon anew", {
        reason: messageOf(error),
      });
      process.exit(1);
    },
  });
  const { token } = resolved.dashboard;
  const known = { pid: process.pid, url: daemon.url };
  const note: DaemonNote = { ...known, ...(token === undefined ? {} : { token }) };
  writeFileSync(noteFile(where.state), JSON.stringify(note), { mode: 0o600 });
  stop = daemon.stop;
  for (const by of asked) stop(by);
  if (options.json) sayJson(known);
  else greet(resolved, daemon.url);
  await daemon.over.finally(() => rmSync(noteFile(where.state), { force: true }));
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

export async function check(options: UpOptions): Promise<void> {
  const where = whereIs(options);
  const resolved = await load(options, where);
  const processes = processViews(resolved, process.env);
  const logs = await waysOfLogs(
    existsSync(where.state) ? where.state : where.folder,
    resolved.logs,
  );
  if (options.json) {
    return sayJson({ file: resolved.file, policy: resolved.policy, processes, logs });
  }
  say(paint("good", `${resolved.file} is sound.`));
  const rows = Object.values(resolved.policy.services).map((service) => [
    paint("bold", service.name),
    `${service.replicas} × ${resolved.services[service.name]?.command.join(" ") ?? ""}`,
    orderText(service, resolved),
    Object.entries(service.healing.modes)
      .filter(([kind]) => kind !== "page")
      .map(([kind, mode]) => `${kind} ${mode}`)
      .join(", "),
  ]);
  say(table(rows));
  for (const [name, { user, limits, env }] of Object.entries(processes)) {
    const ofLimits = limits.length === 0 ? [] : [["  limits", limits.join(", ")]];
    say(`\n${paint("bold", name)}`);
    say(table([["  user", user], ...ofLimits, ["  env", env.join(", ")]]));
  }
  say(`\n${paint("bold", "logs")} ${logs}`);
}

/** "after db, migrate to have completed; job, 0 3 * * *". */
function orderText({ name, dependsOn, job }: ServicePolicy, { services }: Resolved): string {
  const { conditions } = services[name] ?? {};
  const after = dependsOn.map((other) => {
    const condition = conditionOf({ dependsOn, ...(conditions ? { conditions } : {}) }, other);
    return condition === "ready" ? other : `${other} to ${untilText(condition)}`;
  });
  const texts = after.length === 0 ? [] : [`after ${after.join(", ")}`];
  if (job) texts.push(`job, ${job.schedule ?? "no schedule"}`);
  return texts.length === 0 ? "-" : texts.join("; ");
}

async function load(options: UpOptions, where: Where): Promise<Resolved> {
  const { dashboardPort: port } = options;
  return loadConfig({
    folder: where.folder,
    ...(options.config === undefined ? {} : { file: options.config }),
    ...(port === undefined
      ? {}
      : { dashboardPort: wholeOption("--dashboard-port", port, 1, 65_535) }),
    profiles: options.profile ?? [],
    env: process.env,
    clock: systemClock,
    alsoCheck: (config) => portsInUse(config, where),
  });
}

/** @throws JOURNAL_UNUSABLE */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const message = `the state folder cannot be made: ${messageOf(error)}`;
    throw new HomeostatError("JOURNAL_UNUSABLE", message, { cause: error });
  }
}
