// What a heartbeat says of its sender: the host, how long it is up, and how its health is.
import { hostname, loadavg, uptime } from "node:os";
import { formatDuration } from "../../kernel/duration.ts";
import type { Checked, HealthView, Status } from "../parts/health.ts";
import type { Roll } from "../parts/roll.ts";

export interface HostFacts {
  readonly name: string;
  readonly upSeconds: number;
  /** Of 1, 5 and 15 minutes. */
  readonly load: readonly number[];
}

export const systemHost = (): HostFacts => ({
  name: hostname(),
  upSeconds: uptime(),
  load: loadavg(),
});

/** A self-hosted healthchecks keeps so many bytes of a body; the hosted one 100,000. */
const mostBytes = 10_000;
const mostNames = 20;

/** `HOSTNAME up 3 d 4 h, load 0.12 0.10 0.05`, as `$(hostname) $(uptime)` of the old crontab. */
export function hostLine({ name, upSeconds, load }: HostFacts): string {
  const loads = load.map((each) => each.toFixed(2)).join(" ");
  return `${name} up ${formatDuration(upSeconds * 1_000)}, load ${loads}`;
}

/** Names and states only: a reason may quote what a dependency said, and this leaves the house. */
export function healthLine(health: Pick<HealthView, "list">): string {
  const checks = health.list();
  const named = (status: Status): string[] => {
    const found = checks.filter((check) => check.status === status).map(nameOf);
    return found.length === 0 ? [] : [`${status}: ${some(found)}`];
  };
  const unwell = [...named("unhealthy"), ...named("degraded"), ...named("unknown")];
  const healthy = checks.filter(({ status }) => status === "healthy").length;
  return [`health: ${healthy} of ${checks.length} checks healthy`, ...unwell].join("; ");
}

function nameOf({ name, critical }: Checked): string {
  return critical ? name : `${name} (not critical)`;
}

/** What the watchdog misses. */
export function rollLine({ count, missing }: Roll): string {
  return missing.length === 0
    ? `watchdog: all ${count} live`
    : `watchdog: ${count} live, missing: ${some(missing)}`;
}

function some(names: readonly string[]): string {
  const more = names.length - mostNames;
  return `${names.slice(0, mostNames).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Cut to what every server keeps, between two characters. */
export function bounded(text: string): string {
  const bytes = Buffer.from(text.toWellFormed());
  if (bytes.length <= mostBytes) return bytes.toString();
  return new TextDecoder().decode(bytes.subarray(0, mostBytes), { stream: true });
}
