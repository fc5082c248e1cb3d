// The contract of a platform: start, signal and look at the processes of one machine.
import type { ProcessIdentity } from "../model/instance.ts";
import type { ListenSocket } from "../model/listen-socket.ts";
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
  /** Passed on as descriptors from 3 on, as LISTEN_FDS tells. */
  readonly sockets?: readonly ListenSocket[];
  /**
   * Another one of it may still run and finish what it has. This one listens on its sockets itself;
   * those that cannot be held are left out.
   */
  readonly overlaps?: boolean;
  /** Where it can say how it is, as sd_notify(3) does, and how often it is to say that it lives. */
  readonly notify?: { readonly socket: string; readonly watchdogMs?: number };
  /** stdout and stderr are appended here by the process itself. */
  readonly logFile: string;
  readonly settings?: ProcessSettings;
}

/** How a process is run beyond command, folder and environment; what is absent is inherited. */
export interface ProcessSettings {
  readonly account?: Account;
  /** Octal digits: "027". */
  readonly umask?: string;
  /** -20, served first, to 19, served last. */
  readonly nice?: number;
  /** -1000, never chosen when memory is out, to 1000, chosen first. */
  readonly oomScore?: number;
  /** Soft and hard limit at once; the unit is in the name. */
  readonly ulimit?: Readonly<Partial<Record<UlimitName, number | "unlimited">>>;
  readonly resources?: Resources;
  /** Files that a process enters a cgroup through: the platform fills them in from `resources`. */
  readonly cgroups?: readonly string[];
}

/** As whom a process runs: ids, because names were looked up when the config was read. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups beside `gid`. */
  readonly groups: readonly number[];
}

export type UlimitName =
  | "files"
  | "processes"
  | "coreMiB"
  | "stackMiB"
  | "virtualMiB"
  | "lockedMiB"
  | "fileMiB"
  | "cpuSeconds";

/** Limits that the kernel holds an instance with all its children to. */
export interface Resources {
  readonly memoryBytes?: number;
  /** Cores; 0.5 is half of one. */
  readonly cpu?: number;
  readonly processes?: number;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** False when its status went to a parent that nobody can ask any more. */
  readonly known: boolean;
  /** How long before this was told it ended, ms; absent when it has just ended. */
  readonly agoMs?: number;
}

/** A running process that carries the project's mark. */
export interface Found {
  readonly target: Target;
  readonly run: string;
  readonly identity: ProcessIdentity;
  readonly port?: number;
  /** Whether it leads its process group, that is, whether the daemon started it itself. */
  readonly leader: boolean;
  /** Its process group; absent when it was not looked up. */
  readonly group?: number;
}

/** Figures of one process at one moment. */
export interface Figures {
  /** CPU time used since it started, milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly threads: number;
  readonly fds: number;
  /** How many it may have open; absent where that is not known or has no end. */
  readonly fdsMost?: number;
  /** Context switches of its first thread since it started. */
  readonly switches: number;
  /** From and to disks since it started; absent where the system does not let us see. */
  readonly readBytes?: number;
  readonly writtenBytes?: number;
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
  /** How it ended, when that was kept while no daemon was there; nothing is waited for. */
  endOf?(identity: ProcessIdentity): Ended | undefined;
  /** Its end has been written down: nothing need keep it for a next daemon. */
  acknowledge?(identity: ProcessIdentity): void;
  /**
   * All sockets that are to be held from now on, by their addresses; others are closed. Those of a
   * process of ours are told apart, and count from when those of the services were told.
   */
  keepSockets?(addresses: readonly string[], of?: Target): void;
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
  /** Proportional set size, bytes; slow, so on demand only. Undefined when it has ended. */
  pss(identity: ProcessIdentity): number | undefined;
}
