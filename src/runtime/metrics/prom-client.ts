// An existing prom-client registry as a source, known by its shape only: no dependency.

import { pair } from "../../protocol/metric-label.ts";
import type { Family, FamilyType, MetricsSource, Sample } from "./family.ts";
import { textSource } from "./text-source.ts";

/** What a prom-client `Registry` (versions 14 and 15) gives; one of the two is enough. */
export interface PromClientRegistry {
  getMetricsAsJSON?(): Promise<readonly PromClientMetric[]> | readonly PromClientMetric[];
  metrics?(): Promise<string> | string;
}

export interface PromClientMetric {
  readonly name: string;
  readonly help: string;
  /** A word: "counter", "gauge", "histogram", "summary". */
  readonly type: unknown;
  readonly values?: readonly PromClientValue[];
}

interface PromClientValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, unknown>>;
  /** The whole name of the sample when it is not the metric's own. */
  readonly metricName?: string;
}

/** Shows all that the registry holds; what it calls the same as a metric of ours is left out. */
export function promClient(registry: PromClientRegistry): MetricsSource {
  const { getMetricsAsJSON, metrics } = registry;
  if (!getMetricsAsJSON) return textSource("prom-client", () => metrics?.call(registry) ?? "");
  return {
    name: "prom-client",
    families: async () => (await getMetricsAsJSON.call(registry)).map(familyOf),
  };
}

function familyOf({ name, help, type, values = [] }: PromClientMetric): Family {
  const samples = values.map(({ value, labels, metricName = name }): Sample => {
    const texts = Object.entries(labels).map(([label, held]) => pair(label, held));
    return { suffix: metricName.slice(name.length), labels: texts.join(","), value };
  });
  return { name, help, type: typeOf(type), samples };
}

function typeOf(word: unknown): FamilyType {
  const known = ["counter", "gauge", "histogram", "summary"] as const;
  return known.find((type) => type === word) ?? "unknown";
}
