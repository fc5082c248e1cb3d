// What a config says of what lies outside: services that run elsewhere, and watchers that watch us.
import type { Duration } from "../kernel/duration.ts";

/** It is watched and never started or stopped. Asked by one of http, tcp and exec, told by kuma, or both. */
export interface ExternalConfig {
  /** Address that answers 2xx or 3xx when it is well: "https://api.example.com/health". */
  readonly http?: string;
  /** Host and port that accept a connection: "db.example.com:5432". */
  readonly tcp?: string;
  /** Command, without a shell, that exits 0 when it is well. */
  readonly exec?: readonly string[];
  /** The monitor of Uptime Kuma that watches it, by its name there. Needs `kuma`. */
  readonly kuma?: string;
  /** From one check to the next. Default 10 s. */
  readonly interval?: Duration;
  /** How long an answer may take. Default 5 s. */
  readonly timeout?: Duration;
  /** Bad answers in a row that make a symptom. Default 3. */
  readonly failures?: number;
  /** Good answers in a row that end it. Default 2. */
  readonly successes?: number;
  /** Sick for so long, and a person is told. Default 1 min. */
  readonly tellAfter?: Duration;
}

/** An Uptime Kuma that tells what it sees, by its webhook notification. */
export interface KumaConfig {
  /** It must show this, as a bearer token or as `?token=`. */
  readonly token: string;
}

/** The daemon pings an address, so that whoever hears it knows that it lives. */
export interface HeartbeatConfig {
  /** A push monitor of Uptime Kuma, healthchecks.io or the like. A secret. */
  readonly url: string;
  /** Default 1 min. */
  readonly every?: Duration;
}

export interface DrillsConfig {
  /** What a drill breaks is to be healed within so long. Default 30 s. */
  readonly within?: Duration;
}

export interface OutsideConfig {
  /** Services that run elsewhere, by name: others may depend on them. */
  readonly external?: Readonly<Record<string, ExternalConfig>>;
  readonly kuma?: KumaConfig;
  readonly heartbeat?: HeartbeatConfig;
  readonly drills?: DrillsConfig;
}
