// Readings of the machine: rates between two looks, shares, and nothing of what is not told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import type { DiskFigures, HostFigures } from "../model/host.ts";
import type { Reading } from "../model/reading.ts";
import { simClock } from "../testing/sim-clock.ts";
import { sourceConformance } from "../testing/source-conformance.ts";
import { hostSource } from "./host.ts";

sourceConformance("host", {
  make: (look) =>
    hostSource({
      figures: () => ({ pressure: [], fds: { open: 3 } }),
      disks: async () => {
        await look();
        return [{ mount: "/", totalBytes: 100, freeBytes: 40 }];
      },
      intervalMs: 1_000,
    }),
  emitsWithinMs: 1_000,
  waits: true,
});

const cpu = { allMs: 0, busyMs: 0, ioWaitMs: 0, stealMs: 0 };

async function twice(
  before: Partial<HostFigures>,
  now: Partial<HostFigures>,
  disks: readonly DiskFigures[] = [],
): Promise<Readonly<Record<string, number>>> {
  const clock = simClock(5_000);
  const figures = [before, now];
  const readings: Reading[] = [];
  const stopped = new AbortController();
  const source = hostSource({
    figures: () => ({ pressure: [], ...figures.shift() }),
    disks: async () => disks,
    intervalMs: 10_000,
  });
  const emit = (all: readonly Reading[]): void => void readings.push(...all);
  void source.start({ clock, log: silentLog, signal: stopped.signal, emit });
  await clock.advance(20_000);
  stopped.abort();
  assert.ok(readings.every(({ target }) => target === "@host"));
  return Object.fromEntries(readings.map(({ metric, value }) => [metric, value]));
}

test("rates are those between two looks, shares are of what there is", async () => {
  const figures = await twice(
    { cpu, network: { receivedBytes: 0, sentBytes: 100, errors: 0 } },
    {
      cpu: { allMs: 20_000, busyMs: 5_000, ioWaitMs: 1_000, stealMs: 0 },
      network: { receivedBytes: 5_000, sentBytes: 50, errors: 10 },
      memory: { totalBytes: 100, availableBytes: 25, swapBytes: 0, swapFreeBytes: 0 },
      fds: { open: 30, most: 120 },
      groupMemory: { usedBytes: 3, mostBytes: 4 },
    },
    [{ mount: "/", totalBytes: 100, freeBytes: 40, inodes: { total: 10, free: 1 } }],
  );
  assert.deepEqual(figures, {
    "host.cpu": 0.25,
    "host.io_wait": 0.05,
    "host.steal": 0,
    // What was sent went back: an interface is gone, and nothing is known.
    "host.network_received": 500,
    "host.network_errors": 1,
    "host.memory_used": 0.75,
    "host.memory_available": 25,
    "host.fds": 30,
    "host.fds_used": 0.25,
    "host.group_memory_used": 0.75,
    'host.disk_used{mount="/"}': 0.6,
    'host.disk_free{mount="/"}': 40,
    'host.inodes_used{mount="/"}': 0.9,
  });
});

test("pressure and what a group may have are shares of the time", async () => {
  const io = { resource: "io", kind: "some" } as const;
  const figures = await twice(
    {
      pressure: [{ ...io, waitedMs: 0 }],
      groupCpu: { usedMs: 0, cores: 0.5, periods: 0, throttled: 0 },
    },
    {
      pressure: [
        { ...io, waitedMs: 2_500 },
        { resource: "memory", kind: "full", waitedMs: 9 },
      ],
      groupCpu: { usedMs: 4_000, cores: 0.5, periods: 100, throttled: 25 },
    },
  );
  assert.deepEqual(figures, {
    'host.pressure{kind="some",resource="io"}': 0.25,
    "host.group_cpu": 0.8,
    "host.group_throttled": 0.25,
  });
});

test("what is not told has no reading, not even a zero", async () => {
  assert.deepEqual(await twice({}, {}), {});
});
