// The series that a pipeline's counters make, whoever shows them.
import { type Counters, newCounters } from "./counters.ts";
import type { Reason } from "./rejection.ts";

/** One series of each pipeline, read from its counters. */
export interface Counted {
  readonly metric: string;
  readonly more?: Readonly<Record<string, string>>;
  readonly of: (its: Counters) => number;
}

export const counted: readonly Counted[] = [
  { metric: "calls", of: (its) => its.calls },
  { metric: "results", of: (its) => its.successes, more: { result: "success" } },
  { metric: "results", of: (its) => its.failures, more: { result: "failure" } },
  { metric: "results", of: (its) => its.cancelled, more: { result: "cancelled" } },
  ...(Object.keys(newCounters().rejected) as Reason[]).map((reason) => {
    return { metric: "rejected", more: { reason }, of: (its: Counters) => its.rejected[reason] };
  }),
  { metric: "retries", of: (its) => its.retries },
  { metric: "retries_exhausted", of: (its) => its.exhausted },
  { metric: "fallbacks", of: (its) => its.fallbacks },
  { metric: "hedges", of: (its) => its.hedges },
  { metric: "cache_hits", of: (its) => its.cacheHits },
  { metric: "injected_faults", of: (its) => its.injected },
  { metric: "late_results", of: (its) => its.late },
];
