// Counts what was not sent, and why: Sentry shows it beside what it got, so that nobody is misled.
// Source: develop.sentry.dev, SDK › Telemetry › Client Reports (discard reasons).
import type { Item } from "./envelope.ts";
import type { Category } from "./limits.ts";

export type Reason =
  | "queue_overflow"
  | "ratelimit_backoff"
  | "network_error"
  | "send_error"
  | "sample_rate"
  | "before_send"
  | "internal_sdk_error";

/** What one client report tells. */
export interface Told {
  readonly item: Item;
  /** It did not arrive: its counts go into the next one. */
  restore(): void;
}

export interface Discards {
  count(reason: Reason, category: Category): void;
  /** A client report of all that was not told yet; `at` in seconds. Undefined when there is nothing. */
  take(at: number): Told | undefined;
  /** Since the start, by reason. */
  totals(): Readonly<Partial<Record<Reason, number>>>;
}

export function createDiscards(): Discards {
  const totals = new Map<Reason, number>();
  // Bounded by the reasons and categories that there are.
  let untold = new Map<string, number>();

  const add = (key: string, quantity: number): void => {
    untold.set(key, (untold.get(key) ?? 0) + quantity);
  };
  return {
    count: (reason, category) => {
      totals.set(reason, (totals.get(reason) ?? 0) + 1);
      // Nobody counts reports of ourselves.
      if (category !== "internal") add(`${reason}:${category}`, 1);
    },
    take: (timestamp) => {
      if (untold.size === 0) return undefined;
      const taken = untold;
      untold = new Map();
      const discarded_events = [...taken].map(([key, quantity]) => {
        const [reason, category] = key.split(":");
        return { reason, category, quantity };
      });
      const payload = JSON.stringify({ timestamp, discarded_events });
      return {
        item: { type: "client_report", category: "internal", payload },
        restore: () => {
          for (const [key, quantity] of taken) add(key, quantity);
        },
      };
    },
    totals: () => Object.fromEntries(totals),
  };
}
