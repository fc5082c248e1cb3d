// A fault that people cause on purpose, to see whether it is healed: what was done, and how it went.
import type { Target } from "./target.ts";

/**
 * stop: TERM to one instance · kill: KILL to it · freeze: STOP · daemon, gateway, spawner: KILL to
 * that process of ours · network: packets to a dependency are dropped · reboot: KILL to everything.
 */
export type DrillKind =
  | "stop"
  | "kill"
  | "freeze"
  | "daemon"
  | "gateway"
  | "spawner"
  | "network"
  | "reboot";

export const drillKinds: readonly DrillKind[] = [
  "stop",
  "kill",
  "freeze",
  "daemon",
  "gateway",
  "spawner",
  "network",
  "reboot",
];

export interface Drill {
  /** "D3": unique in the journal. */
  readonly id: string;
  readonly kind: DrillKind;
  /** What the fault is done to: an instance, a service, or a process of ours such as "@gateway". */
  readonly target: Target;
  /** Whose trouble is taken to come from it. */
  readonly services: readonly string[];
  readonly by: string;
  /** Healed within so long, or it has missed its goal. */
  readonly goalMs: number;
  /** From its announcement on; after that nobody is spared a page because of it. */
  readonly limitMs: number;
}

/**
 * passed: healed within the goal, and verified · missed: not so · as-configured: it stays away because
 * the config wants that · unnoticed: nothing fell ill of it · failed: the fault could not be caused.
 */
export type DrillVerdict = "passed" | "missed" | "as-configured" | "unnoticed" | "failed";

/** Milliseconds from the fault, as far as each was reached. */
export interface DrillMarks {
  readonly detectedMs?: number;
  readonly healedMs?: number;
  readonly verifiedMs?: number;
}

export interface DrillResult extends DrillMarks {
  readonly id: string;
  readonly verdict: DrillVerdict;
  /** One sentence for a person. */
  readonly text: string;
}
