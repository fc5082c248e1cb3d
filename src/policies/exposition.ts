// The figures of listed pipelines in Prometheus' text format, for whoever serves /metrics.
import { counted } from "./counted.ts";
import type { Listed } from "./registry.ts";

interface Sample {
  readonly metric: string;
  readonly type: "counter" | "gauge";
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const prefix = "homeostat_policies";

/**
 * Text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Counters end in `_total`;
 * a strategy's figures are gauges with the labels `pipeline` and `strategy`.
 */
export function metricsText(pipelines: readonly Listed[]): string {
  const metrics = Map.groupBy(pipelines.flatMap(samplesOf), ({ metric }) => metric);
  return [...metrics]
    .flatMap(([metric, samples]) => [
      `# TYPE ${metric} ${samples[0]?.type}`,
      ...samples.map(({ labels, value }) => `${metric}{${labelled(labels)}} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

function samplesOf({ name, key, counters, strategies }: Listed): readonly Sample[] {
  const whose = key === undefined ? { pipeline: name } : { pipeline: name, key };
  return [
    ...counted.map(
      ({ metric, more, of }): Sample => ({
        metric: `${prefix}_${metric}_total`,
        type: "counter",
        labels: { ...whose, ...more },
        value: of(counters),
      }),
    ),
    ...strategies.flatMap((strategy) =>
      Object.entries(strategy.figures).map(
        ([figure, value]): Sample => ({
          metric: `${prefix}_${figure}`,
          type: "gauge",
          labels: { ...whose, strategy: strategy.name },
          value,
        }),
      ),
    ),
  ];
}

function labelled(labels: Sample["labels"]): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
