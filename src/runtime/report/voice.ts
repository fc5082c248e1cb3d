// What is said in the log of an outage of Sentry: that it began and that it is over, once each.
import type { Log } from "../../kernel/log.ts";

export interface Voice {
  failed(reason: string): void;
  worked(): void;
  full(most: number): void;
}

/** Warnings, never errors: a log whose errors are captured would bring them back here. */
export function createVoice(log: Log, host: string): Voice {
  let failing = false;
  let full = false;
  return {
    failed: (reason) => {
      const level = failing ? "debug" : "warn";
      failing = true;
      log[level](`Sentry at ${host} does not take reports: ${reason}`);
    },
    worked: () => {
      if (failing) log.info(`Sentry at ${host} takes reports again`);
      failing = false;
      full = false;
    },
    full: (most) => {
      if (full) return;
      full = true;
      log.warn("too many reports wait for Sentry: more are dropped and counted", { most });
    },
  };
}
