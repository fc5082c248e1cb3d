// What a config says of where figures come from besides Homeostat's own eyes: who sends, who is asked.
import type { Duration } from "../kernel/duration.ts";

/** Which series are taken, and whose they are. */
export interface ForeignConfig {
  /** Their names for services, where they differ from ours: `{ "cart-api": "cart" }`. */
  readonly services?: Readonly<Record<string, string>>;
  /** Names of metrics that are taken; "*" stands for any text. Default: all. */
  readonly metrics?: readonly string[];
  /** Labels that a series must have, each with this value. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Series that are kept at most; those beyond are counted and told once. Default 10 000. */
  readonly series?: number;
  /** What fits no service: "count" it only (default), or "keep" it as "@unmapped". */
  readonly unmapped?: "count" | "keep";
}

/** Listens for what others send. */
export interface ReceiverConfig extends ForeignConfig {
  /** Default 127.0.0.1. Another one needs a token. */
  readonly host?: string;
  /** Must be shown as `Authorization: Bearer …`; `${NAME}` is taken from the environment. */
  readonly token?: string;
  /** The largest body, unpacked. Default "4MiB". */
  readonly body?: string;
}

export interface OtlpConfig extends ReceiverConfig {
  /** Default 4318. */
  readonly port?: number;
  /** The resource attribute that names the service. Default "service.name". */
  readonly attribute?: string;
  /** Spans and log lines are counted over so long. Default 1 min. */
  readonly window?: Duration;
}

export interface RemoteWriteConfig extends ReceiverConfig {
  readonly port: number;
  /** The label that names the service. Default "job". */
  readonly label?: string;
}

export interface AlertmanagerConfig
  extends Pick<ReceiverConfig, "host" | "token" | "body" | "services" | "labels"> {
  readonly port: number;
  /** The label that names the service. Default "service". */
  readonly label?: string;
  /** An alert that is not repeated for so long is over. Default 5 h. */
  readonly forget?: Duration;
}

interface PullConfig extends ForeignConfig {
  /** Default 15 s. */
  readonly every?: Duration;
  /** Default 10 s, or `every` when that is shorter. */
  readonly timeout?: Duration;
  /** Shown as `Authorization: Bearer …`. */
  readonly token?: string;
  /** Whose all of it is. Default: what `label` says. */
  readonly service?: string;
  /** The label that names the service. Default "job". */
  readonly label?: string;
}

/** An address that shows metrics as text: Prometheus 0.0.4 or OpenMetrics 1.0. */
export interface ScrapeConfig extends PullConfig {
  readonly scrape: string;
  /** Default "4MiB". */
  readonly body?: string;
}

/** A Prometheus that is asked. */
export interface QueryConfig extends PullConfig {
  readonly url: string;
  /** PromQL by the name that the metric has here. */
  readonly queries: Readonly<Record<string, string>>;
}

/** A log that Homeostat does not write itself; it is followed through rotations. */
export interface LogFileConfig {
  readonly file: string;
  /** Whose it is. */
  readonly service: string;
}

export interface SourcesConfig {
  readonly otlp?: OtlpConfig;
  readonly remoteWrite?: RemoteWriteConfig;
  readonly alertmanager?: AlertmanagerConfig;
  readonly prometheus?: readonly (ScrapeConfig | QueryConfig)[];
  readonly logs?: readonly LogFileConfig[];
}

export interface WithSources {
  readonly sources?: SourcesConfig;
}
