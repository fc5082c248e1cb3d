// The process as the lifecycle sees it: signals, last errors, exit and report; tests put in their own.
import { discreetReport, writeDiscreetReport } from "./report.ts";

/** What can befall a process. */
export type Befalls =
  | NodeJS.Signals
  | "uncaughtException"
  | "unhandledRejection"
  | "beforeExit"
  | "exit";

export interface ProcessFace {
  on(what: Befalls, listener: (...facts: readonly unknown[]) => void): Disposable;
  /** Ends the process now. */
  exit(code: number): void;
  /** The code with which the process ends when nothing is left to do; undefined until it is set. */
  exitCode: number | string | null | undefined;
  /** What Node tells of this process, without secrets and host names. */
  report(): object;
  /** Writes the same to a file and answers its name. */
  writeReport(): string;
  /** The kinds of all that keeps the process alive. */
  activeResources(): readonly string[];
}

/** This very process. */
export function realProcess(): ProcessFace {
  return {
    on: (what, listener) => {
      process.on(what, listener);
      return { [Symbol.dispose]: () => void process.off(what, listener) };
    },
    exit: (code) => process.exit(code),
    get exitCode() {
      return process.exitCode;
    },
    set exitCode(code) {
      process.exitCode = code;
    },
    report: discreetReport,
    writeReport: writeDiscreetReport,
    activeResources: () => process.getActiveResourcesInfo(),
  };
}
