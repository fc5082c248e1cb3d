// Whose a foreign series is, and whether it is wanted: names of theirs become targets of ours.
import type { Labels } from "../../model/series.ts";
import { serviceOf, type Target } from "../../model/target.ts";

/** Where series go that fit no service, when they are kept. */
export const unmappedTarget: Target = "@unmapped";

export interface PlacesOptions {
  /** Names of services, those that run elsewhere included. */
  readonly known: ReadonlySet<string>;
  /** Their name → ours. */
  readonly services: Readonly<Record<string, string>>;
}

/** A place where the points of a series go. */
export interface Place {
  readonly target: Target;
  /** What tells series apart whose other labels are the same. */
  readonly labels: Labels;
}

/**
 * The target that is meant by their name for a service. `instance` makes it one of its instances,
 * when it is the name of one here ("web/2").
 */
export function placesOf({ known, services }: PlacesOptions): {
  target(theirs: string, instance?: string): Target | undefined;
} {
  const mapped = new Map(Object.entries(services));
  return {
    target: (theirs, instance) => {
      const service = mapped.get(theirs) ?? theirs;
      if (!known.has(service)) return undefined;
      const isOfIt = instance !== undefined && serviceOf(instance) === service;
      return isOfIt && /^[^/]+\/[1-9]\d{0,2}$/.test(instance) ? instance : service;
    },
  };
}

/** Whether a metric of this name is wanted; "*" in a pattern stands for any text. */
export function wantedBy(patterns: readonly string[]): (metric: string) => boolean {
  if (patterns.length === 0) return () => true;
  const known = patterns.map((pattern) => {
    const parts = pattern.split("*").map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`, "s");
  });
  return (metric) => known.some((pattern) => pattern.test(metric));
}

export function hasLabels(labels: Labels, asked: Labels): boolean {
  return Object.entries(asked).every(([name, value]) => labels[name] === value);
}

const labelsMax = 40;
const nameMax = 200;
const valueMax = 400;

/** Whether a series may have these: one with more would cost more than it tells. */
export function isBounded(labels: Labels): boolean {
  const pairs = Object.entries(labels);
  if (pairs.length > labelsMax) return false;
  return pairs.every(([name, value]) => name.length <= nameMax && value.length <= valueMax);
}

const unnamed = "(unnamed)";

/** The place that a label of Prometheus means; or what it says, when that is no service here. */
export function placeByLabel(
  of: { place(theirs: string, instance?: string): Place | undefined },
  label: string,
): (labels: Labels) => Place | string {
  return (labels) => {
    const theirs = (labels[label] || unnamed).slice(0, 200);
    return of.place(theirs, labels.instance) ?? theirs;
  };
}
