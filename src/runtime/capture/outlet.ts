// One reporter with its limits: it can fail, hang or call back without harm to the others.
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Report, Reporter } from "../parts/capture.ts";

export interface ReporterFigures {
  readonly name: string;
  readonly captured: number;
  /** It threw or its promise rejected. */
  readonly failed: number;
  /** Too many reports were under way. */
  readonly dropped: number;
  readonly pending: number;
}

export interface Outlet {
  readonly name: string;
  tell(report: Report): void;
  /** Waits for what is under way, then for the reporter's own flush. Never rejects. */
  flush(signal: AbortSignal): Promise<void>;
  figures(): ReporterFigures;
}

/** `most` reports may be under way at once; more are dropped and counted. */
export function createOutlet(reporter: Reporter, log: Log, most: number): Outlet {
  const { name } = reporter;
  const underWay = new Set<Promise<void>>();
  let [captured, failed, dropped] = [0, 0, 0];
  // What a reporter captures while it captures would come back to it for ever.
  let busy = false;

  const fail = (error: unknown): void => {
    failed += 1;
    // A warning, not an error: a log whose errors are captured would bring it back here.
    const message = `reporter ${name} failed: ${messageOf(error)}`;
    if (failed === 1 || failed % 100 === 0) log.warn(message, { failed, error });
  };

  const drop = (): void => {
    dropped += 1;
    if (dropped === 1) log.warn(`reporter ${name} is too slow: reports are dropped`, { most });
  };

  const call = (report: Report): void => {
    const answer = reporter.capture(report);
    captured += 1;
    if (answer === undefined) return;
    const work = Promise.resolve(answer)
      .catch(fail)
      .finally(() => underWay.delete(work));
    underWay.add(work);
  };

  return {
    name,
    tell: (report) => {
      if (busy) return;
      if (underWay.size >= most) return drop();
      busy = true;
      try {
        call(report);
      } catch (error) {
        fail(error);
      } finally {
        busy = false;
      }
    },
    flush: async (signal) => {
      await Promise.all(underWay);
      try {
        await reporter.flush?.(signal);
      } catch (error) {
        if (!signal.aborted) fail(error);
      }
    },
    figures: () => ({ name, captured, failed, dropped, pending: underWay.size }),
  };
}
