// From the config as written to what the daemon runs on: every default filled in, every duration in ms.
import { basename, isAbsolute, join } from "node:path";
import { type Duration, parseDuration } from "../kernel/duration.ts";
import type { ActionKind, Mode } from "../model/action.ts";
import type { HealingPolicy, Policy, RestartPolicy, ServicePolicy } from "../model/policy.ts";
import type { Config, HealingConfig, ProbeConfig, ServiceConfig } from "./config.ts";

export interface ResolvedProbe extends Pick<ProbeConfig, "http" | "tcp" | "exec"> {
  readonly periodMs: number;
  readonly timeoutMs: number;
}

export interface ResolvedService {
  readonly name: string;
  readonly command: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly probe?: ResolvedProbe;
  readonly stop: { readonly signal: NodeJS.Signals; readonly waitMs: number };
  readonly holdMs: number;
  readonly timeoutMs: number;
}

export interface Resolved {
  /** Absolute. */
  readonly folder: string;
  /** Name of the config file, for messages. */
  readonly file: string;
  readonly dashboard: { readonly host: string; readonly port: number; readonly token?: string };
  readonly policy: Policy;
  readonly services: Readonly<Record<string, ResolvedService>>;
}

interface Defaults {
  readonly dashboardPort: number;
  readonly probe: { readonly periodMs: number; readonly timeoutMs: number };
  readonly backoff: { readonly firstMs: number; readonly factor: number; readonly maxMs: number };
  readonly giveUp: { readonly exits: number; readonly withinMs: number };
  readonly cooldown: { readonly firstMs: number; readonly maxMs: number };
  readonly verify: { readonly healthyMs: number; readonly timeoutMs: number };
  /** How long an answer may take. */
  readonly timeoutMs: number;
}

/** The defaults that a check needs too; the others stand where they are used. */
export const defaults: Defaults = {
  dashboardPort: 7_700,
  probe: { periodMs: 1_000, timeoutMs: 1_000 },
  backoff: { firstMs: 500, factor: 2, maxMs: 30_000 },
  giveUp: { exits: 8, withinMs: 600_000 },
  cooldown: { firstMs: 10_000, maxMs: 300_000 },
  verify: { healthyMs: 10_000, timeoutMs: 60_000 },
  timeoutMs: 30_000,
};

export function resolve(
  config: Config,
  where: { readonly folder: string; readonly file: string },
): Resolved {
  const { folder, file } = where;
  const project = config.project ?? projectName(folder);
  const entries = Object.entries(config.services);
  const { host = "127.0.0.1", port = defaults.dashboardPort, token } = config.dashboard ?? {};
  return {
    folder,
    file,
    dashboard: { host, port, ...(token === undefined ? {} : { token }) },
    policy: {
      project,
      services: Object.fromEntries(
        entries.map(([name, service]) => [name, toPolicy(name, service, config.healing)]),
      ),
    },
    services: Object.fromEntries(
      entries.map(([name, service]) => [name, toService(name, service, folder)]),
    ),
  };
}

/** A string is split at blanks, unless it needs a shell. */
export function splitCommand(command: string | readonly string[]): readonly string[] {
  if (typeof command !== "string") return command;
  const needsShell = /[|&;<>()$`\\"'*?[\]#~=%\n]/.test(command);
  return needsShell ? ["/bin/sh", "-c", command] : command.trim().split(/\s+/);
}

function projectName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^[^a-z]+/, "");
  return name === "" ? "project" : name.slice(0, 39);
}

function toService(name: string, config: ServiceConfig, folder: string): ResolvedService {
  const cwd = config.cwd ?? ".";
  const env = Object.entries(config.env ?? {}).map(([key, value]) => [key, String(value)] as const);
  const { probe } = config;
  return {
    name,
    command: splitCommand(config.command),
    cwd: isAbsolute(cwd) ? cwd : join(folder, cwd),
    env: Object.fromEntries(env),
    ...(config.port === undefined ? {} : { port: config.port }),
    ...(probe
      ? {
          probe: {
            ...(probe.http === undefined ? {} : { http: probe.http }),
            ...(probe.tcp === undefined ? {} : { tcp: probe.tcp }),
            ...(probe.exec === undefined ? {} : { exec: probe.exec }),
            periodMs: ms(probe.interval, defaults.probe.periodMs),
            timeoutMs: ms(probe.timeout, defaults.probe.timeoutMs),
          },
        }
      : {}),
    stop: { signal: config.stop?.signal ?? "SIGTERM", waitMs: ms(config.stop?.wait, 10_000) },
    holdMs: ms(config.hold, 5_000),
    timeoutMs: ms(config.timeout, defaults.timeoutMs),
  };
}

function toPolicy(
  name: string,
  config: ServiceConfig,
  outer: HealingConfig | undefined,
): ServicePolicy {
  const { probe, limits } = config;
  return {
    name,
    replicas: config.replicas ?? 1,
    dependsOn: config.dependsOn ?? [],
    routed: config.port !== undefined,
    ...(probe
      ? {
          probe: {
            failures: probe.failures ?? 3,
            periodMs: ms(probe.interval, defaults.probe.periodMs),
          },
        }
      : {}),
    limits: {
      ...(limits?.p95 === undefined ? {} : { p95Ms: ms(limits.p95, 0) }),
      ...(limits?.errors === undefined ? {} : { errorRatio: limits.errors }),
      ...(probe?.slowAfter === undefined ? {} : { probeLatencyMs: ms(probe.slowAfter, 0) }),
      ...(limits?.cpu === undefined ? {} : { cpuRatio: limits.cpu }),
      ...(limits?.memoryMiB === undefined ? {} : { rssBytes: limits.memoryMiB * 1_048_576 }),
      forMs: ms(limits?.for, 3_000),
    },
    restart: toRestart(config),
    healing: toHealing(outer, config.healing),
    configFiles: config.configFiles ?? [],
    startupMs: ms(probe?.startup, 30_000),
    degradable: config.degradable ?? false,
  };
}

function toRestart({ restart = {} }: ServiceConfig): RestartPolicy {
  const { backoff = {}, giveUp } = restart;
  return {
    when: restart.when ?? "unexpected",
    expectedExits: restart.expectedExits ?? [0],
    firstMs: ms(backoff.first, defaults.backoff.firstMs),
    factor: backoff.factor ?? defaults.backoff.factor,
    maxMs: ms(backoff.max, defaults.backoff.maxMs),
    stableMs: ms(restart.stable, 10_000),
    giveUp: giveUp
      ? { exits: giveUp.exits, withinMs: ms(giveUp.within, defaults.giveUp.withinMs) }
      : defaults.giveUp,
    loopExits: restart.loopExits ?? 3,
  };
}

/** Key by key, down to `cooldown.first`: what a service says itself wins. */
function toHealing(
  outer: HealingConfig | undefined,
  own: HealingConfig | undefined,
): HealingPolicy {
  const { strikes, perHour, maxUnhealthy, approval, settle } = { ...outer, ...own };
  const cooldown = { ...outer?.cooldown, ...own?.cooldown };
  const verify = { ...outer?.verify, ...own?.verify };
  return {
    modes: toModes(outer, own),
    cooldown: {
      firstMs: ms(cooldown.first, defaults.cooldown.firstMs),
      maxMs: ms(cooldown.max, defaults.cooldown.maxMs),
    },
    strikes: strikes ?? 3,
    perHour: perHour ?? 3,
    maxUnhealthy: maxUnhealthy ?? 0.5,
    verify: {
      healthyMs: ms(verify.healthy, defaults.verify.healthyMs),
      timeoutMs: ms(verify.timeout, defaults.verify.timeoutMs),
    },
    approvalMs: ms(approval, 900_000),
    settleMs: ms(settle, 2_000),
  };
}

/**
 * Starting what is gone and ending a degrade need nobody's leave; everything else asks until the
 * config says otherwise. The nearer word wins: a service's own before the one for all.
 */
function toModes(
  outer: HealingConfig | undefined,
  own: HealingConfig | undefined,
): Readonly<Record<ActionKind, Mode>> {
  const base: Readonly<Record<ActionKind, Mode>> = {
    start: "auto",
    restart: "suggest",
    rollback: "suggest",
    degrade: "suggest",
    restore: "auto",
    page: "auto",
  };
  const pick = (kind: Exclude<ActionKind, "page">): Mode =>
    own?.modes?.[kind] ?? own?.mode ?? outer?.modes?.[kind] ?? outer?.mode ?? base[kind];
  return {
    start: pick("start"),
    restart: pick("restart"),
    rollback: pick("rollback"),
    degrade: pick("degrade"),
    restore: pick("restore"),
    page: "auto",
  };
}

function ms(value: Duration | undefined, otherwise: number): number {
  return value === undefined ? otherwise : (parseDuration(value) ?? otherwise);
}
