// Which services are on their way to run, which are held down by people, and which wait for a moment.
import { HomeostatError } from "../kernel/errors.ts";
import { addressOf } from "../model/listen-socket.ts";
import type { Target } from "../model/target.ts";
import { type BootParts, launch, missingOf } from "./boot.ts";
import { keepSchedule } from "./schedules.ts";
import { type Past, type ServiceSpec, targetsOf } from "./spec.ts";

export interface Launches {
  /** Resolves when every instance that was missing was started. */
  boot(past: Past, signal: AbortSignal): Promise<void>;
  /** What people have stopped stays so. */
  remember(past: Past): void;
  hold(spec: ServiceSpec, by: string): void;
  release(spec: ServiceSpec, by: string): Promise<void>;
  /** @throws CANCELLED for a service that people have stopped. */
  mayStart(service: string): void;
  /** Addresses of the sockets of all that people have not stopped. */
  sockets(): readonly string[];
  nextRuns(): ReadonlyMap<string, number>;
  /** Nothing is on its way any more. */
  close(): void;
}

export function createLaunches(parts: BootParts): Launches {
  const { services, clock, random, log, emit } = parts.options;
  const held = new Map<string, string>();
  const under = new Map<string, AbortController>();
  const next = new Map<string, number>();
  const closed = new AbortController();

  const begin = async (
    spec: ServiceSpec,
    targets: readonly Target[],
    by: string,
    doneAt: number,
  ): Promise<void> => {
    const own = new AbortController();
    under.get(spec.name)?.abort();
    under.set(spec.name, own);
    const signal = AbortSignal.any([own.signal, closed.signal]);
    const { name: service } = spec;
    try {
      await launch(parts, spec, targets, by, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    const table = spec.job?.timetable;
    if (!table || signal.aborted) return;
    const onNext = (atMs: number | undefined): void => {
      if (atMs === undefined) next.delete(service);
      else next.set(service, atMs);
    };
    void keepSchedule({ service, table, doneAt, clock, random, emit, onNext }, signal);
  };
  return {
    boot: async (past, signal) => {
      signal.addEventListener("abort", () => closed.abort(), { once: true });
      const all = services.map((spec) => {
        if (held.has(spec.name)) return undefined;
        const missing = missingOf(parts, past, spec);
        if (missing.length === 0 && !spec.job?.timetable) return undefined;
        const doneAt = past.doneAt?.get(spec.name) ?? clock.wall();
        return begin(spec, missing, "boot", doneAt);
      });
      await Promise.all(all);
    },
    remember: (past) => {
      for (const [service, by] of past.held ?? []) held.set(service, by);
      for (const [service, by] of held) log.info(`${service} stays stopped, as ${by} wants it`);
    },
    hold: ({ name }, by) => {
      held.set(name, by);
      under.get(name)?.abort();
      next.delete(name);
    },
    release: (spec, by) => {
      held.delete(spec.name);
      const targets = targetsOf(spec).filter((target) => !parts.runners.get(target)?.current);
      return begin(spec, spec.job && !spec.job.onStart ? [] : targets, by, clock.wall());
    },
    mayStart: (service) => {
      const by = held.get(service);
      if (by !== undefined)
        throw new HomeostatError("CANCELLED", `${service} was stopped by ${by}`);
    },
    sockets: () =>
      services
        .filter(({ name }) => !held.has(name))
        .flatMap((spec) => (spec.sockets ?? []).map(addressOf)),
    nextRuns: () => next,
    close: () => closed.abort(),
  };
}
