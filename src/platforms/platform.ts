// The contract of a platform: start, signal and look at the processes of one machine.
import type { ProcessIdentity } from "../model/instance.ts";
import type { Target } from "../model/target.ts";

export interface StartSpec {
  readonly target: Target;
  /** Marks every process of this project folder, so that a later daemon finds them. */
  readonly project: string;
  /** Marks this run of the instance. */
  readonly run: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly port?: number;
  /** stdout and stderr are appended here by the process itself. */
  readonly logFile: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** False for a process that was adopted: its status went to its first parent. */
  readonly known: boolean;
}

/** A running process that carries the project's mark. */
export interface Found {
  readonly target: Target;
  readonly run: string;
  readonly identity: ProcessIdentity;
  readonly port?: number;
  /** Whether it leads its process group, that is, whether the daemon started it itself. */
  readonly leader: boolean;
}

/** Figures of one process at one moment. */
export interface Figures {
  /** CPU time used since it started, milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly threads: number;
  readonly fds: number;
}

export interface Platform {
  readonly name: string;
  readonly bootId: string;
  /**
   * Starts a process as the leader of its own group, outliving this one.
   * @throws SPAWN_FAILED with the system's reason.
   */
  start(spec: StartSpec): Promise<ProcessIdentity>;
  /** Resolves when the process has ended, however it was started. */
  ended(identity: ProcessIdentity): Promise<Ended>;
  alive(identity: ProcessIdentity): boolean;
  /** Signals the whole group that the process leads; false when nothing is left of it. */
  signalGroup(identity: ProcessIdentity, signal: NodeJS.Signals): boolean;
  /** Signals this one process; false when it is no longer there. */
  signal(identity: ProcessIdentity, signal: NodeJS.Signals): boolean;
  /** Whether any process of the group is left (zombies do not count). */
  groupAlive(identity: ProcessIdentity): boolean;
  /** All running processes with the project's mark, in no order. */
  scan(project: string): readonly Found[];
  figures(identity: ProcessIdentity): Figures | undefined;
}
