// What a target does to other processes, and what it asks about them first.
import { builtin } from "../../../kernel/builtin.ts";
import {
  type Life,
  type NamedProcess,
  processTable,
  startOf,
} from "../../parts/process-identity.ts";

export interface ProcessHand {
  /** The number of this process. */
  readonly self: number;
  /** Undefined when no process that runs has the number, or nobody can tell when it was started. */
  identify(pid: number): NamedProcess | undefined;
  lifeOf(process: NamedProcess): Life;
  isStopped(pid: number): boolean;
  /** One that has ended meanwhile is no error. */
  signal(pid: number, signal: NodeJS.Signals): void;
}

/** The processes of this machine; Linux, as only there it is told when one was started. */
export function systemHand(): ProcessHand {
  const table = processTable();
  return {
    self: process.pid,
    lifeOf: table.lifeOf,
    identify: (pid) => {
      const startTicks = Number(startOf(pid));
      const { bootId, space } = table.self;
      return startTicks > 0 ? { pid, startTicks, bootId, space } : undefined;
    },
    isStopped: (pid) => {
      const status = builtin("node:fs").readFileSync(`/proc/${pid}/status`, "utf8");
      return /^State:\s+[Tt]/m.test(status);
    },
    signal: (pid, signal) => {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
      }
    },
  };
}
