// A service that ends when its work is done: its rounds, each of one or more runs, and how they end.

/** What is done when a run is due while the round before it is not over. */
export type Overlap = "skip" | "queue" | "replace";

/** What decisions about a job are made from; it is part of the journalled policy. */
export interface JobPolicy {
  /** Failed runs that are followed by another one in the same round. */
  readonly retries: number;
  readonly overlap: Overlap;
  /** The schedule in words, time zone included: another text is another schedule. */
  readonly schedule?: string;
}

/** Somebody, or the clock, wants it to run. */
export interface JobAsk {
  /** "boot", "schedule" or who ordered it. */
  readonly by: string;
  /** Wall time of the moment it was due, ms since the Unix epoch. */
  readonly dueAt?: number;
  /** Moments before `dueAt` that passed while nobody could run it. */
  readonly missed?: number;
}

/** From the first run to the last try. */
export interface JobRound extends JobAsk {
  /** Which run of the round this is, from 1. */
  readonly attempt: number;
  readonly sinceMs: number;
  /** Whether the process of this run was seen to start. */
  readonly running: boolean;
  /** When the run failed that another one is to follow. */
  readonly failedAtMs?: number;
  /** When it was found that a daemon died between deciding on this run and seeing it start. */
  readonly lostAtMs?: number;
}

/** completed: it ended as it should · failed · overdue: its time limit · stopped: by people. */
export type JobResult = "completed" | "failed" | "overdue" | "stopped";

export interface JobEnd {
  readonly result: JobResult;
  readonly code: number | null;
  /** "exit code 1 (uncaught error or general failure)". */
  readonly text: string;
  /** Of its last run. */
  readonly tookMs: number;
  readonly attempts: number;
  readonly atMs: number;
  readonly lastLines: readonly string[];
}

export interface Job {
  /** Is answered within the step that it comes in. */
  readonly asked?: JobAsk;
  /** Waits until the round is over; one at most. */
  readonly queued?: JobAsk;
  readonly round?: JobRound;
  readonly last?: JobEnd;
  /** How many rounds have ended. */
  readonly ended: number;
  /** Wall time up to which every due moment has been answered. */
  readonly doneAt?: number;
  /** Due moments since the last run at which it did not run. */
  readonly skipped: number;
}

export const noJob: Job = { ended: 0, skipped: 0 };
