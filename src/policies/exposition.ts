// The figures of listed pipelines in Prometheus' text format, for whoever serves /metrics.
import type { Counters } from "./counters.ts";
import type { Listed } from "./registry.ts";

interface Sample {
  readonly metric: string;
  readonly type: "counter" | "gauge";
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const prefix = "homeostat_policies";

/** Counters that are a metric of their own; results and refusals are told by label. */
const plain = {
  retries: "retries",
  exhausted: "retries_exhausted",
  fallbacks: "fallbacks",
  hedges: "hedges",
  cacheHits: "cache_hits",
  injected: "injected_faults",
  late: "late_results",
} as const satisfies { readonly [Name in keyof Counters]?: string };

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
  const counter = (what: string, value: number, more: Sample["labels"] = {}): Sample => {
    return {
      metric: `${prefix}_${what}_total`,
      type: "counter",
      labels: { ...whose, ...more },
      value,
    };
  };
  const { calls, successes, failures, cancelled, rejected } = counters;
  return [
    counter("calls", calls),
    counter("results", successes, { result: "success" }),
    counter("results", failures, { result: "failure" }),
    counter("results", cancelled, { result: "cancelled" }),
    ...Object.entries(rejected).map(([reason, value]) => counter("rejected", value, { reason })),
    ...Object.entries(plain).map(([field, what]) =>
      counter(what, counters[field as keyof typeof plain]),
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
