// The nouns of health: what a check answers and what is known of it.

export type Status = "unknown" | "healthy" | "degraded" | "unhealthy";

export interface CheckContext {
  /** Aborts when the check's time is over or the app stops. */
  readonly signal: AbortSignal;
}

/** True and nothing are healthy, false is unhealthy, a throw is unhealthy with its message. */
export type CheckAnswer =
  | boolean
  | undefined
  | { readonly status: Exclude<Status, "unknown">; readonly reason?: string };

export type Check = (context: CheckContext) => CheckAnswer | Promise<CheckAnswer>;

/** What is known of one check. */
export interface Checked {
  readonly name: string;
  readonly status: Status;
  /** Why it is not healthy. */
  readonly reason?: string;
  readonly critical: boolean;
  /** ISO 8601; since when the status holds, and when it was last looked at. */
  readonly since: string;
  readonly checkedAt?: string;
  /** Milliseconds the last run took. */
  readonly latencyMs?: number;
}

/** What other parts need of health. */
export interface HealthView {
  statusOf(name: string): Status;
  /** Runs a check now, beside its interval; joins a run that is under way. */
  check(name: string): Promise<Checked>;
  list(): readonly Checked[];
}
