// Asks one running instance how it is, again and again, until its process ends.
import { type Clock, deadline } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { metrics, type Reading } from "../model/reading.ts";
import type { Probe, ProbeTarget } from "../probes/probe.ts";

export interface ProbeSchedule {
  readonly probe: Probe;
  readonly periodMs: number;
  readonly timeoutMs: number;
}

/** While an instance starts it is asked more often: readiness should not wait for a period. */
const startingPeriodMs = 50;

/** Runs until `signal` aborts; probes of one instance never overlap. */
export async function keepProbing(options: {
  readonly schedule: ProbeSchedule;
  readonly of: ProbeTarget;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly isStarting: () => boolean;
  readonly observe: (readings: readonly Reading[], healthy: boolean) => void;
}): Promise<void> {
  const { schedule, clock, signal } = options;
  while (!signal.aborted) {
    const fromMs = clock.now();
    const readings = await ask(options);
    if (signal.aborted) return;
    const healthy = readings.some((it) => it.metric === metrics.probe.name && it.value > 0);
    options.observe(readings, healthy);
    const periodMs = options.isStarting()
      ? Math.min(startingPeriodMs, schedule.periodMs)
      : schedule.periodMs;
    const restMs = Math.max(0, periodMs - (clock.now() - fromMs));
    await clock.sleep(restMs, signal).catch(() => {});
  }
}

async function ask(options: Parameters<typeof keepProbing>[0]): Promise<readonly Reading[]> {
  const { schedule, of, clock, log, signal } = options;
  const time = deadline(clock, schedule.timeoutMs, signal);
  try {
    return await schedule.probe.check(of, { signal: time.signal, clock, log });
  } catch (error) {
    // A broken probe is no sign of a sick target: no reading, and the silence is noticed.
    const why = messageOf(error);
    log.error("the probe is broken", { target: of.target, probe: schedule.probe.name, why });
    return [];
  } finally {
    time.done();
  }
}
