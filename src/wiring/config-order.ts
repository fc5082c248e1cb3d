// What a config says about order: dependencies with conditions, jobs, groups and profiles.
import type { Duration } from "../kernel/duration.ts";

/**
 * ready: one of its instances is · started: its process was · completed: a job has done its work ·
 * logged: it has written a line with this text.
 */
export type ConditionConfig = "ready" | "started" | "completed" | { readonly logged: string };

export interface JobConfig {
  /** Five cron fields, or "@hourly", "@daily", "@weekly", "@monthly", "@yearly". */
  readonly schedule?: string;
  /** IANA name. Default: that of this machine. */
  readonly timezone?: string;
  /** When it is due and the round before is not over. Default "skip". */
  readonly overlap?: "skip" | "queue" | "replace";
  /** Moments that were missed are made up for, by one run. Default true. */
  readonly catchUp?: boolean;
  /** Each run begins by chance up to so much later. Default 0. */
  readonly jitter?: Duration;
  /** Whether it runs when the daemon begins. Default: when it has no schedule. */
  readonly onStart?: boolean;
  /** A run that takes longer is ended and has failed. Default 24 h. */
  readonly timeLimit?: Duration;
  /** Failed runs that are tried again, with the back-off of `restart`. Default 2. */
  readonly retries?: number;
}

export interface OrderConfig {
  /** Services that must be ready before this one starts, or what of each must be. */
  readonly dependsOn?: readonly string[] | Readonly<Record<string, ConditionConfig>>;
  /** It ends when its work is done: it is not kept running. */
  readonly job?: JobConfig;
  /** A name that start, stop and restart take for all that have it. */
  readonly partOf?: string;
  /** It runs only when one of these is chosen by --profile. */
  readonly profiles?: readonly string[];
}
