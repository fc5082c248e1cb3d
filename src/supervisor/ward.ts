// What all instances of a supervisor share.
import type { Target } from "../model/target.ts";
import type { Board } from "./board.ts";
import type { Leftovers } from "./leftovers.ts";
import type { Runner } from "./runner.ts";
import type { SupervisorOptions } from "./spec.ts";

export interface Ward {
  readonly options: SupervisorOptions;
  readonly runners: Map<Target, Runner>;
  /** Instances that are ready now. */
  readonly ready: Set<Target>;
  readonly board: Board;
  readonly leftovers: Leftovers;
  /** Instances of jobs that are being ended because they take too long. */
  readonly overdue: Set<Target>;
}
