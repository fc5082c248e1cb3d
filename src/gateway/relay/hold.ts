// The waiting room: requests that no instance can take now, and what ends their wait.
import type { Deadlines } from "./deadlines.ts";

/** woken: look again · expired: the time is up · full: never let in · gone: its client left. */
export type WaitEnd = "woken" | "expired" | "full" | "gone";

export interface WaitingRoom {
  readonly size: number;
  /** `onLeave` receives a function that takes the request out of the room ("gone"). */
  wait(untilMs: number, onLeave: (leave: () => void) => void): Promise<WaitEnd>;
  /** Ends the waits of so many, in the order of arrival. */
  wake(count: number): void;
  /** Ends every wait, in the same order. */
  wakeAll(): void;
}

export function createWaitingRoom(deadlines: Deadlines, limit: number): WaitingRoom {
  const waiting = new Set<(end: WaitEnd) => void>();
  return {
    get size() {
      return waiting.size;
    },
    wait(untilMs, onLeave) {
      if (waiting.size >= limit) return Promise.resolve("full");
      return new Promise((resolve) => {
        const finish = (end: WaitEnd): void => {
          if (!waiting.delete(finish)) return;
          expiry.cancel();
          resolve(end);
        };
        const expiry = deadlines.add(untilMs, () => finish("expired"));
        waiting.add(finish);
        onLeave(() => finish("gone"));
      });
    },
    wake(count) {
      let left = count;
      for (const finish of waiting) {
        if (left-- <= 0) return;
        finish("woken");
      }
    },
    wakeAll() {
      for (const finish of [...waiting]) finish("woken");
    },
  };
}
