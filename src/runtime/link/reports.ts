// Makes the report of the app, one at a time, and tells once when that fails.
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { AppReport } from "../../protocol/link.ts";
import type { Mask } from "../parts/mask.ts";
import { reportLine } from "./fit.ts";

export interface Reports {
  /** The line of a report; undefined when none could be made, or another is being made. */
  line(): Promise<string | undefined>;
  /** Says that the app stops, and waits for the one that is being made. */
  last(): Promise<string | undefined>;
}

export interface ReportsOptions {
  readonly report: () => AppReport | Promise<AppReport>;
  readonly clock: Clock;
  readonly log: Log;
  readonly mask: Mask;
}

/** A report that takes longer is told of. */
const slowMs = 10_000;

export function createReports({ report, clock, log, mask }: ReportsOptions): Reports {
  let making: Promise<string | undefined> | undefined;
  let begunAt = 0;
  let failing = false;

  const failed = (why: string): void => {
    log[failing ? "debug" : "warn"](`the report for the daemon failed: ${why}`);
    failing = true;
  };
  const make = async (over: Partial<AppReport>): Promise<string | undefined> => {
    try {
      const line = reportLine({ ...(await report()), ...over }, mask);
      if (failing) log.info("the report for the daemon works again");
      failing = false;
      return line;
    } catch (error) {
      failed(messageOf(error));
      return undefined;
    }
  };
  const begin = (over: Partial<AppReport>): Promise<string | undefined> => {
    begunAt = clock.now();
    making = make(over).finally(() => {
      making = undefined;
    });
    return making;
  };

  return {
    line: () => {
      if (!making) return begin({});
      if (clock.now() - begunAt >= slowMs) failed(`it takes longer than ${slowMs} ms`);
      return Promise.resolve(undefined);
    },
    last: async () => {
      await making;
      return begin({ stopping: true });
    },
  };
}
