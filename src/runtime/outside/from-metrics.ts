// Metric families as points for InfluxDB, in the layout of its own scraper and of Telegraf.
import type { Point } from "./line-protocol.ts";

/** What it needs of a metric family; samples as Prometheus knows them, labels as `a="1",b="2"`. */
export interface FamilyLike {
  readonly name: string;
  readonly type: string;
  readonly samples: readonly {
    /** `_bucket`, `_sum`, `_count`, or nothing. */
    readonly suffix: string;
    readonly labels: string;
    readonly value: number;
  }[];
}

export interface FromMetricsOptions {
  /** Added to each point; a label of the same name wins. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Milliseconds since the Unix epoch. */
  readonly at?: number;
}

/**
 * A point for each series: the family's name, its labels as tags, and the field `counter`, `gauge` or
 * `value`. A histogram or summary is one point, with `count`, `sum` and a field for each bound or
 * quantile.
 */
export function fromMetrics(
  families: Iterable<FamilyLike>,
  { tags = {}, at }: FromMetricsOptions = {},
): Point[] {
  return [...families].flatMap((family) => {
    const points = new Map<
      string,
      { tags: Record<string, string>; fields: Record<string, number> }
    >();
    for (const { suffix, labels, value } of family.samples) {
      const { le, quantile, ...own } = labelsOf(labels);
      const key = JSON.stringify(own);
      const point = points.get(key) ?? { tags: { ...tags, ...own }, fields: {} };
      points.set(key, point);
      point.fields[fieldOf(family.type, suffix, le ?? quantile)] = value;
    }
    return [...points.values()].map((point) => ({
      measurement: family.name,
      ...point,
      ...(at !== undefined && { at }),
    }));
  });
}

function fieldOf(type: string, suffix: string, bound: string | undefined): string {
  if (bound !== undefined) return bound;
  if (suffix === "_sum" || suffix === "_count") return suffix.slice(1);
  return type === "counter" || type === "gauge" ? type : "value";
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"/gs);
  const unescaped = (value: string): string =>
    value.replaceAll(/\\(.)/gs, (_all, char: string) => (char === "n" ? "\n" : char));
  return Object.fromEntries(
    [...pairs].map(([, name = "", value = ""]) => [name, unescaped(value)]),
  );
}
