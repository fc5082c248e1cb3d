// Tells an outage once when it begins and once when it ends, however often the other side is tried.
import type { Log } from "../../kernel/log.ts";

export interface Outage {
  failed(reason: string): void;
  worked(): void;
}

/** `what` is the subject of the sentence: "heartbeat to hc-ping.com". */
export function createOutage(log: Log, what: string): Outage {
  let lasts = false;
  return {
    failed: (reason) => {
      log[lasts ? "debug" : "warn"](`${what} failed: ${reason}`);
      lasts = true;
    },
    worked: () => {
      if (lasts) log.info(`${what} works again`);
      lasts = false;
    },
  };
}
