// Remembers which requests are under way and what became of the latest, for figures since a mark.
import type { ClientRequest } from "node:http";
import { createTally, type Ended, type Snapshot } from "./tally.ts";

/** How many of the last requests `since` can look back on. */
const MAX_REMEMBERED = 65_536;

interface Pending {
  readonly dueMs: number;
  readonly safe: boolean;
  readonly sent: ClientRequest;
}

export interface Ledger {
  /** The number of the next request. */
  open(): number;
  wait(number: number, pending: Pending): void;
  /** Only the first end of a request counts. */
  end(number: number, status: number | string, degraded?: boolean): void;
  /** Ends all that wait since before `dueMs` with "timeout". */
  expire(dueMs: number): void;
  snapshot(): Snapshot;
  mark(): number;
  since(mark: number): Snapshot;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

export function createLedger(): Ledger {
  const total = createTally();
  const remembered: (Ended | undefined)[] = [];
  const pending = new Map<number, Pending>();
  let opened = 0;
  const waiting: (() => void)[] = [];

  const end: Ledger["end"] = (number, status, degraded = false) => {
    const request = pending.get(number);
    if (!request) return;
    pending.delete(number);
    const latencyMs = performance.now() - request.dueMs;
    const ended = { safe: request.safe, status, degraded, latencyMs };
    total.add(ended);
    if (opened - number <= MAX_REMEMBERED) remembered[number % MAX_REMEMBERED] = ended;
    if (pending.size === 0) for (const settled of waiting.splice(0)) settled();
  };

  return {
    open: () => {
      remembered[opened % MAX_REMEMBERED] = undefined;
      return opened++;
    },
    wait: (number, request) => pending.set(number, request),
    end,
    expire: (dueMs) => {
      // The map keeps the order of arrival, so the oldest stand first.
      for (const [number, request] of pending) {
        if (request.dueMs > dueMs) break;
        end(number, "timeout");
        request.sent.destroy();
      }
    },
    snapshot: () => total.snapshot(opened),
    mark: () => opened,
    since: (mark) => {
      if (opened - mark > MAX_REMEMBERED) throw new RangeError(`mark ${mark} is too long ago`);
      const tally = createTally();
      for (let number = mark; number < opened; number++) {
        const ended = remembered[number % MAX_REMEMBERED];
        if (ended) tally.add(ended);
      }
      return tally.snapshot(opened - mark);
    },
    settled: () =>
      new Promise((resolve) => {
        if (pending.size === 0) resolve();
        else waiting.push(resolve);
      }),
  };
}
