// Counts what became of the messages of a task, and tells the metrics.
import type { Metrics } from "../parts/metrics.ts";
import type { Outcome } from "./settings.ts";

export interface Tally {
  /** `tookMs`: milliseconds of processing and sending. */
  add(outcome: Outcome, tookMs: number): void;
  counts(): Readonly<Record<Outcome, number>>;
}

export function createTally(task: string, metrics: Metrics | undefined): Tally {
  const counts: Record<Outcome, number> = { done: 0, bad: 0, released: 0 };
  const counter = metrics?.counter("messages_handled", {
    help: "Messages of a task by what became of them",
  });
  const series = {
    done: counter?.with({ task, outcome: "done" }),
    bad: counter?.with({ task, outcome: "bad" }),
    released: counter?.with({ task, outcome: "released" }),
  };
  const times = metrics?.histogram("messages_handling", {
    help: "Time from taking a message to its acknowledgement",
    unit: "seconds",
  });
  const time = times?.with({ task });
  return {
    add: (outcome, tookMs) => {
      counts[outcome] += 1;
      series[outcome]?.add();
      if (outcome === "done") time?.observe(tookMs / 1_000);
    },
    counts: () => ({ ...counts }),
  };
}
