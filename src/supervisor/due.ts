// When a scheduled job is due, and what has passed while nobody could run it. Pure.
import type { Random } from "../kernel/random.ts";
import { type Cron, nextRun } from "./cron.ts";

export interface Timetable {
  readonly cron: Cron;
  /** IANA name; absent: that of this machine. */
  readonly zone?: string;
  /** Each run begins by chance up to so much later. */
  readonly jitterMs: number;
  /** Whether moments that passed while nobody could run it are made up for, by one run. */
  readonly catchUp: boolean;
}

export interface Plan {
  /** Wall time up to which every due moment has been answered. */
  readonly doneAt: number;
  /** Absent when none comes. */
  readonly nextAt?: number;
  /** `nextAt` with its jitter. */
  readonly fireAt: number;
}

export interface Due {
  readonly kind: "due" | "missed";
  /** The latest moment that has come. */
  readonly dueAt: number;
  /** Moments before that one; with "missed" all of them. */
  readonly missed: number;
}

/** What is answered later than this was missed. */
const lateMs = 15_000;
/** A clock that is set back by more was wrong before. Source: cron(8) of Debian. */
const correctionMs = 3 * 3_600_000;
/** So many missed moments are counted; more are as good as these. */
const countMax = 1_000;

export function planFrom(table: Timetable, doneAt: number, random: Random): Plan {
  const nextAt = nextRun(table.cron, table.zone, doneAt);
  if (nextAt === undefined) return { doneAt, fireAt: Number.POSITIVE_INFINITY };
  return { doneAt, nextAt, fireAt: nextAt + Math.floor(random() * table.jitterMs) };
}

/** `wallMs` may jump both ways: the machine sleeps, and people set clocks. */
export function turn(
  table: Timetable,
  plan: Plan,
  wallMs: number,
  random: Random,
): { readonly plan: Plan; readonly due?: Due } {
  if (wallMs < plan.doneAt - correctionMs) return { plan: planFrom(table, wallMs, random) };
  if (plan.nextAt === undefined || wallMs < plan.fireAt) return { plan };
  let dueAt = plan.nextAt;
  let earlier = 0;
  for (;;) {
    const next = nextRun(table.cron, table.zone, dueAt);
    if (next === undefined || next > wallMs || earlier >= countMax) break;
    dueAt = next;
    earlier += 1;
  }
  const isLate = wallMs - dueAt > lateMs + table.jitterMs;
  const due: Due =
    isLate && !table.catchUp
      ? { kind: "missed", dueAt, missed: earlier + 1 }
      : { kind: "due", dueAt, missed: earlier };
  const doneAt = earlier >= countMax ? Math.max(dueAt, wallMs) : dueAt;
  return { plan: planFrom(table, doneAt, random), due };
}
