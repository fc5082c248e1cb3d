// What the supervisor is told about each service, and what it offers to the rest of the daemon.
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { InputDraft } from "../model/event.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import type { ListenSocket } from "../model/listen-socket.ts";
import type { Reading } from "../model/reading.ts";
import { instanceName, type Target } from "../model/target.ts";
import type { Ended, Platform, StartSpec } from "../platforms/platform.ts";
import type { Condition } from "./condition.ts";
import type { Timetable } from "./due.ts";
import type { Aftermath } from "./exit.ts";
import type { ProbeSchedule, Probes } from "./prober.ts";
import type { StopStep } from "./runner.ts";

/** Makes what differs by instance and start. @throws SPAWN_FAILED */
export type Launch = (
  target: Target,
  port: number | undefined,
) => Pick<StartSpec, "command" | "cwd" | "env" | "settings">;

/** What is known of an end beyond its status and its log; cheap, and never throws. */
export type LookBack = (
  target: Target,
  pid: number,
  ended: Ended,
  port: number | undefined,
) => Aftermath;

export interface NotifyHands {
  /** What an instance is started with; undefined for one that is not asked so. */
  of(target: Target): StartSpec["notify"] | undefined;
  /** Called before each start: resolves when nothing of the run before can be taken for this one. */
  begin(target: Target, run: string): Promise<void>;
  /** Loop time until which it has asked for patience. */
  extendedUntilMs(target: Target): number | undefined;
}

/** A service that ends when its work is done. */
export interface JobSpec {
  /** Whether it runs when the daemon begins. */
  readonly onStart: boolean;
  /** A run that takes longer is ended. */
  readonly timeLimitMs: number;
  readonly timetable?: Timetable;
}

export interface ServiceSpec {
  readonly name: string;
  /** Changed when people scale it. */
  replicas: number;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** In place of command, cwd and env above, made anew at each start. */
  readonly launch?: Launch;
  /** Instances get a free port in PORT. */
  readonly wantsPort: boolean;
  /** In place of a free one. */
  readonly port?: number;
  /** Held while its instances come and go, and passed to each. */
  readonly sockets?: readonly ListenSocket[];
  readonly dependsOn: readonly string[];
  /** What is waited for in those of them that are not to be ready. */
  readonly conditions?: Readonly<Record<string, Condition>>;
  readonly job?: JobSpec;
  /** One probe for everything. */
  readonly probe?: ProbeSchedule;
  /** Each kind of question apart; wins over `probe`. */
  readonly probes?: Probes;
  readonly stop: { readonly signal: NodeJS.Signals; readonly waitMs: number };
  /** Whether an exit with this code, 128 + its number for a signal, is as wanted as a stop. */
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
  /** The last lines of a file, as far as they stand after a place in it. */
  readonly lastLines: (file: string, fromByte?: number) => readonly string[];
  /** Where a file ends now: what a run writes comes after it. Default: 0. */
  readonly endOfFile?: (file: string) => number;
  /** Whole lines from a place in a file on, up to a limit, and where they end. */
  readonly readLog?: (
    file: string,
    fromByte: number,
  ) => { readonly text: string; readonly toByte: number };
  /** Called once for each run that was seen to end. */
  readonly lookBack?: LookBack;
  /** Takes an event into the loop. */
  readonly emit: (draft: InputDraft) => void;
  /** What is told during `work` becomes durable at once when that is over. */
  readonly together?: (work: () => void) => void;
  /** `soon`: these may decide something, and are not to wait. */
  readonly observe: (readings: readonly Reading[], soon?: boolean) => void;
  /** Resolves when the gateway has no request left for the target, or time is over. */
  readonly drain: (target: Target) => Promise<void>;
  /** Whether a service that runs elsewhere is well; undefined for one of this supervisor. */
  readonly externalReady?: (service: string) => boolean | undefined;
  /** What instances say of themselves by sd_notify. */
  readonly notify?: NotifyHands;
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
  /** It was ready when it was seen last. */
  readonly ready?: boolean;
}

/** What the journal tells a new daemon about the ones before it. */
export interface Past {
  /** No daemon died on this machine since it was started: all that does not run is to run. */
  readonly anew: boolean;
  readonly runs: ReadonlyMap<Target, PastRun>;
  /** Instances that are down by themselves: the loop starts them, or a person, or nobody. */
  readonly resting: ReadonlySet<Target>;
  /** Services that people have stopped. */
  readonly held?: ReadonlyMap<string, string>;
  /** Jobs that have done their work in this life of the machine. */
  readonly completed?: ReadonlySet<string>;
  /** Scheduled jobs, and the wall time up to which their moments were answered. */
  readonly doneAt?: ReadonlyMap<string, number>;
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
  /** Starts what is missing, each service when its dependencies are there. */
  boot(past: Past, signal: AbortSignal): Promise<void>;
  /** Whether a service can have more than one instance. @throws UNKNOWN_ID */
  scales(service: string): boolean;
  /** Resolves when it has so many instances, the new ones ready. @throws UNKNOWN_ID, TIMED_OUT */
  scale(service: string, replicas: number, by: string, step?: StopStep): Promise<void>;
  /** Ends all instances of a service, and starts none until `release`. @throws UNKNOWN_ID */
  hold(service: string, by: string, step?: StopStep): Promise<void>;
  /** Starts what is missing when its dependencies are there. @throws UNKNOWN_ID */
  release(service: string, by: string): Promise<void>;
  /** One run of a job; `replaces`: what runs now ends first. A fault is told as an exit. */
  run(service: string, by: string, replaces: boolean): Promise<void>;
  /** Wall time of the next run of each scheduled job. */
  nextRuns(): ReadonlyMap<string, number>;
  /** Ends processes that carry the project's mark and belong to no instance. */
  sweep(): number;
  /** Dependents first; nothing starts any more; resolves when no process of an instance is left. */
  stopAll(by: string): Promise<void>;
}

/** The instances of a service, first to last. */
export function targetsOf(spec: ServiceSpec): readonly Target[] {
  return Array.from({ length: spec.replicas }, (_, i) => instanceName(spec.name, i + 1));
}
