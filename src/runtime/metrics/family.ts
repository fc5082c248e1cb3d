// Something else whose families are shown beside our own: an older registry, the policies.
import type { Family } from "../../protocol/metric-family.ts";

export type { Family, FamilyType, Sample } from "../../protocol/metric-family.ts";

export interface MetricsSource {
  readonly name: string;
  families(): readonly Family[] | Promise<readonly Family[]>;
}
