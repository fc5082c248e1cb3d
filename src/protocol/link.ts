// What an app and the daemon beside it say to each other: one JSON object a line on a Unix socket.
// The app connects and greets first. It reports on its own; it does what it is ordered and answers
// each order once. Either side may go away at any time, and the other goes on without it.

/** Raised when a message changes its meaning; fields that are added may be passed over. */
export const linkProtocol = 1;

/** The variables of the environment by which a supervised process finds its daemon. */
export const linkEnvironment = {
  /** Path of the Unix socket. */
  socket: "HOMEOSTAT_SOCKET",
  /** Which instance the process is: "web/1". */
  instance: "HOMEOSTAT_INSTANCE",
  /** Milliseconds that the daemon waits from the first signal to SIGKILL. */
  stopMs: "HOMEOSTAT_STOP_MS",
} as const;

/** Longest line, in bytes; a report that would be longer is cut before it is sent. */
export const linkLineBytes = 1_048_576;

/** So many of each kind are in a report; more are counted in `left`. */
export const linkListMax = 256;

/** So many figures are in a report. */
export const linkFiguresMax = 512;

/** Longest text: a name, a reason, an answer. */
export const linkTextMax = 1_024;

/** Longest override of a feature, a week, and longest profile, in milliseconds. */
export const linkOverrideMaxMs = 604_800_000;
export const linkProfileMaxMs = 60_000;

export type LinkStatus = "unknown" | "healthy" | "degraded" | "unhealthy";

export interface CheckReport {
  readonly name: string;
  readonly status: LinkStatus;
  readonly critical: boolean;
  readonly reason?: string;
  /** ISO 8601 */
  readonly since: string;
  readonly latencyMs?: number;
}

export interface FeatureReport {
  readonly name: string;
  readonly available: boolean;
  readonly why: string;
  readonly override?: "on" | "off";
}

export interface BreakerReport {
  /** Name of its pipeline, with `:KEY` for one of a family. */
  readonly name: string;
  readonly state: "closed" | "open" | "half-open";
  /** Held open by hand or by order. */
  readonly isolated: boolean;
}

export interface WatchedReport {
  /** "mailer#1" */
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly restarts: number;
  readonly lastLoss?: string;
}

export interface RecoveryReport {
  readonly type: string;
  readonly source: string;
  readonly state: "running" | "queued" | "waiting" | "given-up" | "quiet";
  readonly failures: number;
}

/** The state of an app as it is now: always whole, so that one that was lost does not matter. */
export interface AppReport {
  readonly status: LinkStatus;
  /** Why it is not healthy. */
  readonly reason?: string;
  readonly live: boolean;
  readonly ready: boolean;
  readonly started: boolean;
  readonly stopping: boolean;
  readonly logLevel: string;
  /** 0 when nothing is degraded. */
  readonly level: number;
  readonly checks: readonly CheckReport[];
  readonly features: readonly FeatureReport[];
  readonly breakers: readonly BreakerReport[];
  readonly watched: readonly WatchedReport[];
  readonly recoveries: readonly RecoveryReport[];
  /** Names of what the order `do` can ask for. */
  readonly commands: readonly string[];
  /** Entries that found no room in the lists above. */
  readonly left: number;
  /**
   * Numbers by name, units in it: `loop_delay_p99_ms`, `heap_used_bytes`, `rss_bytes`, and the app's
   * own counters and gauges that have no labels.
   */
  readonly figures: Readonly<Record<string, number>>;
}

/** What the daemon can order. Each is a wish for a state, so that one told twice does no harm. */
export type Order =
  /** Takes the app out of traffic (`/ready` says 503), or back into it. */
  | { readonly kind: "drain"; readonly on: boolean }
  /** Switches off all features of this level and below, 1 to 9; 0 restores. */
  | { readonly kind: "degrade"; readonly level: number }
  | {
      readonly kind: "feature";
      readonly name: string;
      /** "auto" takes an order back. */
      readonly state: "on" | "off" | "auto";
      /** Milliseconds; the app's own limit when absent. */
      readonly forMs?: number;
    }
  /** Holds a breaker open; closed forgets what it counted; auto takes "open" back. */
  | { readonly kind: "breaker"; readonly name: string; readonly state: "open" | "closed" | "auto" }
  | { readonly kind: "log-level"; readonly level: "debug" | "info" | "warn" | "error" }
  | {
      readonly kind: "capture";
      readonly what: "heap-snapshot" | "cpu-profile" | "report" | "open";
      /** Length of a profile; default 3,000, at most 60,000. */
      readonly ms?: number;
      /** The folder the file is written to; it is there. */
      readonly folder: string;
    }
  /** Something the app has put at the daemon's disposal, by name. */
  | { readonly kind: "do"; readonly name: string }
  /** Forgets the waits of a recovery: it is tried again when its failure is told the next time. */
  | { readonly kind: "recover"; readonly type: string; readonly source: string };

export type OrderKind = Order["kind"];

export const orderKinds: readonly OrderKind[] = [
  "drain",
  "degrade",
  "feature",
  "breaker",
  "log-level",
  "capture",
  "do",
  "recover",
];

export type FromApp =
  | {
      readonly kind: "hello";
      readonly protocol: number;
      readonly app: string;
      /** What HOMEOSTAT_INSTANCE said; absent for a process that nobody supervises. */
      readonly instance?: string;
      readonly pid: number;
      /** Version of the package in the app. */
      readonly version: string;
      /** What it can be ordered. */
      readonly orders: readonly string[];
    }
  | { readonly kind: "report"; readonly report: AppReport }
  /** Something that happened; at most 50 a second, the rest are counted in `missed` of the next. */
  | {
      readonly kind: "event";
      readonly type: string;
      readonly source: string;
      readonly severity: "info" | "warning" | "critical";
      /** ISO 8601 */
      readonly time: string;
      readonly text: string;
      readonly missed: number;
    }
  | {
      readonly kind: "answer";
      readonly id: number;
      /** One sentence of what was done; of a capture the path of the file. */
      readonly done: string;
      readonly file?: { readonly path: string; readonly bytes: number };
    }
  | { readonly kind: "answer"; readonly id: number; readonly error: string; readonly code: string };

export type ToApp =
  | {
      readonly kind: "welcome";
      readonly protocol: number;
      /** Milliseconds from one report to the next, 100 to 60,000. */
      readonly everyMs: number;
      /**
       * Which run of the daemon this is: ids of orders count within it, and one that is told twice is
       * answered from memory. Without it they count within the connection.
       */
      readonly run?: string;
    }
  /** The daemon cannot talk to this app; it closes. Not to be tried again before 60 s. */
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "order"; readonly id: number; readonly order: Order; readonly by: string };

/** Never sent: what a reader makes of an order that it cannot read; it is answered with an error. */
export interface UnfitOrder {
  readonly kind: "unfit";
  readonly id: number;
  readonly why: string;
}
