// Tells the bus of checks that are not healthy: at once, and again for as long as they stay so.
import type { Clock } from "../../kernel/clock.ts";
import type { Health } from "../health/health.ts";
import type { Bus } from "../parts/bus.ts";
import type { Checked } from "../parts/health.ts";
import { wait } from "../parts/wait.ts";

interface MonitorOptions {
  readonly health: Pick<Health, "list" | "onChange">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** The data of `system.CHECK.failure` and `system.CHECK.well`. */
export interface CheckTold {
  readonly check: string;
  readonly reason?: string;
  /** ISO 8601 */
  readonly since: string;
}

/** The type of the event that tells of a check: `system.database.failure` for the check `database`. */
export function failureOf(check: string): string {
  return `system.${check}.failure`;
}

/** A recovery keeps its own patience: telling it again does no harm, and a late listener hears it. */
export function startMonitor({ health, bus, clock, everyMs, signal }: MonitorOptions): void {
  const sick = new Map<string, AbortController>();
  /** Those whose failure was told and whose end was not. */
  const told = new Set<string>();
  const tell = (check: Checked): void => {
    told.add(check.name);
    const severity = check.critical ? "critical" : "warning";
    bus.publish({ type: failureOf(check.name), source: check.name, severity, data: toldOf(check) });
  };
  const keepTelling = async (name: string): Promise<void> => {
    const well = new AbortController();
    sick.set(name, well);
    const over = AbortSignal.any([signal, well.signal]);
    do {
      const check = health.list().find((one) => one.name === name);
      if (check?.status !== "unhealthy") break;
      tell(check);
    } while (await wait(clock, everyMs, over));
    if (sick.get(name) === well) sick.delete(name);
  };
  const changed = health.onChange(({ name, to, check }) => {
    if (to === "unhealthy") return void keepTelling(name);
    sick.get(name)?.abort();
    sick.delete(name);
    // Not known is not well: what it depends on may have fallen.
    if (to === "unknown" || !told.delete(name)) return;
    bus.publish({ type: `system.${name}.well`, source: name, data: toldOf(check) });
  });
  signal.addEventListener("abort", () => changed[Symbol.dispose](), { once: true });
  // What was found before anybody listened.
  for (const { name, status } of health.list()) if (status === "unhealthy") void keepTelling(name);
}

function toldOf({ name, reason, since }: Checked): CheckTold {
  return { check: name, since, ...(reason === undefined ? {} : { reason }) };
}
