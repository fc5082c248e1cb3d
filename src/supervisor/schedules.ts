// Tells when scheduled jobs are due; whether they run is for the loop to decide.
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import type { InputDraft } from "../model/event.ts";
import { planFrom, type Timetable, turn } from "./due.ts";

export interface ScheduleParts {
  readonly service: string;
  readonly table: Timetable;
  /** Wall time up to which every due moment has been answered. */
  readonly doneAt: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: (draft: InputDraft) => void;
  /** Wall time of the next run; undefined when none comes. */
  readonly onNext: (atMs: number | undefined) => void;
}

/** Sleep is monotonic: after the machine slept, or its clock was set, the wall is looked at anew. */
const lookMs = 5_000;

/** Runs until `signal` aborts. */
export async function keepSchedule(parts: ScheduleParts, signal: AbortSignal): Promise<void> {
  const { service, table, clock, random, emit, onNext } = parts;
  let plan = planFrom(table, parts.doneAt, random);
  while (!signal.aborted) {
    const { plan: next, due } = turn(table, plan, clock.wall(), random);
    plan = next;
    onNext(plan.nextAt === undefined ? undefined : plan.fireAt);
    if (due?.kind === "missed") {
      const { dueAt, missed } = due;
      emit({ type: "job.missed", subject: service, data: { dueAt, missed } });
    }
    if (due?.kind === "due") {
      const { dueAt, missed } = due;
      const data = { by: "schedule", dueAt, ...(missed === 0 ? {} : { missed }) };
      emit({ type: "job.due", subject: service, data });
    }
    const restMs = Math.min(lookMs, Math.max(1, plan.fireAt - clock.wall()));
    await clock.sleep(restMs, signal).catch(() => {});
  }
}
