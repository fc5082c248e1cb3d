// Readings of the machine: CPU, memory, pressure, descriptors, network and disks, and what a group may have.
import { every } from "../kernel/clock.ts";
import type { DiskFigures, HostFigures } from "../model/host.ts";
import { type Metric, metrics, type Reading, reading } from "../model/reading.ts";
import { seriesName } from "../model/series.ts";
import { hostTarget } from "../model/target.ts";
import type { Source } from "./source.ts";

export interface HostOptions {
  readonly figures: () => HostFigures;
  /** Those that answer. */
  readonly disks: () => Promise<readonly DiskFigures[]>;
  readonly intervalMs: number;
}

const firstMs = 1_000;

type Tell = (metric: Metric, value: number | undefined) => void;

/** What the machine does not tell has no reading: an absent figure is not zero. */
export function hostSource(options: HostOptions): Source {
  return {
    name: "host",
    start: async ({ clock, signal, emit }) => {
      // The first figures need not wait: levels are known at once, rates from the second on.
      await clock.sleep(Math.min(firstMs, options.intervalMs), signal).catch(() => {});
      let before: { readonly figures: HostFigures; readonly atMs: number } | undefined;
      const look = async (): Promise<void> => {
        const figures = options.figures();
        const atMs = clock.now();
        const readings: Reading[] = [];
        const tell: Tell = (metric, value) => {
          if (value === undefined || !Number.isFinite(value)) return;
          readings.push(reading(hostTarget, metric, value, atMs));
        };
        levels(figures, tell);
        if (before && atMs > before.atMs) rates(before.figures, figures, atMs - before.atMs, tell);
        before = { figures, atMs };
        for (const disk of await options.disks()) tellDisk(disk, tell);
        if (!signal.aborted && readings.length > 0) emit(readings);
      };
      if (!signal.aborted) await look();
      await every(clock, options.intervalMs, signal, look);
    },
  };
}

function levels({ memory, fds, groupMemory }: HostFigures, tell: Tell): void {
  if (memory) {
    const { totalBytes, availableBytes, swapBytes, swapFreeBytes } = memory;
    tell(metrics.hostMemory, 1 - availableBytes / totalBytes);
    tell(metrics.hostMemoryFree, availableBytes);
    if (swapBytes > 0) tell(metrics.hostSwap, 1 - swapFreeBytes / swapBytes);
  }
  tell(metrics.hostFds, fds?.open);
  if (fds?.most !== undefined) tell(metrics.hostFdsUsed, fds.open / fds.most);
  if (groupMemory) tell(metrics.groupMemory, groupMemory.usedBytes / groupMemory.mostBytes);
}

function rates(before: HostFigures, now: HostFigures, tookMs: number, tell: Tell): void {
  const { cpu, network, groupCpu } = now;
  if (cpu && before.cpu) {
    const was = before.cpu;
    const all = cpu.allMs - was.allMs;
    tell(metrics.hostCpu, share(cpu.busyMs - was.busyMs, all));
    tell(metrics.hostIoWait, share(cpu.ioWaitMs - was.ioWaitMs, all));
    tell(metrics.hostSteal, share(cpu.stealMs - was.stealMs, all));
  }
  for (const { resource, kind, waitedMs } of now.pressure) {
    const was = before.pressure.find((it) => it.resource === resource && it.kind === kind);
    const { name, unit } = metrics.hostPressure;
    const metric = { name: seriesName(name, { resource, kind }), unit };
    tell(metric, was && share(waitedMs - was.waitedMs, tookMs));
  }
  if (network && before.network) {
    const was = before.network;
    const perS = (value: number): number | undefined => rise(value, tookMs / 1_000);
    tell(metrics.hostReceived, perS(network.receivedBytes - was.receivedBytes));
    tell(metrics.hostSent, perS(network.sentBytes - was.sentBytes));
    tell(metrics.hostNetworkErrors, perS(network.errors - was.errors));
  }
  if (groupCpu && before.groupCpu) {
    const was = before.groupCpu;
    tell(metrics.groupCpu, rise(groupCpu.usedMs - was.usedMs, groupCpu.cores * tookMs));
    const periods = groupCpu.periods - was.periods;
    if (periods > 0) {
      tell(metrics.groupThrottled, share(groupCpu.throttled - was.throttled, periods));
    }
  }
}

function tellDisk({ mount, totalBytes, freeBytes, inodes }: DiskFigures, tell: Tell): void {
  const of = ({ name, unit }: Metric): Metric => ({ name: seriesName(name, { mount }), unit });
  if (totalBytes > 0) tell(of(metrics.hostDisk), 1 - freeBytes / totalBytes);
  tell(of(metrics.hostDiskFree), freeBytes);
  if (inodes) tell(of(metrics.hostInodes), 1 - inodes.free / inodes.total);
}

/** A counter that went down began anew, or an interface is gone: nothing is known of that time. */
function rise(by: number, per: number): number | undefined {
  return by < 0 || per <= 0 ? undefined : by / per;
}

/** Counters of the kernel are not read all at the same instant. */
function share(by: number, of: number): number | undefined {
  const value = rise(by, of);
  return value === undefined ? undefined : Math.min(1, value);
}
