// Who is told when a check's status changes, and what the log says of it.
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Status } from "../parts/health.ts";
import type { CheckState } from "./state.ts";

export interface HealthChange {
  readonly name: string;
  readonly from: Status;
  readonly to: Status;
  readonly check: CheckState;
}

export interface Changes {
  on(listener: (change: HealthChange) => void): Disposable;
  /** Logs the change, once, and calls the listeners; what they throw reaches nobody else. */
  tell(change: HealthChange): void;
}

export function createChanges(log: Log): Changes {
  const listeners = new Map<symbol, (change: HealthChange) => void>();
  return {
    on: (listener) => {
      const key = Symbol();
      listeners.set(key, listener);
      return once(() => listeners.delete(key));
    },
    tell: (change) => {
      note(log, change);
      for (const listener of [...listeners.values()]) {
        try {
          listener(change);
        } catch (error) {
          const fields = { check: change.name, error: messageOf(error) };
          log.error("a listener of health changes threw", fields);
        }
      }
    },
  };
}

/** A dependency that is down makes one entry: what depends on it is unknown, which is no alarm. */
function note(log: Log, { name, from, to, check }: HealthChange): void {
  const fields = { check: name, from, to, ...(check.reason ? { reason: check.reason } : {}) };
  const level = to !== "unhealthy" ? "info" : check.critical ? "error" : "warn";
  log[level](`health check ${name} is ${to}`, fields);
}

/** A handle that may be disposed again. */
export function once(work: () => void): Disposable {
  let done = false;
  return {
    [Symbol.dispose]: () => {
      if (done) return;
      done = true;
      work();
    },
  };
}
