// Which kinds of data Sentry does not want for now, as its answers told.
// Source: develop.sentry.dev, SDK › Transport › Rate Limiting.
import type { Clock } from "../../kernel/clock.ts";
import { retryAfterOf } from "../../kernel/retry-after.ts";

/** What we send; other categories are none of ours. */
export type Category = "error" | "feedback" | "internal";

export interface ResponseHeaders {
  get(name: string): string | null;
}

export interface Limits {
  limited(category: Category): boolean;
  /** Looks at each answer, as Sentry may tell in advance. */
  learn(status: number, headers: ResponseHeaders): void;
}

const categories: readonly Category[] = ["error", "feedback", "internal"];
const unsaidMs = 60_000;
/** A limit that would outlive the process many times over is a mistake of somebody's. */
const longestMs = 24 * 3_600_000;
const mostQuotas = 100;

/** The longer of two limits holds. Time is the clock's monotonic one. */
export function createLimits(clock: Clock): Limits {
  const until = new Map<Category, number>();

  const limit = (named: readonly string[], ms: number): void => {
    // No category means all; `default` and others that we do not send are passed over.
    const meant = named.length === 0 ? categories : categories.filter((one) => named.includes(one));
    const at = clock.now() + Math.min(Math.max(0, ms), longestMs);
    for (const one of meant) until.set(one, Math.max(at, until.get(one) ?? 0));
  };

  return {
    limited: (category) => clock.now() < (until.get(category) ?? Number.NEGATIVE_INFINITY),
    learn: (status, headers) => {
      const told = headers.get("x-sentry-rate-limits");
      if (told !== null) {
        for (const quota of told.split(",", mostQuotas)) {
          const [seconds = "", named = ""] = quota.trim().split(":");
          const ms = /^\d{1,9}(?:\.\d{1,9})?$/.test(seconds) ? Number(seconds) * 1_000 : unsaidMs;
          limit(
            named.split(";").filter((one) => one !== ""),
            ms,
          );
        }
      } else if (status === 429) limit([], retryAfterOf({ headers }, clock) ?? unsaidMs);
    },
  };
}
