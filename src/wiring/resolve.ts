// From the config as written to what the daemon runs on: every default filled in, every duration in ms.
import { basename, isAbsolute, join } from "node:path";
import type { Policy, RestartPolicy, ServicePolicy } from "../model/policy.ts";
import type { Config, HealingConfig, ProbeConfig, ServiceConfig } from "./config.ts";
import { defaults, ms, toHealing } from "./defaults.ts";
import { unfilled } from "./placeholders.ts";
import { type ProcessConfig, processConfigOf, resourcesOf } from "./process.ts";

export { defaults } from "./defaults.ts";

import { toAhead } from "./resolve-ahead.ts";
import { type ResolvedDowntime, toDowntime, toReplicas } from "./resolve-downtime.ts";
import { externalPolicies, type ResolvedOutside, toOutside } from "./resolve-external.ts";
import { type ResolvedGateway, toGateway } from "./resolve-gateway.ts";
import { type ResolvedFeatures, toFeatures } from "./resolve-gateway-features.ts";
import { type ResolvedGatewayKind, toGatewayKind } from "./resolve-gateway-kind.ts";
import { type ResolvedLogs, toLogs } from "./resolve-logs.ts";
import { type ResolvedNotify, toNotify } from "./resolve-notify.ts";
import { namesOf, type ResolvedOrder, toOrder, toOrderPolicy } from "./resolve-order.ts";
import { type ResolvedProbes, toProbes, toProbesPolicy } from "./resolve-probes.ts";
import { type ResolvedSeries, toSeries } from "./resolve-series.ts";
import { type ResolvedSources, toSources } from "./resolve-sources.ts";
import { type ResolvedStop, toStop } from "./resolve-stop.ts";
import { type ResolvedToxiproxy, toToxiproxy } from "./resolve-toxiproxy.ts";

export interface ResolvedProbe extends Pick<ProbeConfig, "http" | "tcp" | "exec"> {
  readonly periodMs: number;
  readonly timeoutMs: number;
}

export interface ResolvedService extends ResolvedOrder, ResolvedDowntime {
  readonly name: string;
  readonly command: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Env files, user, rights and limits, as they are written. */
  readonly process: ProcessConfig;
  readonly port?: number;
  /** Where the gateway opens it. Default 127.0.0.1. */
  readonly host?: string;
  readonly probe?: ResolvedProbe;
  readonly probes?: ResolvedProbes;
  readonly stop: { readonly signal: NodeJS.Signals; readonly waitMs: number };
  readonly gateway: ResolvedGateway;
  readonly features: ResolvedFeatures;
  readonly holdMs: number;
  readonly timeoutMs: number;
  /** It is never sent SIGUSR1 for its stack. */
  readonly capture?: false;
}

export interface Resolved extends ResolvedOutside, ResolvedToxiproxy, ResolvedGatewayKind {
  /** Absolute. */
  readonly folder: string;
  /** Name of the config file, for messages. */
  readonly file: string;
  readonly dashboard: { readonly host: string; readonly port: number; readonly token?: string };
  readonly policy: Policy;
  readonly services: Readonly<Record<string, ResolvedService>>;
  readonly logs: ResolvedLogs;
  readonly notify: ResolvedNotify;
  /** Undefined: the past of the series is not recorded. */
  readonly series?: ResolvedSeries;
  readonly sources: ResolvedSources;
  /** How long stopping everything takes at most, and what whoever runs the daemon gives it. */
  readonly stop: ResolvedStop;
}

export function resolve(
  config: Config,
  where: {
    readonly folder: string;
    readonly file: string;
    /** No cgroup holds memory here: what it would hold is watched as `limits.memoryMiB` is. */
    readonly watchesMemory?: boolean;
    /** Where secrets of `notify` come from. */
    readonly env?: Readonly<Record<string, string | undefined>>;
  },
): Resolved {
  const { folder, file, watchesMemory = false, env = {} } = where;
  const project = config.project ?? projectName(folder);
  const entries = Object.entries(config.services);
  const { host = "127.0.0.1", port = defaults.dashboardPort, token } = config.dashboard ?? {};
  return {
    folder,
    file,
    dashboard: { host, port, ...(token === undefined ? {} : { token }) },
    policy: {
      project,
      services: {
        ...Object.fromEntries(
          entries.map(([name, service]) => [
            name,
            toPolicy(name, service, config.healing, watchesMemory),
          ]),
        ),
        ...externalPolicies(config),
      },
    },
    services: Object.fromEntries(
      entries.map(([name, service]) => [name, toService(name, service, folder)]),
    ),
    logs: toLogs(config, folder),
    notify: toNotify(config, { folder, env }, port),
    sources: toSources(config, { folder, env }),
    ...toOutside(config),
    stop: toStop(config),
    ...toSeries(config),
    ...toToxiproxy(config),
    ...toGatewayKind(config),
  };
}

/** A string is split at blanks, unless it needs a shell. */
export function splitCommand(command: string | readonly string[]): readonly string[] {
  if (typeof command !== "string") return command;
  const needsShell = /[|&;<>()$`\\"'*?[\]#~=%\n]/.test(unfilled(command));
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
    process: processConfigOf(config),
    ...toOrder(config),
    ...toDowntime(name, config, folder),
    ...(config.port === undefined ? {} : { port: config.port }),
    ...(config.host === undefined ? {} : { host: config.host }),
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
    ...(config.probes ? { probes: toProbes(config.probes, folder) } : {}),
    stop: { signal: config.stop?.signal ?? "SIGTERM", waitMs: ms(config.stop?.wait, 10_000) },
    gateway: toGateway(config.gateway, folder),
    features: toFeatures(config, folder),
    holdMs: ms(config.hold, 5_000),
    timeoutMs: ms(config.timeout, defaults.timeoutMs),
    ...(config.capture === false ? { capture: false } : {}),
  };
}

function toPolicy(
  name: string,
  config: ServiceConfig,
  outer: HealingConfig | undefined,
  watchesMemory: boolean,
): ServicePolicy {
  const { probe, probes, limits } = config;
  const slowAfter = probe?.slowAfter ?? probes?.liveness?.slowAfter;
  const startupMs = ms(probe?.startup, 30_000);
  const held = watchesMemory ? resourcesOf(config)?.memoryBytes : undefined;
  const rssBytes = limits?.memoryMiB === undefined ? held : limits.memoryMiB * 1_048_576;
  return {
    name,
    ...toReplicas(config),
    dependsOn: namesOf(config.dependsOn),
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
      ...(slowAfter === undefined ? {} : { probeLatencyMs: ms(slowAfter, 0) }),
      ...(limits?.cpu === undefined ? {} : { cpuRatio: limits.cpu }),
      ...(rssBytes === undefined ? {} : { rssBytes }),
      ...toAhead(config),
      ...(limits?.errorLines === undefined ? {} : { errorLines: limits.errorLines }),
      ...(limits?.unusualPerMonth === undefined ? {} : { unusualPerMonth: limits.unusualPerMonth }),
      forMs: ms(limits?.for, 3_000),
    },
    restart: toRestart(config),
    healing: toHealing(outer, config.healing),
    configFiles: config.configFiles ?? [],
    startupMs,
    ...(probes ? toProbesPolicy(probes, startupMs) : {}),
    degradable: config.degradable ?? false,
    ...toOrderPolicy(config),
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
    ...(restart.retry === undefined ? {} : { retryMs: ms(restart.retry, 0) }),
    loopExits: restart.loopExits ?? 3,
  };
}
