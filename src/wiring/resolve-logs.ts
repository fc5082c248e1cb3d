// How the logs of a project are kept and where they go, with every default filled in.
import { isAbsolute, join } from "node:path";
import type { Config } from "./config.ts";
import type { ForwardConfig, ServiceLogsConfig, TemplatesConfig } from "./config-logs.ts";
import { ms } from "./defaults.ts";
import { logBytesOf, syslogForm } from "./forms.ts";

export interface ResolvedTemplates {
  readonly on: boolean;
  /** Lines a second. */
  readonly rate: number;
  readonly learnMs: number;
  readonly from: "error" | "warn" | "any";
  readonly calmMs: number;
}

export interface ResolvedLog {
  readonly sizeBytes: number;
  readonly ageMs: number;
  readonly keep: number;
  /** Of all instances of the service. */
  readonly totalBytes: number;
  /** Lines a second. */
  readonly rate: number;
  readonly forward: boolean;
  readonly templates: ResolvedTemplates;
}

export type ResolvedForward =
  | {
      readonly kind: "syslog";
      readonly protocol: "udp" | "tcp" | "tls";
      readonly host: string;
      readonly port: number;
      /** Absolute. */
      readonly caFile?: string;
    }
  | { readonly kind: "stdout"; readonly json: boolean };

export interface ResolvedLogs {
  /** Of what has no service, such as the gateway. */
  readonly usual: ResolvedLog;
  readonly services: Readonly<Record<string, ResolvedLog>>;
  /** Bytes of all archives. */
  readonly totalBytes: number;
  readonly forward: readonly ResolvedForward[];
}

const totalBytes = 1_000_000_000;

export function toLogs({ logs = {}, services }: Config, folder: string): ResolvedLogs {
  const all = bytes(logs.total, totalBytes);
  const { forward = [], total: _, ...outer } = logs;
  return {
    usual: toLog(outer, {}, all),
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [
        name,
        toLog(outer, service.logs ?? {}, all),
      ]),
    ),
    totalBytes: all,
    forward: forward.flatMap((it) => toForward(it, folder)),
  };
}

function toLog(outer: ServiceLogsConfig, own: ServiceLogsConfig, all: number): ResolvedLog {
  const { size, age, keep, total, rate, forward } = { ...outer, ...own };
  return {
    sizeBytes: bytes(size, 50_000_000),
    ageMs: ms(age, 7 * 86_400_000),
    keep: keep ?? 10,
    totalBytes: bytes(total, all),
    rate: rate ?? 1_000,
    forward: forward ?? true,
    templates: toTemplates({ ...outer.templates, ...own.templates }),
  };
}

function toTemplates({ on, rate, learn, from, calm }: TemplatesConfig): ResolvedTemplates {
  return {
    on: on ?? true,
    rate: rate ?? 2_000,
    learnMs: ms(learn, 3_600_000),
    from: from ?? "warn",
    calmMs: ms(calm, 30_000),
  };
}

const ports: Readonly<Record<string, number>> = { udp: 514, tcp: 601, tls: 6_514 };

function toForward(config: ForwardConfig, folder: string): readonly ResolvedForward[] {
  if (config.stdout !== undefined) return [{ kind: "stdout", json: config.stdout === "json" }];
  const { scheme = "", six, name, port } = syslogForm.exec(config.syslog ?? "")?.groups ?? {};
  const host = six ?? name;
  if (host === undefined) return [];
  const { ca } = config;
  return [
    {
      kind: "syslog",
      protocol: scheme as "udp" | "tcp" | "tls",
      host,
      port: port === undefined ? (ports[scheme] ?? 0) : Number(port),
      ...(ca === undefined ? {} : { caFile: isAbsolute(ca) ? ca : join(folder, ca) }),
    },
  ];
}

function bytes(value: string | undefined, otherwise: number): number {
  return value === undefined ? otherwise : (logBytesOf(value) ?? otherwise);
}
