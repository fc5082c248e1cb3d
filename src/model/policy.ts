// The part of the config that decisions are made from; it is journalled, so replay needs no file.
import type { ActionKind, Mode } from "./action.ts";
import type { JobPolicy } from "./job.ts";

/** When a back-off ends in giving up: `exits` exits within `withinMs`. */
export interface RestartPolicy {
  readonly when: "unexpected" | "always" | "never";
  readonly expectedExits: readonly number[];
  /** The wait before a second restart in a row; doubles by `factor` up to `maxMs`. */
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** A run that was longer than this starts the back-off anew. */
  readonly stableMs: number;
  readonly giveUp: { readonly exits: number; readonly withinMs: number };
  /** From the end of an instance that was given up to its next start; default 5 min. */
  readonly retryMs?: number;
  /** A run shorter than `stableMs` counts for a crash loop; so many in a row make one. */
  readonly loopExits: number;
}

export interface HealingPolicy {
  readonly modes: Readonly<Record<ActionKind, Mode>>;
  /** Wait between two actions on one target: doubles per strike from first to max. */
  readonly cooldown: { readonly firstMs: number; readonly maxMs: number };
  /** Actions that did not help on one target, before people are called. */
  readonly strikes: number;
  /** Actions per diagnosis of one service and hour. */
  readonly perHour: number;
  /** Share of a group that may be down for a destructive action to be allowed; at least 1 may. */
  readonly maxUnhealthy: number;
  readonly verify: { readonly healthyMs: number; readonly timeoutMs: number };
  readonly approvalMs: number;
  /** How long an incident of slowness or errors waits for its dependencies to speak. */
  readonly settleMs: number;
}

export interface Limits {
  readonly p95Ms?: number;
  readonly errorRatio?: number;
  readonly probeLatencyMs?: number;
  readonly cpuRatio?: number;
  readonly rssBytes?: number;
  /** Lines of severity error in its log, a second. */
  readonly errorLines?: number;
  /** False alarms that are borne per series and month when something is unusual; absent is 1, 0 is off. */
  readonly unusualPerMonth?: number;
  /** What ends it when it has more: memory of one instance that is held by a group or by us. */
  readonly memoryBytes?: number;
  /** What runs out sooner is a symptom; absent: never. */
  readonly aheadMs?: number;
  /** How long a limit must be passed before it is a symptom. */
  readonly forMs: number;
}

export interface ProbesPolicy {
  readonly readiness?: { readonly failures: number; readonly successes: number };
  /** A certificate with less time left is a symptom. */
  readonly certificateMs?: number;
  /** The liveness may know nothing for long: that it is not heard is no symptom. */
  readonly livenessMayBeUnknown?: boolean;
}

export interface ServicePolicy {
  readonly name: string;
  /** How many instances run, spares among them. */
  readonly replicas: number;
  /** How many of them get no traffic while the others are well; absent for none. */
  readonly spares?: number;
  readonly dependsOn: readonly string[];
  /** Whether traffic for it comes through the gateway. */
  readonly routed: boolean;
  /** Absent: ready when it has run for a second. */
  readonly probe?: {
    readonly failures: number;
    readonly periodMs: number;
    /** Good answers in a row that end a symptom; default 2. */
    readonly successes?: number;
  };
  /** Of a service that asks for startup, readiness and liveness apart; `probe` is its liveness. */
  readonly probes?: ProbesPolicy;
  readonly limits: Limits;
  readonly restart: RestartPolicy;
  readonly healing: HealingPolicy;
  readonly configFiles: readonly string[];
  /** Not ready after so long is a symptom. */
  readonly startupMs: number;
  /** Whether its dependents cope when the gateway answers for it. */
  readonly degradable: boolean;
  /** It ends when its work is done; then it has one replica, no port and no probe. */
  readonly job?: JobPolicy;
  /** The group that it is ordered with. */
  readonly partOf?: string;
  /** It runs elsewhere: it is watched, and never started or stopped. It has no replicas. */
  readonly external?: true;
}

export interface Policy {
  readonly project: string;
  readonly services: Readonly<Record<string, ServicePolicy>>;
}
