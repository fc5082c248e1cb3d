// What is said of a watched thing: its kind, its state, and how it was lost.
import { HomeostatError } from "../../kernel/errors.ts";

export const kinds = ["worker", "child", "task", "loop", "server", "consumer"] as const;

export type Kind = (typeof kinds)[number];

/**
 * - "pending": made, not yet started; lost when it does not start within its time.
 * - "running": as it should be.
 * - "lost": ended, or silent, and not restarted. A loop that beats again is running again.
 * - "restarting": lost, and started anew when its back-off is over.
 * - "given-up": lost as often as its budget allows; nothing more is done.
 * - "untracked": no longer watched, because it was told so or because it ended well.
 */
export type State = "pending" | "running" | "lost" | "restarting" | "given-up" | "untracked";

/** How a watched thing was lost. */
export interface Loss {
  /** `name#n`; the second thing of one name is `name#2`. */
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  /** `exit code 1`, `closed`, `no beat for 3000 ms`. */
  readonly reason: string;
  /** What was thrown or emitted, when something was. */
  readonly error?: unknown;
  /** Where it was handed to the watchdog; "" when that is not known. */
  readonly site: string;
  /** How often it was started anew before this; the first start is none. */
  readonly restarts: number;
  /** ISO 8601. */
  readonly time: string;
}

/** What is known of one watched thing. */
export interface Entry {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  readonly state: State;
  /** ISO 8601; since when the state holds. */
  readonly since: string;
  readonly site: string;
  readonly restarts: number;
  readonly lastLoss?: { readonly reason: string; readonly time: string };
}

/** The owner's end of a watched thing. */
export interface Watched extends Disposable {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  readonly site: string;
  readonly state: State;
  readonly restarts: number;
  /** The thing goes on and is watched no longer; do this before you end it yourself. */
  untrack(): void;
  /** As `untrack`, and the signal that a task or a loop was given aborts. */
  [Symbol.dispose](): void;
}

export interface WatchedLoop extends Watched {
  /** Tells that the loop is alive; call it once a turn. */
  beat(): void;
}

/** The error as a field of a log entry; nothing when there is none. */
export function errorField(error: unknown): { readonly error?: unknown } {
  return error === undefined ? {} : { error };
}

/** The cause with which an app dies of a loss. */
export function lossError({ kind, id, reason, site, error }: Loss): HomeostatError {
  const from = site === "" ? "" : `, watched from ${site}`;
  return new HomeostatError("WATCHED_LOST", `${kind} ${id} was lost: ${reason}${from}`, {
    ...(error !== undefined && { cause: error }),
    details: { id, kind, reason, site },
  });
}
