// The machine and the logs of services as metrics; what is not measured here has no sample.
import type { Mind } from "../controller/step.ts";
import { metrics } from "../model/reading.ts";
import { labelsOf, metricOf } from "../model/series.ts";
import { hostTarget, type Target } from "../model/target.ts";
import type { Family } from "../protocol/metric-family.ts";
import { latestOf } from "./latest.ts";
import { family, type Labels, type Point } from "./metrics-parts.ts";

type Shown = readonly [name: string, metric: { readonly name: string }, help: string];

const ofHost: readonly Shown[] = [
  ["host_cpu_ratio", metrics.hostCpu, "Share of all cores of the machine that is busy"],
  ["host_io_wait_ratio", metrics.hostIoWait, "Share of all cores that waits for disks"],
  ["host_steal_ratio", metrics.hostSteal, "Share of all cores that other guests took"],
  ["host_memory_used_ratio", metrics.hostMemory, "Share of the memory that is not available"],
  ["host_memory_available_bytes", metrics.hostMemoryFree, "Memory that is available"],
  ["host_swap_used_ratio", metrics.hostSwap, "Share of the swap space in use"],
  ["host_pressure_ratio", metrics.hostPressure, "Share of the time in which tasks waited (PSI)"],
  ["host_open_fds", metrics.hostFds, "Open file descriptions of the machine"],
  ["host_fds_used_ratio", metrics.hostFdsUsed, "Share of the file descriptions there may be"],
  ["host_network_received_bytes_per_second", metrics.hostReceived, "Received, without loopback"],
  ["host_network_sent_bytes_per_second", metrics.hostSent, "Sent, without loopback"],
  ["host_network_errors_per_second", metrics.hostNetworkErrors, "Packets lost or broken"],
  ["host_disk_used_ratio", metrics.hostDisk, "Share of a disk that is used"],
  ["host_disk_free_bytes", metrics.hostDiskFree, "Bytes of a disk that are free"],
  ["host_inodes_used_ratio", metrics.hostInodes, "Share of the inodes of a disk that is used"],
  ["group_cpu_ratio", metrics.groupCpu, "Of the CPU time the control group may have"],
  ["group_throttled_ratio", metrics.groupThrottled, "Share of periods in which it had to wait"],
  ["group_memory_used_ratio", metrics.groupMemory, "Of the memory the control group may have"],
];

const ofLogs: readonly Shown[] = [
  ["log_lines_per_second", metrics.logLines, "Lines of a log by severity"],
  ["log_cut_lines_per_second", metrics.logCut, "Lines that were counted, but not looked at"],
  ["log_templates", metrics.logTemplates, "Kinds of lines that are known"],
  ["series_learnt_ratio", metrics.seriesLearnt, "How much of the warm-up of its series is over"],
  ["log_learnt_ratio", metrics.logLearnt, "How much of what is usual is learnt"],
];

export function hostFamilies(mind: Mind): readonly Family[] {
  return families(ofHost, [[{}, latestOf(mind, hostTarget, "")]]);
}

export function logFamilies(mind: Mind): readonly Family[] {
  const services: readonly Target[] = Object.keys(mind.state.policy.services);
  return families(
    ofLogs,
    services.map(
      (service) =>
        [
          { service },
          { ...latestOf(mind, service, "log."), ...latestOf(mind, service, "series.") },
        ] as const,
    ),
  );
}

type Figures = readonly [labels: Labels, latest: Readonly<Record<string, number>> | undefined];

function families(shown: readonly Shown[], all: readonly Figures[]): readonly Family[] {
  return shown.flatMap(([name, metric, help]): readonly Family[] => {
    const points = all.flatMap(([labels, latest = {}]) =>
      Object.entries(latest)
        .filter(([series]) => metricOf(series) === metric.name)
        .map(([series, value]): Point => [{ ...labels, ...labelsOf(series) }, value]),
    );
    return points.length === 0 ? [] : [family("gauge", name, help, points)];
  });
}
