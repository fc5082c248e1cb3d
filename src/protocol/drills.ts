// What the daemon answers about drills to whoever causes the fault.
import type { DrillKind, DrillMarks } from "../model/drill.ts";
import type { Target } from "../model/target.ts";

/** Answer of POST /api/drills: what is to be done, and to whom. */
export interface DrillPlan {
  /** "D3"; absent for one that was only looked at. */
  readonly id?: string;
  readonly kind: DrillKind;
  readonly target: Target;
  /** What is done, in one sentence. */
  readonly text: string;
  /** The processes it is done to; of `network` and of what is not there none. */
  readonly pids: readonly number[];
  /** network: what packets are dropped to. */
  readonly place?: { readonly host: string; readonly port: number };
  /** Why nobody would be served meanwhile: then it takes `force`. */
  readonly lonely?: string;
  readonly goalMs: number;
  /** After so long it is over, however it stands. */
  readonly limitMs: number;
}

/** Answer of GET /api/drills/ID. */
export interface DrillView extends DrillMarks {
  readonly id: string;
  /** The fault was told to be done. */
  readonly injected: boolean;
  /** It ended as the config expects: nobody starts it again. */
  readonly restsAsConfigured: boolean;
  /** What the loop did about it: "restart web/1". */
  readonly done: readonly string[];
  /** Why it does not go on. */
  readonly stands?: string;
}
