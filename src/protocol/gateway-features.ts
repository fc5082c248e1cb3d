// What a route of the gateway does beside passing requests on, and what it counts of that.

/** From the one that is given up last to the one that is given up first. */
export const priorities = ["critical", "high", "normal", "low"] as const;

export type Priority = (typeof priorities)[number];

/** Requests are turned away, those of low priority first, when instances have more than they can do. */
export interface Shed {
  /** Requests at once for each instance: before anything is known, at least, and at most. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  /** What those that are turned away are asked to wait, give or take a half. */
  readonly retryAfterMs: number;
  readonly usual: Priority;
  /** Field of a request that says its priority, in small letters; undefined: none is believed. */
  readonly header?: string;
  readonly paths: readonly { readonly prefix: string; readonly priority: Priority }[];
  /** Paths that are never turned away: others probe there. */
  readonly exempt: readonly string[];
}

/** Requests that fit everything that is said here. */
export interface FaultMatch {
  readonly path?: string;
  readonly method?: string;
  /** By name in small letters. */
  readonly header?: Readonly<Record<string, string>>;
  /** "10.0.0.0/8" or "192.0.2.7" */
  readonly client?: string;
}

export interface Fault {
  readonly match: FaultMatch;
  /** Of the requests that fit, 0 to 1. */
  readonly share: number;
  readonly delayMs: number;
  /** The delay is so much longer or shorter, by chance. */
  readonly jitterMs: number;
  /** A status that the gateway answers with, or "cut": the connection ends without an answer. */
  readonly abort?: number | "cut";
  /** From the start of the daemon on. */
  readonly forMs: number;
  /** By the clock on the wall; the daemon moves it on, so that no fault outlives a dead one. */
  readonly untilAtMs: number;
}

/** A share of the requests without a body goes to another port too; nobody sees those answers. */
export interface Shadow {
  readonly port: number;
  readonly share: number;
  /** Copies on their way at once; more are not sent. */
  readonly atOnce: number;
  readonly timeoutMs: number;
}

export interface AccessLog {
  /** Absolute. */
  readonly file: string;
  /** Share of all requests that is written. */
  readonly sample: number;
  /** One that took longer is always written. */
  readonly slowMs?: number;
  /** Whether one that failed is always written. */
  readonly errors: boolean;
  /** Whether the part of a path after "?" is written. */
  readonly query: boolean;
}

export interface RouteFeatures {
  readonly shed?: Shed;
  readonly faults?: readonly Fault[];
  readonly shadow?: Shadow;
  readonly accessLog?: AccessLog;
}

/** Absent until a feature has counted something. */
export interface FeatureStats {
  /** Requests that were turned away. */
  readonly shed?: Readonly<Record<Priority, number>>;
  /** Requests at once that the instances of now are trusted with. */
  readonly limit?: number;
  readonly faults?: { readonly delayed: number; readonly aborted: number };
  /** dropped: too many were on their way. */
  readonly shadow?: { readonly sent: number; readonly failed: number; readonly dropped: number };
  readonly accessLog?: { readonly written: number; readonly dropped: number };
}
