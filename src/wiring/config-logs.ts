// What a config says about logs, as people write it.
import type { Duration } from "../kernel/duration.ts";

/** Of the kinds of lines that a log has, which are learnt while they come. */
export interface TemplatesConfig {
  /** Default true. */
  readonly on?: boolean;
  /** Lines a second of a service that are looked at; more are counted only. Default 2000. */
  readonly rate?: number;
  /** A kind of line is new only after so long of listening. Default 1 h. */
  readonly learn?: Duration;
  /** From which severity on a new kind of line is told. Default "warn". */
  readonly from?: "error" | "warn" | "any";
  /** So long after a start of the service new kinds of lines are expected. Default 30 s. */
  readonly calm?: Duration;
}

export interface ServiceLogsConfig {
  /** A log is rotated when so much of it is in no archive: "50MB", "64MiB". Default 50MB. */
  readonly size?: string;
  /** A log is rotated when its oldest line is so old. Default 7d. */
  readonly age?: Duration;
  /** Archives of each instance. Default 10. */
  readonly keep?: number;
  /** Archives of all instances of a service together. Default: what all logs may have. */
  readonly total?: string;
  /** Lines a second of an instance that are forwarded; more are cut and counted. Default 1000. */
  readonly rate?: number;
  /** Whether its lines are forwarded. Default true. */
  readonly forward?: boolean;
  readonly templates?: TemplatesConfig;
}

/** One of `syslog` and `stdout`. */
export interface ForwardConfig {
  /** "udp://host:514", "tcp://host:601", "tls://host:6514": RFC 5424. */
  readonly syslog?: string;
  /** PEM file of the authority that the server's certificate is verified by. Default: Node's own. */
  readonly ca?: string;
  /** To the output of the daemon: true as text, "json" as one object a line. */
  readonly stdout?: true | "json";
}

export interface LogsConfig extends Omit<ServiceLogsConfig, "total" | "forward"> {
  /** All archives of the project together. Default 1GB. */
  readonly total?: string;
  readonly forward?: readonly ForwardConfig[];
}
