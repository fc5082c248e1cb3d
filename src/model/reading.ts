// One measured value of one target; being sick is a value, having no data is no reading.
import type { Target } from "./target.ts";

export type Unit = "ms" | "bytes" | "ratio" | "count" | "per_s" | "bool" | "code";

/** The metrics that probes and sources of this package write. */
export const metrics = {
  /** 1 healthy, 0 sick; the note says why. */
  probe: { name: "probe", unit: "bool" },
  /** Time to the answer of the probe; absent when none came. */
  probeLatency: { name: "probe.latency", unit: "ms" },
  /** 1 ready for traffic, 0 not; of a service whose readiness is asked for apart. */
  probeReady: { name: "probe.ready", unit: "bool" },
  /** What is answered while the instance starts; of a service with probes of each kind apart. */
  probeStartup: { name: "probe.startup", unit: "bool" },
  /** 0 while a probe cannot ask at all, which says nothing about the instance; 1 once it can again. */
  probeWorks: { name: "probe.works", unit: "bool" },
  /** So much longer its start may take, from then on: it has asked for it. */
  probeExtended: { name: "probe.extended", unit: "ms" },
  /** Time until the certificate that was shown expires; negative after that. */
  certificateLeft: { name: "probe.certificate_left", unit: "ms" },
  /** 1 room for journal and logs, 0 too little; the note says how much. */
  diskRoom: { name: "disk.room", unit: "bool" },
  /** Share of one core, 0…n. */
  cpu: { name: "process.cpu", unit: "ratio" },
  rss: { name: "process.rss", unit: "bytes" },
  fds: { name: "process.fds", unit: "count" },
  /** How many it may have open. */
  fdsMost: { name: "process.fds_most", unit: "count" },
  threads: { name: "process.threads", unit: "count" },
  /** Context switches of the first thread, of both kinds. */
  switches: { name: "process.switches", unit: "per_s" },
  /** Bytes a second from and to disks. */
  diskRead: { name: "process.disk_read", unit: "per_s" },
  diskWritten: { name: "process.disk_written", unit: "per_s" },
  /** What a watcher outside says of a service that runs elsewhere: 1 up, 0 down. */
  watcher: { name: "watcher.up", unit: "bool" },
  /** Whether an Alertmanager says that it is well: 0 while an alert of the service is firing. */
  alerts: { name: "alerts", unit: "bool" },
  /** Exit code, or 128 + signal number; the note decodes it. */
  exit: { name: "process.exit", unit: "code" },
  requests: { name: "gateway.requests", unit: "per_s" },
  /** Share of requests that ended in 5xx or a broken connection; absent without requests. */
  errors: { name: "gateway.errors", unit: "ratio" },
  p50: { name: "gateway.p50", unit: "ms" },
  p95: { name: "gateway.p95", unit: "ms" },
  p99: { name: "gateway.p99", unit: "ms" },
  inflight: { name: "gateway.inflight", unit: "count" },
  /** What the app says of itself over its link: 0 unhealthy; absent while it does not know. */
  appHealth: { name: "app.health", unit: "bool" },
  appLoopDelay: { name: "app.loop_delay_p99", unit: "ms" },
  appHeap: { name: "app.heap_used", unit: "bytes" },
  appFeaturesOff: { name: "app.features_off", unit: "count" },
  appBreakersOpen: { name: "app.breakers_open", unit: "count" },
  /** Watched workers, tasks and the like that are gone and not back yet. */
  appLost: { name: "app.lost", unit: "count" },
  /** Lines of a service's log, by label `severity`: error, warn, info, debug, none. */
  logLines: { name: "log.lines", unit: "per_s" },
  /** Lines that were counted, but not looked at. */
  logCut: { name: "log.cut", unit: "per_s" },
  logTemplates: { name: "log.templates", unit: "count" },
  /** How much of what its log usually says is learnt: 0…1, told until it is. */
  logLearnt: { name: "log.learnt", unit: "ratio" },
  /** Kinds of lines that the log never had; the note says which. Absent while it is learnt. */
  logNewTemplates: { name: "log.new_templates", unit: "count" },
  /** How much of its warm-up is behind the series of a service: 0…1, told each minute until it is. */
  seriesLearnt: { name: "series.learnt", unit: "ratio" },
  /** Of the machine: shares of all its cores. */
  hostCpu: { name: "host.cpu", unit: "ratio" },
  hostIoWait: { name: "host.io_wait", unit: "ratio" },
  /** Taken by other guests of the same hardware. */
  hostSteal: { name: "host.steal", unit: "ratio" },
  hostMemory: { name: "host.memory_used", unit: "ratio" },
  hostMemoryFree: { name: "host.memory_available", unit: "bytes" },
  hostSwap: { name: "host.swap_used", unit: "ratio" },
  /** Share of the time in which some, or all, waited; labels `resource` and `kind`. */
  hostPressure: { name: "host.pressure", unit: "ratio" },
  hostFds: { name: "host.fds", unit: "count" },
  hostFdsUsed: { name: "host.fds_used", unit: "ratio" },
  hostReceived: { name: "host.network_received", unit: "per_s" },
  hostSent: { name: "host.network_sent", unit: "per_s" },
  /** Packets that were lost or broken, both ways. */
  hostNetworkErrors: { name: "host.network_errors", unit: "per_s" },
  /** By label `mount`, of the disks in use. */
  hostDisk: { name: "host.disk_used", unit: "ratio" },
  hostDiskFree: { name: "host.disk_free", unit: "bytes" },
  hostInodes: { name: "host.inodes_used", unit: "ratio" },
  /** Of what the control group of the daemon may have; absent without a limit. */
  groupCpu: { name: "host.group_cpu", unit: "ratio" },
  groupThrottled: { name: "host.group_throttled", unit: "ratio" },
  groupMemory: { name: "host.group_memory_used", unit: "ratio" },
} as const;

export interface Metric {
  readonly name: string;
  readonly unit: Unit;
}

export interface Reading {
  readonly target: Target;
  readonly metric: string;
  readonly value: number;
  readonly unit: Unit;
  /** Loop time, milliseconds. */
  readonly atMs: number;
  /** Why the value is what it is, when that is known ("no answer within 1000 ms"). */
  readonly note?: string;
}

export function reading(
  target: Target,
  metric: Metric,
  value: number,
  atMs: number,
  note?: string,
): Reading {
  const base = { target, metric: metric.name, value, unit: metric.unit, atMs };
  return note === undefined ? base : { ...base, note };
}
