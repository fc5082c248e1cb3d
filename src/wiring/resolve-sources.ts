// Where figures come from with every default filled in, as the sources are made of it.
import { resolve as resolvePath } from "node:path";
import type { Config } from "./config.ts";
import type {
  AlertmanagerConfig,
  ForeignConfig,
  QueryConfig,
  ReceiverConfig,
  ScrapeConfig,
} from "./config-sources.ts";
import { ms } from "./defaults.ts";
import { logBytesOf } from "./forms.ts";
import { fillSecret, type Surroundings } from "./secret.ts";

export interface ResolvedForeign {
  /** Their name → the name of a service here. */
  readonly services: Readonly<Record<string, string>>;
  /** Patterns of names; empty: all. */
  readonly metrics: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly seriesMax: number;
  readonly keepsUnmapped: boolean;
}

export interface ResolvedReceiver {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly bodyBytes: number;
}

export interface ResolvedOtlp extends ResolvedReceiver {
  readonly foreign: ResolvedForeign;
  readonly attribute: string;
  readonly windowMs: number;
}

export interface ResolvedRemoteWrite extends ResolvedReceiver {
  readonly foreign: ResolvedForeign;
  readonly label: string;
}

export interface ResolvedAlertmanager extends ResolvedReceiver {
  readonly foreign: ResolvedForeign;
  readonly label: string;
  readonly forgetMs: number;
}

export interface ResolvedPull {
  readonly foreign: ResolvedForeign;
  readonly url: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly token?: string;
  readonly service?: string;
  readonly label: string;
  readonly bodyBytes: number;
  /** Present: a Prometheus is asked these; absent: the address is scraped. */
  readonly queries?: Readonly<Record<string, string>>;
}

export interface ResolvedLogFile {
  /** Absolute. */
  readonly file: string;
  readonly service: string;
}

/** Holds secrets: it goes into no log, no journal and no answer. */
export interface ResolvedSources {
  readonly otlp?: ResolvedOtlp;
  readonly remoteWrite?: ResolvedRemoteWrite;
  readonly alertmanager?: ResolvedAlertmanager;
  readonly prometheus: readonly ResolvedPull[];
  readonly logs: readonly ResolvedLogFile[];
}

export const otlpPort = 4_318;

export function toSources({ sources = {} }: Config, around: Surroundings): ResolvedSources {
  const { otlp, remoteWrite, alertmanager, prometheus = [], logs = [] } = sources;
  return {
    ...(otlp && {
      otlp: {
        ...toReceiver({ port: otlpPort, ...otlp }, around),
        foreign: toForeign(otlp),
        attribute: otlp.attribute ?? "service.name",
        windowMs: ms(otlp.window, 60_000),
      },
    }),
    ...(remoteWrite && {
      remoteWrite: {
        ...toReceiver(remoteWrite, around),
        foreign: toForeign(remoteWrite),
        label: remoteWrite.label ?? "job",
      },
    }),
    ...(alertmanager && { alertmanager: toAlertmanager(alertmanager, around) }),
    prometheus: prometheus.map((it) => toPull(it, around)),
    logs: logs.map(({ file, service }) => ({ file: resolvePath(around.folder, file), service })),
  };
}

function toAlertmanager(config: AlertmanagerConfig, around: Surroundings): ResolvedAlertmanager {
  return {
    ...toReceiver(config, around),
    foreign: toForeign(config),
    label: config.label ?? "service",
    forgetMs: ms(config.forget, 5 * 3_600_000),
  };
}

function toForeign({
  services,
  metrics,
  labels,
  series,
  unmapped,
}: ForeignConfig): ResolvedForeign {
  return {
    services: services ?? {},
    metrics: metrics ?? [],
    labels: labels ?? {},
    seriesMax: series ?? 10_000,
    keepsUnmapped: unmapped === "keep",
  };
}

function toReceiver(
  { host = "127.0.0.1", port, token, body }: ReceiverConfig & { readonly port: number },
  around: Surroundings,
): ResolvedReceiver {
  return { host, port, bodyBytes: bytesOf(body), ...shown(token, around) };
}

function toPull(config: ScrapeConfig | QueryConfig, around: Surroundings): ResolvedPull {
  const { every, timeout, token, service, label = "job" } = config;
  const everyMs = ms(every, 15_000);
  const isQuery = "url" in config;
  return {
    foreign: toForeign(config),
    url: isQuery ? config.url : config.scrape,
    everyMs,
    timeoutMs: ms(timeout, Math.min(10_000, everyMs)),
    label,
    bodyBytes: bytesOf(isQuery ? undefined : config.body),
    ...shown(token, around),
    ...(service === undefined ? {} : { service }),
    ...(isQuery ? { queries: config.queries } : {}),
  };
}

function bytesOf(body: string | undefined): number {
  return (body === undefined ? undefined : logBytesOf(body)) ?? 4_194_304;
}

function shown(token: string | undefined, around: Surroundings): { readonly token?: string } {
  if (token === undefined) return {};
  const secret = fillSecret(token, around);
  return { token: secret.ok ? secret.value : "" };
}
