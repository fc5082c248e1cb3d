// A recovery register with a clock that tests move, health that tests set, and ears for all it says.
import { createLog, type Entry } from "../../src/kernel/log.ts";
import { createBus } from "../../src/runtime/events/bus.ts";
import { createRecovery } from "../../src/runtime/events/recovery.ts";
import type { Recovery, RecoveryTold } from "../../src/runtime/events/recovery-options.ts";
import type { Kept } from "../../src/runtime/events/state-file.ts";
import type { AppEvent, Bus } from "../../src/runtime/parts/bus.ts";
import type { HealthView, Status } from "../../src/runtime/parts/health.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { type SimClock, simClock } from "../../src/testing/sim-clock.ts";

export interface RecoveryWorld {
  readonly clock: SimClock;
  readonly bus: Bus;
  readonly recovery: Recovery;
  readonly entries: Entry[];
  /** What the recovery said: the type without that of the failure. */
  said(): readonly string[];
  /** The data of what it said with this ending, the last one. */
  last(ending: string): RecoveryTold;
  readonly health: Map<string, Status>;
  fail(type?: string, source?: string): AppEvent;
}

export interface WorldOptions {
  readonly health?: Readonly<Record<string, Status>>;
  readonly kept?: Kept;
  readonly clock?: SimClock;
  readonly atOnceMax?: number;
  readonly stopMs?: number;
}

export function recoveryWorld(options: WorldOptions = {}): RecoveryWorld {
  const { clock = simClock(), health: statuses, ...rest } = options;
  const entries: Entry[] = [];
  const { wall } = clock;
  const log = createLog({ level: "debug", wall, write: (entry) => entries.push(entry) });
  const random = seeded(7);
  const bus: Bus = createBus({ clock, log, random });
  const told: AppEvent[] = [];
  bus.subscribe("**", (event) => void told.push(event));
  const health = new Map(Object.entries(statuses ?? {}));
  const view = statuses ? { health: healthOf(health) } : {};
  const recovery = createRecovery({ bus, clock, log, random, ...view, ...rest });
  const ours = () => told.filter(({ type }) => /\.(recovery_\w+|recovered)$/.test(type));
  return {
    ...{ clock, bus, recovery, entries, health },
    said: () => ours().map(({ type }) => type.split(".").at(-1) ?? ""),
    last: (ending) => {
      const found = ours().findLast(({ type }) => type.endsWith(`.${ending}`));
      if (!found) throw new Error(`nothing was said that ends in ${ending}`);
      return found.data as RecoveryTold;
    },
    fail: (type = "system.database.failure", source = "db") =>
      bus.publish({ type, source, severity: "critical", data: { note: "down" } }),
  };
}

/** A health that says what it is told to. */
export function healthOf(statuses: Map<string, Status>): HealthView {
  const of = (name: string) => {
    const status = statuses.get(name);
    if (status === undefined) throw new Error(`there is no check called ${name}`);
    return { name, status, critical: true, since: "2026-01-01T00:00:00.000Z" };
  };
  return {
    statusOf: (name) => statuses.get(name) ?? "unknown",
    check: async (name) => of(name),
    list: () => [...statuses.keys()].map(of),
  };
}

/** What a state file keeps, in memory: two recoveries of one are a process and the one after it. */
export function keptInMemory(): Kept & { text(): string } {
  let text = "null";
  return {
    read: () => JSON.parse(text) ?? undefined,
    write: (value) => {
      text = JSON.stringify(value);
    },
    text: () => text,
  };
}
