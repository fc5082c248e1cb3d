// What GET /metrics answers: the state, the counts, the gateway's and the daemon's own figures.
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Loop } from "../controller/loop.ts";
import { type Clock, deadline, every } from "../kernel/clock.ts";
import type { StateView } from "../protocol/api.ts";
import type { GatewayStats } from "../protocol/gateway.ts";
import type { Family } from "../protocol/metric-family.ts";
import { contentType, expositionOf, formatFor } from "../protocol/metric-text.ts";
import type { SourceView } from "../protocol/sources.ts";
import { createCounts } from "../server/metrics-count.ts";
import { gatewayFamilies } from "../server/metrics-gateway.ts";
import { hostFamilies, logFamilies } from "../server/metrics-host.ts";
import { family, gather, histogram } from "../server/metrics-parts.ts";
import { sourceFamilies } from "../server/metrics-sources.ts";
import { stateFamilies } from "../server/metrics-state.ts";

export interface DaemonMetrics {
  /** `accept`: what whoever asks would like, as its header says. */
  text(accept: string | undefined): Promise<{ readonly type: string; readonly body: string }>;
  /** Watches how late the loop of the daemon is, until the signal aborts. */
  watch(signal: AbortSignal): Promise<void>;
}

export interface MetricsParts {
  readonly loop: Loop;
  /** Until the daemon is awake again: how late it is then is what is measured. */
  readonly rest: Clock["sleep"];
  readonly state: () => StateView;
  readonly stats: () => Promise<GatewayStats>;
  readonly sources: () => readonly SourceView[];
  readonly stateFolder: string;
  readonly version: string;
}

const gatewayMs = 1_000;
const lookMs = 250;
const delayBounds: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
];

export function createDaemonMetrics(parts: MetricsParts): DaemonMetrics {
  const { loop, state, stats } = parts;
  const { clock } = loop;
  const startedAt = clock.wall() / 1_000;
  const counts = createCounts(Object.keys(loop.mind.state.instances));
  loop.subscribe((events, mind) => counts.note(events, mind.state));
  const delay = gather(delayBounds);

  const gateway = async (): Promise<GatewayStats | undefined> => {
    const limit = deadline(clock, gatewayMs);
    const late = new Promise<undefined>((resolve) => {
      limit.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    try {
      // A gateway that is away is told as such, and is no reason to tell nothing.
      return await Promise.race([stats().catch(() => undefined), late]);
    } finally {
      limit.done();
    }
  };
  return {
    text: async (accept) => {
      const format = formatFor(accept);
      const traffic = await gateway();
      const families = [
        ...stateFamilies(loop.mind, state()),
        ...hostFamilies(loop.mind),
        ...logFamilies(loop.mind),
        ...counts.families(),
        ...gatewayFamilies(traffic),
        ...sourceFamilies(parts.sources()),
        ...ownFamilies(parts, startedAt),
        histogram("loop_delay_seconds", "How late the daemon's own timers are", delayBounds, [
          delay,
        ]),
      ];
      return { type: contentType(format), body: expositionOf(families, format) };
    },
    watch: async (signal) => {
      // The first one only says where the others are due.
      let dueMs = Number.POSITIVE_INFINITY;
      await every({ ...clock, sleep: parts.rest }, lookMs, signal, () => {
        const lateMs = Math.max(0, clock.now() - dueMs);
        if (dueMs < Number.POSITIVE_INFINITY) delay.observe(lateMs / 1_000);
        dueMs = clock.now() + lookMs - (lateMs % lookMs);
      });
    },
  };
}

function ownFamilies({ stateFolder, version }: MetricsParts, startedAt: number): readonly Family[] {
  const { user, system } = process.cpuUsage();
  const journal = ["journal.db", "journal.db-wal"].reduce((sum, file) => {
    return sum + (statSync(join(stateFolder, file), { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
  return [
    family("gauge", "build_info", "Version of Homeostat and of its Node.js", [
      [{ version, node: process.versions.node }, 1],
    ]),
    family("gauge", "start_time_seconds", "Start of the daemon, Unix time", [[{}, startedAt]]),
    family("counter", "cpu_seconds_total", "CPU time of the daemon", [
      [{}, (user + system) / 1_000_000],
    ]),
    family("gauge", "resident_memory_bytes", "Resident memory of the daemon", [
      [{}, process.memoryUsage.rss()],
    ]),
    family("gauge", "journal_bytes", "Size of the journal on disk", [[{}, journal]]),
  ];
}
