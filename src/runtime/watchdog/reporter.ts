// Tells the outside at intervals whether all that is watched lives: plug-ins that cannot hurt the watch.

import { aborted } from "../../kernel/aborted.ts";
import { type Clock, deadline } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Roll, RollReporter } from "../parts/roll.ts";

export type { Roll, RollReporter } from "../parts/roll.ts";

export interface Reporting {
  /** Calls those that are due. Never throws. */
  pass(roll: Roll): void;
}

const limitMs = 5_000;

export function createReporting(
  reporters: readonly RollReporter[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Reporting {
  const each = reporters.map((reporter) => ({
    reporter,
    dueAt: Number.NEGATIVE_INFINITY,
    busy: false,
    failing: false,
  }));

  const call = async (it: (typeof each)[number], roll: Roll): Promise<void> => {
    const { reporter } = it;
    const limit = deadline(clock, limitMs);
    it.busy = true;
    try {
      await Promise.race([reporter.report(roll, limit.signal), aborted(limit.signal)]);
      if (it.failing) log.info(`watchdog reporter ${reporter.name} works again`);
      it.failing = false;
    } catch (error) {
      // Once, not every minute for as long as the other side is away.
      const level = it.failing ? "debug" : "warn";
      log[level](`watchdog reporter ${reporter.name} failed: ${messageOf(error)}`, { error });
      it.failing = true;
    } finally {
      limit.done();
      it.busy = false;
    }
  };

  return {
    pass: (roll) => {
      const now = clock.now();
      for (const it of each) {
        if (it.busy || now < it.dueAt) continue;
        it.dueAt = now + (it.reporter.everyMs ?? 60_000);
        void call(it, roll);
      }
    },
  };
}
