// What a service says of its requests beyond their way: shedding, faults, shadows, an access log.
import type { Duration } from "../kernel/duration.ts";
import type { Priority } from "../protocol/gateway-features.ts";

export interface ShedConfig {
  /** Default: every request is normal. */
  readonly priority?: {
    /** Default normal. */
    readonly default?: Priority;
    /** A field that says critical, high, normal or low; believed from everybody. Default: none. */
    readonly header?: string;
    /** The first that fits. */
    readonly paths?: readonly { readonly prefix: string; readonly priority: Priority }[];
  };
  /** Requests at once for each instance; what is between is learnt. */
  readonly limit?: {
    /** Before anything is known. Default 50. */
    readonly initial?: number;
    /** Default 1. */
    readonly min?: number;
    /** Default 10,000. */
    readonly max?: number;
  };
  /** What who is turned away is asked to wait, give or take a half. Default 2 s. */
  readonly retryAfter?: Duration;
}

export interface FaultConfig {
  /** Default: every request. */
  readonly match?: {
    /** "/cart" and what lies under it. */
    readonly path?: string;
    readonly method?: string;
    readonly header?: Readonly<Record<string, string>>;
    /** An address or a network. */
    readonly client?: string;
  };
  /** Of those that match, 0 to 1. */
  readonly share: number;
  readonly delay?: Duration;
  /** The delay is up to so much shorter or longer. */
  readonly jitter?: Duration;
  /** A status, or "cut": the connection ends without an answer. */
  readonly abort?: number | "cut";
  /** From the start of the daemon on. Default 10 min. */
  readonly for?: Duration;
}

export interface ShadowConfig {
  /** A service with a port, or a port of this machine. */
  readonly to: string | number;
  /** Of GET, HEAD and OPTIONS without a body. Default 0.1. */
  readonly share?: number;
  /** Copies on their way at once. Default 64. */
  readonly atOnce?: number;
  /** Default 5 s. */
  readonly timeout?: Duration;
}

export interface AccessLogConfig {
  /** Default 0.01. */
  readonly sample?: number;
  /** What takes longer is always written. Default 1 s. */
  readonly slow?: Duration;
  /** Whether what fails is always written. Default true. */
  readonly errors?: boolean;
  /** Relative to the project folder. Default: among the logs, which are rotated. */
  readonly file?: string;
  /** Whether the part of a path after "?" is written. Default false. */
  readonly query?: boolean;
}

export interface FeaturesConfig {
  readonly shed?: ShedConfig;
  readonly faults?: readonly FaultConfig[];
  readonly shadow?: ShadowConfig;
  readonly accessLog?: AccessLogConfig;
}
