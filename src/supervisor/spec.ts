// What the supervisor is told about each service, and what it offers to the rest of the daemon.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { InputDraft } from "../model/event.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import type { Reading } from "../model/reading.ts";
import { instanceName, type Target } from "../model/target.ts";
import type { Platform } from "../platforms/platform.ts";
import type { ProbeSchedule } from "./prober.ts";
import type { StopStep } from "./runner.ts";

export interface ServiceSpec {
  readonly name: string;
  readonly replicas: number;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Instances get a free port in PORT. */
  readonly wantsPort: boolean;
  readonly dependsOn: readonly string[];
  readonly probe?: ProbeSchedule;
  readonly stop: { readonly signal: NodeJS.Signals; readonly waitMs: number };
  /** Whether an exit with this code is as wanted as a stop. */
  readonly isExpectedExit: (code: number | null) => boolean;
  readonly startupMs: number;
}

export interface SupervisorOptions {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Marks the processes of this project folder. */
  readonly project: string;
  readonly services: readonly ServiceSpec[];
  readonly logFile: (target: Target) => string;
  readonly lastLines: (file: string) => readonly string[];
  /** Takes an event into the loop. */
  readonly emit: (draft: InputDraft) => void;
  readonly observe: (readings: readonly Reading[]) => void;
  /** Resolves when the gateway has no request left for the target, or time is over. */
  readonly drain: (target: Target) => Promise<void>;
  /** Called before an exit is told: what changed just before it is told first. */
  readonly beforeExit: (service: string) => void;
}

export interface Running {
  readonly target: Target;
  readonly identity: ProcessIdentity;
  readonly port?: number;
}

export interface StopHow {
  readonly by: string;
  readonly waitMs?: number;
  /** False for a process that cannot finish anything: its requests are to fail over at once. */
  readonly drain?: boolean;
}

/** One run of an instance that the journal knows no end of. */
export interface PastRun {
  readonly identity?: ProcessIdentity;
  /** Loop time of its start. */
  readonly sinceMs: number;
  /** It was told to end, and to run again after that. */
  readonly stopping: boolean;
}

/** What the journal tells a new daemon about the ones before it. */
export interface Past {
  /** No daemon died on this machine since it was started: all that does not run is to run. */
  readonly anew: boolean;
  readonly runs: ReadonlyMap<Target, PastRun>;
  /** Instances that are down by themselves: the loop starts them, or a person, or nobody. */
  readonly resting: ReadonlySet<Target>;
}

export interface Supervisor {
  running(): readonly Running[];
  /** @throws CANCELLED once `stopAll` was called, SPAWN_FAILED, UNKNOWN_ID */
  start(target: Target, by: string): Promise<void>;
  stop(target: Target, how: StopHow, step?: StopStep): Promise<void>;
  /** Resolves when the instance is ready. @throws TIMED_OUT after the service's start-up time. */
  ready(target: Target, signal?: AbortSignal): Promise<void>;
  /** One instance after the other, each drained before and ready after. @throws UNKNOWN_ID */
  rolling(service: string, by: string, step?: StopStep): Promise<void>;
  /**
   * Takes over what an earlier daemon left and tells what is gone. Nothing is awaited, so that it
   * is over before an action can begin: call it in the turn in which the loop learns of the start.
   */
  adopt(past: Past): void;
  /** Starts what is missing, each service when its dependencies are ready. */
  boot(past: Past, signal: AbortSignal): Promise<void>;
  /** Ends processes that carry the project's mark and belong to no instance. */
  sweep(): number;
  /** Dependents first; nothing starts any more; resolves when no process of an instance is left. */
  stopAll(by: string): Promise<void>;
}

/** The instances of a service, first to last. */
export function targetsOf(spec: ServiceSpec): readonly Target[] {
  return Array.from({ length: spec.replicas }, (_, i) => instanceName(spec.name, i + 1));
}
