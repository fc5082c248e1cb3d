// `homeostat check`: reads the config, and shows what it means.
import { existsSync } from "node:fs";
import type { ServicePolicy } from "../../model/policy.ts";
import { conditionOf, untilText } from "../../supervisor/condition.ts";
import { processViews } from "../../wiring/describe.ts";
import { waysOfLogs } from "../../wiring/logs.ts";
import type { Resolved } from "../../wiring/resolve.ts";
import { waysText } from "../../wiring/resolve-notify.ts";
import { span } from "../../wiring/words.ts";
import { whereIs } from "../context.ts";
import { inContainer } from "../first-process.ts";
import { load, type UpOptions } from "../load.ts";
import { paint, say, sayJson, table } from "../print.ts";

export async function check(options: UpOptions): Promise<void> {
  const where = whereIs(options);
  const resolved = await load(options, where, { isHeld: inContainer() });
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
