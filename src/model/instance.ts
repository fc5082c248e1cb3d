// One running copy of a service, as the journal knows it.
import type { Target } from "./target.ts";

/** pid + start time + boot id name a process for ever; a pid alone is used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTicks: number;
  readonly bootId: string;
}

export type InstanceState = "starting" | "ready" | "stopping" | "down";

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether the config or an operator wanted it. */
  readonly expected: boolean;
  /** True when it was told to end; it is to run again unless it was told so for good. */
  readonly stopped?: boolean;
  /** True when its time limit was over; then `stopped` is absent. */
  readonly overdue?: true;
  readonly uptimeMs: number;
  /** "killed by SIGKILL", "exit code 1", "how it ended is not known: no daemon was watching". */
  readonly text: string;
  readonly lastLines: readonly string[];
}

export interface Instance {
  readonly target: Target;
  readonly state: InstanceState;
  readonly identity?: ProcessIdentity;
  readonly port?: number;
  readonly startedAtMs: number;
  /** When it entered its state; a new daemon does not know yet, and looks anew. */
  readonly sinceMs: number;
  /** When its start was over, of an instance that becomes ready apart from that. */
  readonly liveAtMs?: number;
  /** When it first became ready in this run. */
  readonly readyAtMs?: number;
  readonly exit?: Exit;
}
