// Ends the run of a job that takes longer than it may.

import { formatDuration } from "../kernel/duration.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Exit } from "../model/instance.ts";
import type { Run } from "./runner.ts";
import type { ServiceSpec } from "./spec.ts";
import type { Ward } from "./ward.ts";

export function limitTime(ward: Ward, spec: ServiceSpec, target: string, run: Run): void {
  const { clock, log } = ward.options;
  const timeLimitMs = spec.job?.timeLimitMs;
  if (timeLimitMs === undefined) return;
  const gone = new AbortController();
  void run.over.then(() => gone.abort());
  const restMs = Math.max(0, run.startedAtMs + timeLimitMs - clock.now());
  const end = async (): Promise<void> => {
    await clock.sleep(restMs, gone.signal);
    const runner = ward.runners.get(target);
    if (runner?.current?.run !== run.run || runner.stopping) return;
    ward.overdue.add(target);
    await runner.stop("its time limit", spec.stop);
  };
  end().catch((error: unknown) => {
    if (!gone.signal.aborted) log.error("could not stop", { target, reason: messageOf(error) });
  });
}

/** How a run is told that was ended by its time limit. */
export function overdueExit(exit: Exit, spec: ServiceSpec, lines: readonly string[]): Exit {
  const { stopped: _, ...rest } = exit;
  const limit = formatDuration(spec.job?.timeLimitMs ?? 0);
  const text = `ended after its time limit of ${limit}`;
  return { ...rest, expected: false, overdue: true, text, lastLines: lines };
}
