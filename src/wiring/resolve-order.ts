// Dependencies, jobs, groups and profiles with every default filled in, for supervisor and loop.
import type { JobPolicy } from "../model/job.ts";
import type { Condition } from "../supervisor/condition.ts";
import { readCron } from "../supervisor/cron.ts";
import type { Timetable } from "../supervisor/due.ts";
import type { JobSpec } from "../supervisor/spec.ts";
import type { Config, ServiceConfig } from "./config.ts";
import type { OrderConfig } from "./config-order.ts";
import { ms } from "./defaults.ts";

export interface ResolvedOrder {
  /** What is waited for in those dependencies that are not to be ready. */
  readonly conditions?: Readonly<Record<string, Condition>>;
  readonly job?: JobSpec;
}

interface OrderDefaults {
  readonly retries: number;
  readonly timeLimitMs: number;
}

export const orderDefaults: OrderDefaults = { retries: 2, timeLimitMs: 86_400_000 };

export function namesOf(dependsOn: OrderConfig["dependsOn"] = []): readonly string[] {
  return isList(dependsOn) ? dependsOn : Object.keys(dependsOn);
}

export function toOrder({ dependsOn = [], job }: OrderConfig): ResolvedOrder {
  const entries = isList(dependsOn) ? [] : Object.entries(dependsOn);
  const conditions = Object.fromEntries(entries.filter(([, it]) => it !== "ready"));
  const table = timetableOf(job);
  return {
    ...(Object.keys(conditions).length === 0 ? {} : { conditions }),
    ...(job && {
      job: {
        onStart: job.onStart ?? job.schedule === undefined,
        timeLimitMs: ms(job.timeLimit, orderDefaults.timeLimitMs),
        ...(table && { timetable: table }),
      },
    }),
  };
}

/** What the loop must know. */
export function toOrderPolicy({ job, partOf }: OrderConfig): {
  readonly job?: JobPolicy;
  readonly partOf?: string;
} {
  return {
    ...(job && {
      job: {
        retries: job.retries ?? orderDefaults.retries,
        overlap: job.overlap ?? "skip",
        ...(job.schedule === undefined
          ? {}
          : { schedule: [job.schedule, job.timezone].filter((it) => it !== undefined).join(" ") }),
      },
    }),
    ...(partOf === undefined ? {} : { partOf }),
  };
}

/** The config with those services only that run with the chosen profiles. */
export function inProfiles(config: Config, chosen: readonly string[]): Config {
  const runs = ({ profiles }: ServiceConfig): boolean =>
    profiles === undefined || profiles.some((profile) => chosen.includes(profile));
  const services = Object.entries(config.services).filter(([, service]) => runs(service));
  return { ...config, services: Object.fromEntries(services) };
}

function timetableOf(job: OrderConfig["job"]): Timetable | undefined {
  if (job?.schedule === undefined) return undefined;
  const read = readCron(job.schedule);
  if ("expected" in read) return undefined;
  return {
    cron: read.cron,
    ...(job.timezone === undefined ? {} : { zone: job.timezone }),
    jitterMs: ms(job.jitter, 0),
    catchUp: job.catchUp ?? true,
  };
}

function isList(dependsOn: OrderConfig["dependsOn"]): dependsOn is readonly string[] {
  return Array.isArray(dependsOn);
}
