// `homeostat up` and `homeostat check`: read the config, and run the daemon in the foreground.
import { existsSync, mkdirSync } from "node:fs";
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { ServicePolicy } from "../../model/policy.ts";
import { conditionOf, untilText } from "../../supervisor/condition.ts";
import { checkContainer } from "../../wiring/check-stop.ts";
import { processViews } from "../../wiring/describe.ts";
import { loadConfig } from "../../wiring/load.ts";
import { waysOfLogs } from "../../wiring/logs.ts";
import type { Resolved } from "../../wiring/resolve.ts";
import { waysText } from "../../wiring/resolve-notify.ts";
import { span } from "../../wiring/words.ts";
import { type GlobalOptions, type LaunchOptions, type Where, whereIs } from "../context.ts";
import { launch } from "../enter.ts";
import { inContainer, leaveFirstPlace } from "../first-process.ts";
import { portsInUse } from "../ports.ts";
import { paint, say, sayJson, table } from "../print.ts";
import { wholeOption } from "../usage.ts";

export interface UpOptions extends GlobalOptions, LaunchOptions {}

/** The daemon takes the place of this process, which has read the config: it needs no memory for that. */
export async function up(options: UpOptions): Promise<void> {
  leaveFirstPlace();
  const where = whereIs(options);
  const resolved = await load(options, where);
  makeFolder(where.state);
  await launch({
    resolved,
    folder: where.folder,
    stateFolder: where.state,
    logLevel: options.logLevel ?? "info",
    up: [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    json: options.json ?? false,
    options: chosen(options),
  });
}

function chosen({ config, logLevel, dashboardPort, profile }: UpOptions): LaunchOptions {
  return {
    ...(config === undefined ? {} : { config }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(dashboardPort === undefined ? {} : { dashboardPort }),
    ...(profile === undefined ? {} : { profile }),
  };
}

export async function check(options: UpOptions): Promise<void> {
  const where = whereIs(options);
  const resolved = await load(options, where, inContainer());
  const processes = processViews(resolved, process.env);
  const logs = await waysOfLogs(
    existsSync(where.state) ? where.state : where.folder,
    resolved.logs,
  );
  const ways = waysText(resolved.notify);
  if (options.json) {
    const { file, policy, stop } = resolved;
    return sayJson({ file, policy, processes, stop, logs, ways });
  }
  say(paint("good", `${resolved.file} is sound.`));
  const rows = Object.values(resolved.policy.services).map((service) => [
    paint("bold", service.name),
    service.external
      ? "elsewhere"
      : `${service.replicas} × ${resolved.services[service.name]?.command.join(" ") ?? ""}`,
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
  say(`\n${paint("bold", "stop")} ${stopText(resolved)}`);
  say(`${paint("bold", "logs")} ${logs}`);
  say(`${paint("bold", "people")} ${ways.replaceAll("\n", "\n       ")}`);
}

/** "within 23s: web, then Homeostat itself; …" */
function stopText({ stop: { ms, way, graceMs } }: Resolved): string {
  const all = [...way, "Homeostat itself"].join(", then ");
  const outer =
    graceMs === undefined
      ? "whoever runs it must wait longer: TimeoutStopSec, stop_grace_period, stopwaitsecs"
      : `whoever runs it waits ${span(graceMs)}`;
  return `within ${span(ms)} at most: ${all}; ${outer}`;
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

/** `isHeld`: what a container gives without a word is enough, or it is a problem. */
export async function load(options: UpOptions, where: Where, isHeld = false): Promise<Resolved> {
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
    alsoCheck: async (config) => [
      ...(await portsInUse(config, where)),
      ...(isHeld ? checkContainer(config) : []),
    ],
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
