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

/** Something else whose families are shown beside our own: an older registry, the policies. */
export interface MetricsSource {
  readonly name: string;
  families(): readonly Family[] | Promise<readonly Family[]>;
}
