// What lies outside with every default filled in: for whoever watches it, and for the loop's policy.
import type { ServicePolicy } from "../model/policy.ts";
import type { Config, HealingConfig } from "./config.ts";
import type { ExternalConfig } from "./config-external.ts";
import { defaults, ms, toHealing } from "./defaults.ts";

export interface ResolvedExternal extends Pick<ExternalConfig, "http" | "tcp" | "exec" | "kuma"> {
  readonly name: string;
  readonly periodMs: number;
  readonly timeoutMs: number;
}

export interface ResolvedOutside {
  readonly external: Readonly<Record<string, ResolvedExternal>>;
  readonly kuma?: { readonly token: string };
  readonly heartbeat?: { readonly url: string; readonly everyMs: number };
  readonly drills: { readonly withinMs: number };
}

export function toOutside({ external = {}, kuma, heartbeat, drills }: Config): ResolvedOutside {
  const entries = Object.entries(external).map(
    ([name, config]) => [name, toExternal(name, config)] as const,
  );
  return {
    external: Object.fromEntries(entries),
    ...(kuma && { kuma: { token: kuma.token } }),
    ...(heartbeat && {
      heartbeat: { url: heartbeat.url, everyMs: ms(heartbeat.every, 60_000) },
    }),
    drills: { withinMs: ms(drills?.within, 30_000) },
  };
}

function toExternal(name: string, config: ExternalConfig): ResolvedExternal {
  const { http, tcp, exec, kuma, interval, timeout } = config;
  return {
    name,
    ...(http === undefined ? {} : { http }),
    ...(tcp === undefined ? {} : { tcp }),
    ...(exec === undefined ? {} : { exec }),
    ...(kuma === undefined ? {} : { kuma }),
    periodMs: ms(interval, 10_000),
    timeoutMs: ms(timeout, 5_000),
  };
}

/** What the loop must know of them: no replicas, so that nothing of them is ever to run here. */
export function externalPolicies({
  external = {},
  healing,
}: Config): Readonly<Record<string, ServicePolicy>> {
  return Object.fromEntries(
    Object.entries(external).map(([name, config]) => [name, toPolicy(name, config, healing)]),
  );
}

function toPolicy(
  name: string,
  config: ExternalConfig,
  outer: HealingConfig | undefined,
): ServicePolicy {
  const { http, tcp, exec, interval, failures = 3, successes = 2, tellAfter } = config;
  const isAsked = (http ?? tcp ?? exec) !== undefined;
  return {
    name,
    external: true,
    replicas: 0,
    dependsOn: [],
    routed: false,
    ...(isAsked && { probe: { failures, successes, periodMs: ms(interval, 10_000) } }),
    limits: { forMs: 3_000 },
    restart: {
      when: "never",
      expectedExits: [],
      firstMs: defaults.backoff.firstMs,
      factor: defaults.backoff.factor,
      maxMs: defaults.backoff.maxMs,
      stableMs: 10_000,
      giveUp: defaults.giveUp,
      loopExits: 3,
    },
    healing: toHealing(outer, { verify: { timeout: tellAfter ?? 60_000 } }),
    configFiles: [],
    startupMs: 30_000,
    degradable: false,
  };
}
