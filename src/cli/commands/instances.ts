// The instances of a state as rows: what `ps` and `top` show of each.
import { formatDuration } from "../../kernel/duration.ts";
import { metrics } from "../../model/reading.ts";
import type { InstanceView, ServiceView, StateView } from "../../protocol/api.ts";
import { paint, type Tone } from "../print.ts";

export interface InstanceRow {
  readonly instance: string;
  readonly service: string;
  /** One word: healthy, sick, starting, stopping, stopped, down, or how a job is. */
  readonly health: string;
  readonly pid?: number;
  readonly port?: number;
  readonly uptimeMs?: number;
  /** Share of one core. */
  readonly cpu?: number;
  readonly rssBytes?: number;
  /** Memory with a fair share of what it shares; when it was asked for. */
  readonly pssBytes?: number;
  /** Unexpected ends since people last stopped it; at most 50 are counted. */
  readonly restarts: number;
  readonly note?: string;
}

export function rowsOf({ services }: StateView): readonly InstanceRow[] {
  return services.flatMap((service) => service.instances.map((it) => rowOf(service, it)));
}

function rowOf(service: ServiceView, it: InstanceView): InstanceRow {
  const { target, pid, port, uptimeMs, latest, note, restarts = 0 } = it;
  const cpu = latest[metrics.cpu.name];
  const rssBytes = latest[metrics.rss.name];
  const runs = it.state !== "down";
  return {
    instance: target,
    service: service.name,
    health: wordOf(service, it),
    ...(runs && pid !== undefined ? { pid } : {}),
    ...(runs && port !== undefined ? { port } : {}),
    ...(uptimeMs === undefined ? {} : { uptimeMs: Math.round(uptimeMs) }),
    ...(runs && cpu !== undefined ? { cpu } : {}),
    ...(runs && rssBytes !== undefined ? { rssBytes } : {}),
    restarts,
    ...(note === undefined ? {} : { note }),
  };
}

/** Of a job it is told how its work is, not whether a process is there. */
export function wordOf({ job, stopped }: ServiceView, { health, state }: InstanceView): string {
  if (stopped && state === "down") return "stopped";
  if (job) return job.state;
  return health === "unknown" ? state : health;
}

export const healthTones: Readonly<Record<string, Tone>> = {
  healthy: "good",
  ready: "good",
  completed: "good",
  running: "good",
  idle: "dim",
  stopped: "dim",
  sick: "bad",
  failed: "bad",
  overdue: "bad",
};

/** Cells of numbers end at the same column. */
export function cellsOf(row: InstanceRow): readonly string[] {
  const { instance, health, pid, cpu, rssBytes, pssBytes, restarts, uptimeMs, note } = row;
  return [
    paint("bold", instance),
    paint(healthTones[health] ?? "warn", health),
    right(pid === undefined ? "-" : String(pid), 7),
    right(cpu === undefined ? "-" : `${(cpu * 100).toFixed(1)} %`, 7),
    right(mebibytes(rssBytes), 8),
    ...(pssBytes === undefined ? [] : [right(mebibytes(pssBytes), 8)]),
    paint(restarts > 0 ? "warn" : "dim", right(String(restarts), 8)),
    right(uptimeMs === undefined ? "-" : formatDuration(uptimeMs), 8),
    paint("dim", note ?? ""),
  ];
}

export const heads: readonly string[] = headsOf(false);

export function headsOf(hasPss: boolean): readonly string[] {
  const pss = hasPss ? [right("pss", 8)] : [];
  return [
    ...["instance", "health", right("pid", 7), right("cpu", 7), right("memory", 8), ...pss],
    ...[right("restarts", 8), right("up", 8), ""],
  ];
}

function mebibytes(bytes: number | undefined): string {
  return bytes === undefined || Number.isNaN(bytes) ? "-" : `${(bytes / 1_048_576).toFixed(0)} MiB`;
}

function right(text: string, width: number): string {
  return text.padStart(width);
}
