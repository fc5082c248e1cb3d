// What all takers of foreign figures share: whose a series is, how many there may be, and its time.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import { metrics } from "../../model/reading.ts";
import { type Labels, seriesName } from "../../model/series.ts";
import type { Target } from "../../model/target.ts";
import type { SourceView } from "../../protocol/sources.ts";
import { hasLabels, isBounded, type Place, placesOf, unmappedTarget, wantedBy } from "./places.ts";
import type { At } from "./series.ts";
import { createTally, type Loss, type Tally } from "./tally.ts";

export interface IntakeOptions {
  /** Names of services, those that run elsewhere included. */
  readonly known: ReadonlySet<string>;
  /** Their name for a service → ours. */
  readonly services: Readonly<Record<string, string>>;
  /** Patterns of names; empty: all. */
  readonly metrics: readonly string[];
  /** What a series must have. */
  readonly labels: Labels;
  readonly seriesMax: number;
  readonly keepsUnmapped: boolean;
}

/** A series that is not taken. */
export interface Refused {
  /** Why, so that each of its points is counted; absent for one that nobody wants. */
  readonly refused: Loss | undefined;
}

export interface Intake<Kept extends object> {
  readonly tally: Tally;
  wanted(metric: string): boolean;
  /** Undefined for a service that there is none of. */
  place(theirs: string, instance?: string): Place | undefined;
  /** The series of this kind and name, made when it is new and there is room. */
  series(
    kind: string,
    place: Place,
    metric: string,
    labels: Labels,
    make: (target: Target, labels: Labels, name: string) => Kept,
  ): Kept | Refused;
  /** What keeps a moment that is too old or yet to come out. */
  at(unixMs: number, startMs: number): At | Loss;
  /** Once for each request or look. */
  begin(): void;
  view(): SourceView;
}

/** What Homeostat measures itself is nobody else's to say. */
const reserved: ReadonlySet<string> = new Set([
  "up",
  ...Object.values(metrics).map(({ name }) => name),
]);

/** Clocks of machines differ by so much; more is a mistake. */
const aheadMs = 60_000;
const lateMs = 3_600_000;
/** A series that nobody wrote to for so long makes room for another. */
const idleMs = 3_600_000;
const sweepEveryMs = 60_000;

export function isRefused(it: object): it is Refused {
  return "refused" in it;
}

export function createIntake<Kept extends { lastMs: number }>(
  options: IntakeOptions & {
    readonly name: string;
    readonly where: string;
    readonly clock: Clock;
    readonly log: Log;
    /** Series were let go: whoever remembers them by another key forgets them. */
    readonly onSwept?: () => void;
  },
): Intake<Kept> {
  const { clock, seriesMax, labels: asked, keepsUnmapped, onSwept = () => {} } = options;
  const tally = createTally(options);
  const places = placesOf(options);
  const wanted = wantedBy(options.metrics);
  const known = new Map<string, Kept>();
  let [nowMs, offsetMs, sweptMs] = [clock.now(), 0, Number.NEGATIVE_INFINITY];
  const isRoom = (): boolean => {
    if (known.size < seriesMax) return true;
    if (nowMs - sweptMs < sweepEveryMs) return false;
    sweptMs = nowMs;
    const before = known.size;
    for (const [key, { lastMs }] of known) {
      if (lastMs < nowMs + offsetMs - idleMs) known.delete(key);
    }
    if (known.size < before) onSwept();
    return known.size < seriesMax;
  };
  return {
    tally,
    wanted,
    place: (theirs, instance) => {
      const target = places.target(theirs, instance);
      // What comes from several of its processes must not look like one series.
      const apart = instance === undefined || instance === target ? {} : { instance };
      if (target !== undefined) return { target, labels: apart };
      if (!keepsUnmapped) return undefined;
      return { target: unmappedTarget, labels: { ...apart, service: theirs } };
    },
    series: (kind, place, metric, own, make) => {
      const labels = { ...own, ...place.labels };
      if (!hasLabels(labels, asked)) return { refused: undefined };
      if (!isBounded(labels) || metric.length > 200) return { refused: "labels" };
      const name = seriesName(metric, labels);
      if (reserved.has(name)) return { refused: "name" };
      const key = `${kind} ${place.target} ${name}`;
      const found = known.get(key);
      if (found) return found;
      if (!isRoom()) return { refused: "series limit" };
      const made = make(place.target, labels, name);
      known.set(key, made);
      return made;
    },
    begin: () => {
      nowMs = clock.now();
      offsetMs = clock.wall() - nowMs;
    },
    at: (unixMs, startMs) => {
      const atMs = unixMs - offsetMs;
      if (!(atMs > nowMs - lateMs)) return Number.isNaN(atMs) ? "value" : "late";
      if (atMs > nowMs + aheadMs) return "future";
      return { unixMs, startMs, atMs: Math.min(atMs, nowMs) };
    },
    view: () => tally.view(known.size, seriesMax),
  };
}
