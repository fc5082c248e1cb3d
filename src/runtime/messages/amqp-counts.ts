// Counts what happens to an AMQP link.
import type { Metrics } from "../parts/metrics.ts";

const events = [
  "connected",
  "published",
  "retried",
  "unpublished",
  /** Confirmed, but no queue wanted it. */
  "unrouted",
  "consuming",
  "interrupted",
  "stale",
] as const;

export type AmqpEvent = (typeof events)[number];
export type AmqpCounts = Readonly<Record<AmqpEvent, number>>;
export type Count = (event: AmqpEvent) => void;

export function createCounts(
  link: string,
  metrics: Metrics | undefined,
): { readonly count: Count; readonly counts: () => AmqpCounts } {
  const sums = Object.fromEntries(events.map((event) => [event, 0])) as Record<AmqpEvent, number>;
  const counter = metrics?.counter("amqp_events", { help: "What happened to a link to AMQP" });
  const series = new Map(events.map((event) => [event, counter?.with({ link, event })]));
  return {
    count: (event) => {
      sums[event] += 1;
      series.get(event)?.add();
    },
    counts: () => ({ ...sums }),
  };
}
