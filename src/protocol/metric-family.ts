// What a scrape reads: families of samples, whoever wrote them, before they become text.

export type FamilyType = "counter" | "gauge" | "histogram" | "summary" | "unknown";

export interface Sample {
  /** What follows the family's name: `_bucket`, `_sum`, `_count`, or nothing. */
  readonly suffix: string;
  /** `a="1",b="2"`, escaped; empty without labels. */
  readonly labels: string;
  readonly value: number;
}

export interface Family {
  /** As text format 0.0.4 shows it: the name of our counters ends in `_total`. */
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  /** The last part of the name, before `_total`. */
  readonly unit?: string;
  readonly samples: readonly Sample[];
}

/** The name of the family in OpenMetrics: a counter's without `_total`. */
export function stemOf(name: string, type: FamilyType): string {
  return type === "counter" ? name.replace(/_total$/, "") : name;
}
