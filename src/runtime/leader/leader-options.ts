// What a leader is told, and what it tells.
import { HomeostatError } from "../../kernel/errors.ts";
import {
  anything,
  atLeast,
  checkOptions,
  finiteAbove,
  named,
  oneOf,
} from "../../policies/options.ts";
import type { Bus } from "../parts/bus.ts";
import type { Metrics } from "../parts/metrics.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { Lease } from "./lease.ts";

export interface LeaderOptions extends Partial<Surroundings> {
  readonly lease: Lease;
  /** Of what it leads; for people, events and metrics. */
  readonly name: string;
  /** Who it is in the lease; no two may share one. Default: host, pid and chance. */
  readonly holder?: string;
  /** Milliseconds for which the lease is given; default 15,000. */
  readonly ttlMs?: number;
  /** Milliseconds between two renewals, and between two looks of those who wait; default a third. */
  readonly renewMs?: number;
  /**
   * The share of the time to live that is not believed in, default 0.2: leadership ends so much
   * earlier. It pays for clocks that run at different speeds (0.1 of it for ±5 % on both sides) and
   * for moments in which the process did not run, 1.5 s with the defaults.
   */
  readonly margin?: number;
  /** The share of each wait that is left to chance, so that replicas do not act in step; default 0.3. */
  readonly jitter?: number;
  /**
   * When the lease's store was not reached for longer than the time to live: "step-down" (default) goes
   * on trying; "die" ends the app by a fatal dependency error, and needs `stopping`. Either way
   * leadership ended before that.
   */
  readonly onIsolated?: "step-down" | "die";
  /** Milliseconds for work to end when leadership is given up, before the lease is; default 5,000. */
  readonly endMs?: number;
  /** It surrenders when the app stops. */
  readonly stopping?: Pick<Stopping, "die" | "onStop">;
  readonly bus?: Bus;
  readonly metrics?: Pick<Metrics, "counter" | "gauge">;
}

export type LeaderState =
  /** Not started yet. */
  | "idle"
  | "follower"
  | "leader"
  /** Follower by its own will, for a while. */
  | "surrendered"
  /** The store was not reached for longer than the time to live. */
  | "isolated"
  | "stopped";

/** Why leadership ended; "unproven": no renewal came in time, "taken": the store said no. */
export type Ending = "surrendered" | "stopped" | "unproven" | "taken";

/** The data of `leader.elected`, `leader.lost` and `leader.isolated`. */
export interface LeaderTold {
  readonly name: string;
  readonly holder: string;
  readonly token?: number;
  readonly why?: Ending;
}

/**
 * Done while leading. `signal` aborts the moment leadership cannot be proven any more; `token` is the
 * fencing token that goes with each write. A throw is logged, and the work is begun again with the
 * next leadership.
 */
export type LeaderWork = (signal: AbortSignal, token: number) => unknown;

export interface EveryOptions {
  /** Also when leadership begins; default false: first after the interval. */
  readonly atOnce?: boolean;
}

export interface Leader extends AsyncDisposable {
  readonly name: string;
  readonly holder: string;
  readonly state: LeaderState;
  /** Whether leadership is proven now, also when a timer that should have ended it is late. */
  readonly isLeader: boolean;
  /** The fencing token while leading. */
  readonly token: number | undefined;
  /** Begins to compete. */
  start(): void;
  /** Begun with each leadership, at once when leading; it never overlaps itself in this process. */
  whenLeader(work: LeaderWork): Disposable;
  /** Every `ms` milliseconds while leading; runs do not overlap, missed ones are left out. */
  every(name: string, ms: number, work: LeaderWork, options?: EveryOptions): Disposable;
  /**
   * Gives leadership up and does not compete for `forMs` milliseconds, default the time to live.
   * Resolves when work has ended and the lease is free; the lease of work that does not end within
   * `endMs` runs out by itself.
   */
  surrender(forMs?: number): Promise<void>;
  /** Surrenders for good. */
  stop(): Promise<void>;
}

const rules = {
  ...{ clock: anything, random: anything, log: anything, lease: anything, stopping: anything },
  ...{ bus: anything, metrics: anything, name: named, holder: named },
  ttlMs: finiteAbove(0),
  renewMs: finiteAbove(0),
  margin: atLeast(0),
  jitter: atLeast(0),
  onIsolated: oneOf("step-down", "die"),
  endMs: finiteAbove(0),
};

/** All that is not told has its default; in milliseconds. */
export interface Times {
  readonly ttlMs: number;
  readonly renewMs: number;
  /** For so long after it was asked for, the lease is believed in. */
  readonly trustMs: number;
  readonly jitter: number;
  readonly endMs: number;
}

/** @throws OPTION_INVALID, also for times by which no renewal could come in time. */
export function timesOf(options: LeaderOptions): Times {
  const { name, ttlMs = 15_000, renewMs = ttlMs / 3, margin = 0.2, jitter = 0.3 } = options;
  const who = `leader ${name}`;
  checkOptions<LeaderOptions>(who, options, rules);
  const wrong = (what: string) => new HomeostatError("OPTION_INVALID", `${who}: ${what}`);
  if (typeof name !== "string" || name === "") throw wrong("it needs a name");
  if (typeof options.lease?.acquire !== "function") throw wrong("it needs a lease");
  if (margin > 0.9) throw wrong(`margin must be at most 0.9, got ${margin}`);
  if (jitter > 1) throw wrong(`jitter must be at most 1, got ${jitter}`);
  const trustMs = ttlMs * (1 - margin);
  if (renewMs * 2 > trustMs) {
    const most = `half of the ${trustMs} ms for which a lease is believed in`;
    throw wrong(`renewMs must be at most ${most}, so that one renewal may fail; got ${renewMs}`);
  }
  if (options.onIsolated === "die" && !options.stopping) {
    throw wrong(`onIsolated "die" needs stopping`);
  }
  return { ttlMs, renewMs, trustMs, jitter, endMs: options.endMs ?? 5_000 };
}
