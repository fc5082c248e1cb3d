// Counts what came from outside and what became of it, and tells each kind of loss once.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { SourceView } from "../../protocol/sources.ts";

/** Why a point is left out. */
export type Loss =
  | "late"
  | "future"
  | "out of order"
  | "duplicate"
  | "series limit"
  | "labels"
  | "kind"
  | "name"
  | "value"
  | "body";

const meanings: Readonly<Record<Loss, string>> = {
  late: "points older than an hour",
  future: "points of more than a minute ahead",
  "out of order": "points older than one of the same series that came before",
  duplicate: "points of a moment that the series has",
  "series limit": "points of new series, because there are as many as `series` allows",
  labels: "points with more than 40 labels, or with names or values too long",
  kind: "points of a kind that is not read",
  name: "points without labels that have the name of a metric of Homeostat",
  value: "points without a number or a time",
  body: "requests that cannot be read",
};

/** Duplicates come with every pair of senders for safety. */
const unsaid: ReadonlySet<Loss> = new Set<Loss>(["duplicate"]);

/** Names of theirs that are told apart; the others are counted together. */
const namesMax = 50;
const others = "(others)";

export interface Tally {
  readonly taken: number;
  readonly refused: number;
  request(): void;
  take(count?: number): void;
  refuse(loss: Loss, count?: number): void;
  /** Points of what is called so, and is no service here. */
  unmapped(name: string, count?: number): void;
  /** Undefined: it works. Told when it changes. */
  trouble(why: string | undefined): void;
  view(series: number, seriesMax: number): SourceView;
}

export function createTally(options: {
  readonly name: string;
  readonly where: string;
  readonly log: Log;
  readonly clock: Clock;
}): Tally {
  const { name, where, log, clock } = options;
  const losses = new Map<Loss, number>();
  const unmapped = new Map<string, number>();
  const sums = { requests: 0, taken: 0, refused: 0 };
  let lastAt: number | undefined;
  let trouble: string | undefined;
  return {
    get taken() {
      return sums.taken;
    },
    get refused() {
      return sums.refused;
    },
    request: () => {
      sums.requests += 1;
      lastAt = clock.wall();
    },
    take: (count = 1) => {
      sums.taken += count;
    },
    refuse: (loss, count = 1) => {
      sums.refused += count;
      const before = losses.get(loss) ?? 0;
      losses.set(loss, before + count);
      if (before > 0 || unsaid.has(loss)) return;
      log.warn("a source leaves something out, and tells it once", {
        ...{ source: name, what: meanings[loss] },
      });
    },
    unmapped: (theirs, count = 1) => {
      const key = unmapped.has(theirs) || unmapped.size < namesMax ? theirs : others;
      const before = unmapped.get(key) ?? 0;
      unmapped.set(key, before + count);
      if (before > 0) return;
      const hint = "map it with `services` of this source";
      log.info("a source has figures of no service here", { source: name, service: key, hint });
    },
    trouble: (why) => {
      if (why !== undefined && trouble === undefined) {
        log.warn("a source has trouble", { source: name, where, why });
      } else if (why === undefined && trouble !== undefined) {
        log.info("a source works again", { source: name, where });
      }
      trouble = why;
    },
    view: (series, seriesMax) => ({
      ...{ name, where, requests: sums.requests, taken: sums.taken, series, seriesMax },
      refused: Object.fromEntries(losses),
      unmapped: Object.fromEntries(unmapped),
      ...(lastAt === undefined ? {} : { lastAt }),
      ...(trouble === undefined ? {} : { trouble }),
    }),
  };
}
