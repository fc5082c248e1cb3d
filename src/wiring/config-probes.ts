// The probes of a service as people write them: startup, readiness and liveness apart.
import type { Duration } from "../kernel/duration.ts";

export interface HttpProbeConfig {
  /** "/health" */
  readonly path: string;
  /** Default: the port of the instance. */
  readonly port?: number;
  /** Default GET. */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "OPTIONS";
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are healthy. Default: 200 to 399. */
  readonly status?: readonly number[];
  /** Text that the first 64 KiB of the body must contain. */
  readonly body?: string;
  /** Regular expression that the first 64 KiB of the body must match. */
  readonly bodyMatches?: string;
  /** How many redirects are followed, to the same host and port only. Default 0. */
  readonly redirects?: number;
  /** Asks by HTTPS. */
  readonly https?: true | HttpsConfig;
}

export interface HttpsConfig {
  /** File of PEM certificates to trust, relative to the project folder. Default: those of Node. */
  readonly ca?: string;
  /** Takes any certificate. Default false. */
  readonly insecure?: boolean;
  /** Whom the certificate must name. Default "localhost". */
  readonly name?: string;
  /** Less than so many days until it expires is a symptom. Default 14. */
  readonly warnDays?: number;
}

export interface TcpProbeConfig {
  readonly port?: number;
  readonly send?: string;
  /** Text that must come within the first 64 KiB of the answer. */
  readonly expect?: string;
}

export interface GrpcProbeConfig {
  readonly port?: number;
  /** Default "": the server as a whole. */
  readonly service?: string;
}

export interface FileProbeConfig {
  /** `${index}` is 0 for the first instance, 1 for the next …; relative to `cwd`. */
  readonly path: string;
  /** An older file is a heartbeat that has stopped. */
  readonly maxAge: Duration;
}

export type LinkWordConfig = "healthy" | "ready" | "live" | "started";

export interface LinkProbeConfig {
  readonly says: LinkWordConfig;
  /** An app that has said nothing for longer is unknown, which is no sign. Default 5 s. */
  readonly within?: Duration;
}

export interface NotifyWatchdogConfig {
  /** The longest time between two WATCHDOG=1; the service is told it in WATCHDOG_USEC. */
  readonly watchdog: Duration;
}

/** Exactly one of http, tcp, exec, grpc, file, link and notify. */
export interface ProbeOfKindConfig {
  /** A path, or the whole question. */
  readonly http?: string | HttpProbeConfig;
  /** True: healthy when its port accepts a connection. */
  readonly tcp?: true | TcpProbeConfig;
  /** Command, without a shell, that exits 0 when the instance is well. */
  readonly exec?: readonly string[];
  /** The gRPC health protocol, over HTTP/2 without TLS. */
  readonly grpc?: true | GrpcProbeConfig;
  readonly file?: FileProbeConfig;
  /** What an app with `createApp` says of itself over its link. */
  readonly link?: LinkWordConfig | LinkProbeConfig;
  /** What it says by sd_notify(3): true for startup and readiness, a time for liveness. */
  readonly notify?: true | NotifyWatchdogConfig;
  /** From one check to the next. Default 1 s; readiness and startup are asked faster at first. */
  readonly interval?: Duration;
  /** Default 1 s. */
  readonly timeout?: Duration;
  /** Bad answers in a row that count. Default 3; of startup 30: with `interval` its time; of a
   * watchdog 1. */
  readonly failures?: number;
  /** Good answers in a row that count. Default 1. */
  readonly successes?: number;
  /** Share of an interval by which each may be shorter. Default 0.1. */
  readonly jitter?: number;
  /** From the start of the process to the first check. Default 0. */
  readonly delay?: Duration;
}

export interface LivenessConfig extends ProbeOfKindConfig {
  /** An answer later than this, for `limits.for`, is slowness. Default: not watched. */
  readonly slowAfter?: Duration;
}

/** One at least. */
export interface ProbesConfig {
  /** Holds the others back until it was answered well; too late is a symptom. */
  readonly startup?: ProbeOfKindConfig;
  /** Whether the instance gets traffic; nothing is restarted for it. */
  readonly readiness?: ProbeOfKindConfig;
  /** Failures are a symptom, which the loop and its guards decide about. */
  readonly liveness?: LivenessConfig;
}
