// Watches services that run elsewhere: asks each how it is, at its period, for as long as the daemon runs.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import { type Answer, keepProbing, type ProbeSchedule } from "./prober.ts";

export interface ExternalSpec {
  readonly name: string;
  /** Absent: only a watcher outside tells how it is. */
  readonly probe?: ProbeSchedule;
}

export interface Externals {
  /**
   * Whether whoever depends on it may start; undefined for what is no service of these. What cannot
   * be asked holds nobody up.
   */
  isReady(service: string): boolean | undefined;
  /** Asks until the signal aborts. */
  watch(signal: AbortSignal): void;
}

export interface ExternalsOptions {
  readonly services: readonly ExternalSpec[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** `soon`: these may decide something, and are not to wait. */
  readonly observe: (readings: readonly Reading[], soon?: boolean) => void;
}

export function createExternals(options: ExternalsOptions): Externals {
  const { services, clock, random, log } = options;
  const ready = new Map(services.map(({ name, probe }) => [name, probe === undefined]));
  return {
    isReady: (service) => ready.get(service),
    watch: (signal) => {
      for (const { name, probe } of services) {
        if (!probe) continue;
        const hear = hearing(options, name, ready);
        const of = { target: name };
        // Never hasty: what belongs to others is not asked more often than was said.
        const how = { schedule: probe, of, isHasty: () => false, observe: hear };
        void keepProbing({ ...how, clock, random, log, signal });
      }
    },
  };
}

function hearing(
  { clock, observe }: ExternalsOptions,
  name: string,
  ready: Map<string, boolean>,
): (answer: Answer) => void {
  let broken = false;
  return (answer) => {
    const why = answer.kind === "broken" ? answer.why : undefined;
    if (broken || why !== undefined) {
      observe([reading(name, metrics.probeWorks, why === undefined ? 1 : 0, clock.now(), why)]);
    }
    broken = why !== undefined;
    if (answer.kind === "broken") {
      ready.set(name, true);
      return;
    }
    if (answer.kind !== "unknown") ready.set(name, answer.kind === "good");
    observe(answer.readings, answer.kind === "bad");
  };
}
