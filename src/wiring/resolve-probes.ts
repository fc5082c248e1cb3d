// The probes of a service with every default filled in: for the supervisor, and for the loop's policy.
import { isAbsolute, join } from "node:path";
import { type Duration, parseDuration } from "../kernel/duration.ts";
import type { ProbesPolicy, ServicePolicy } from "../model/policy.ts";
import type { ProbeOfKindConfig, ProbesConfig } from "./config-probes.ts";

export interface ResolvedSchedule {
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly failures: number;
  readonly successes: number;
  readonly jitter: number;
  readonly delayMs: number;
}

export interface ProbeOfKind extends ResolvedSchedule {
  /** What is asked; files in it are absolute. */
  readonly kind: ProbeOfKindConfig;
}

export interface ResolvedProbes {
  readonly startup?: ProbeOfKind;
  readonly readiness?: ProbeOfKind;
  readonly liveness?: ProbeOfKind;
}

interface ProbesDefaults {
  readonly failures: { readonly startup: number; readonly other: number };
  readonly warnDays: number;
  readonly withinMs: number;
}

export const probesDefaults: ProbesDefaults = {
  failures: { startup: 30, other: 3 },
  warnDays: 14,
  withinMs: 5_000,
};

const dayMs = 86_400_000;

export function toProbes(config: ProbesConfig, folder: string): ResolvedProbes {
  const { startup, readiness, liveness } = config;
  const { failures } = probesDefaults;
  return {
    ...(startup && { startup: toProbe(startup, failures.startup, folder) }),
    ...(readiness && { readiness: toProbe(readiness, failures.other, folder) }),
    ...(liveness && { liveness: toProbe(liveness, failures.other, folder) }),
  };
}

type OfPolicy = Pick<ServicePolicy, "probe" | "probes" | "startupMs">;

/** What the loop must know of them. Without startup and liveness there is no start to wait for. */
export function toProbesPolicy(config: ProbesConfig, usualStartupMs: number): OfPolicy {
  const { startup, readiness, liveness } = toProbes(config, "/");
  const warnDays = warnDaysOf(config);
  const probes: ProbesPolicy = {
    ...(readiness && { readiness: rowOf(readiness) }),
    ...(warnDays === undefined ? {} : { certificateMs: warnDays * dayMs }),
    ...((liveness?.kind.link ?? liveness?.kind.notify) === undefined
      ? {}
      : { livenessMayBeUnknown: true }),
  };
  return {
    probes,
    ...(liveness && { probe: { ...rowOf(liveness), periodMs: liveness.periodMs } }),
    startupMs: startup ? startup.delayMs + startup.failures * startup.periodMs : usualStartupMs,
  };
}

function toProbe(config: ProbeOfKindConfig, failures: number, folder: string): ProbeOfKind {
  return {
    kind: withFiles(config, folder),
    periodMs: ms(config.interval, 1_000),
    timeoutMs: ms(config.timeout, 1_000),
    // The time between two signs of life is its patience.
    failures: config.failures ?? (typeof config.notify === "object" ? 1 : failures),
    successes: config.successes ?? 1,
    jitter: config.jitter ?? 0.1,
    delayMs: ms(config.delay, 0),
  };
}

function withFiles(config: ProbeOfKindConfig, folder: string): ProbeOfKindConfig {
  const { http } = config;
  if (typeof http !== "object" || typeof http.https !== "object") return config;
  const { ca } = http.https;
  if (ca === undefined || isAbsolute(ca)) return config;
  return { ...config, http: { ...http, https: { ...http.https, ca: join(folder, ca) } } };
}

function rowOf({ failures, successes }: ProbeOfKind): ProbesPolicy["readiness"] & object {
  return { failures, successes };
}

/** The longest warning of any of them: they look at the same certificate. */
function warnDaysOf({ startup, readiness, liveness }: ProbesConfig): number | undefined {
  const days = [startup, readiness, liveness].flatMap((probe) => {
    const https = typeof probe?.http === "object" ? probe.http.https : undefined;
    if (https === undefined) return [];
    return [https === true ? probesDefaults.warnDays : (https.warnDays ?? probesDefaults.warnDays)];
  });
  return days.length === 0 ? undefined : Math.max(...days);
}

function ms(value: Duration | undefined, otherwise: number): number {
  return value === undefined ? otherwise : (parseDuration(value) ?? otherwise);
}
