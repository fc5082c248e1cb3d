// What a watched thing is given: its settings, and what it needs of its watchdog.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Pulse } from "../../kernel/pulse.ts";
import type { Random } from "../../kernel/random.ts";
import type { Severity } from "../parts/bus.ts";
import type { Kind, Loss } from "./entry.ts";
import type { Begin } from "./kinds.ts";
import type { Policy, RestartPlan } from "./policy.ts";

/** What a watched thing needs of its watchdog. */
export interface Home {
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly random: Random;
  readonly log: Log;
  readonly isStopping: () => boolean;
  die(cause: unknown): void;
  /** Counts and logs it, and tells the bus. */
  lost(loss: Loss): void;
  publish(type: string, severity: Severity, data: object): void;
  /** It is no longer watched. */
  gone(id: string): void;
}

export interface Settings {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  readonly site: string;
  readonly policy: Policy;
  readonly plan: RestartPlan;
  readonly cleanEnd: "fine" | "lost";
  readonly startMs: number;
  readonly begin: Begin;
  /** False for a thing that was handed over ready-made: it cannot be made anew. */
  readonly again: boolean;
}
