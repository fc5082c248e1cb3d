// The metrics of an app: counters, gauges and histograms, and their text for whoever scrapes them.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { contentType, expositionOf, type Format } from "../../protocol/metric-text.ts";
import type { Counter, Gauge, Histogram, Metrics } from "../parts/metrics.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { checkedBuckets, defaultBuckets } from "./buckets.ts";
import { createDefinitions, type Make } from "./definitions.ts";
import type { Family, MetricsSource } from "./family.ts";
import type { Metric } from "./metric.ts";
import { CounterSeries, GaugeSeries, HistogramSeries } from "./series.ts";
import { createSources } from "./sources.ts";

export interface MetricsOptions {
  /** Series with labels of one metric; further ones are counted as one. Default 1,000. */
  readonly maxSeries?: number;
  /** Default 1,000. */
  readonly maxMetrics?: number;
  /** How long a scrape waits for a source that is not ours; default 2,000 ms. */
  readonly sourceLimitMs?: number;
  /** Shown beside our own from the start: `promClient(registry)`, `textSource(…)`. */
  readonly sources?: readonly MetricsSource[];
}

/**
 * Asking for a metric again gives the same one. A name that cannot be, or one that is taken by a
 * metric of another type, throws a Misconfigured error; a number that cannot be (a counter told -1)
 * is left out and told once in the log.
 */
export interface AppMetrics extends Metrics {
  /** "prometheus" is text format 0.0.4 (the default), "openmetrics" is OpenMetrics 1.0.0. */
  text(format?: Format): Promise<string>;
  contentType(format?: Format): string;
  /** What the text says, as values: ours first, then the sources'. Calls at one time share one reading. */
  families(): Promise<readonly Family[]>;
  /** Shows the families of another registry too, until the answer is disposed of. */
  include(source: MetricsSource): Disposable;
  /** Runs `work` before each reading, to set figures that have to be looked up. */
  beforeText(work: () => void | Promise<void>): Disposable;
}

export function createMetrics(options: MetricsOptions & Partial<Surroundings> = {}): AppMetrics {
  const { clock, log } = surroundings(options);
  const { maxSeries = 1_000, maxMetrics = 1_000, sourceLimitMs = 2_000 } = options;
  for (const [name, value] of Object.entries({ maxSeries, maxMetrics, sourceLimitMs })) {
    if (!(value >= 1)) throw invalid(`${name} must be 1 or more, got ${value}`);
  }
  const { define, families: own, names } = createDefinitions({ maxSeries, maxMetrics, log });
  const readings = new Map<string, () => void>();
  const sources = createSources({ clock, log, limitMs: sourceLimitMs });
  for (const source of options.sources ?? []) sources.include(source);

  const families = shared(async () => {
    await sources.prepare();
    for (const read of readings.values()) read();
    const ours = own();
    return [...ours, ...(await sources.read(names()))];
  });

  return {
    counter: (name, given): Counter =>
      define<CounterSeries>(
        "counter",
        name,
        given,
        (home, labels) => new CounterSeries(home, labels),
      ).bare,
    gauge: (name, given): Gauge => {
      const made = define<GaugeSeries>(
        "gauge",
        name,
        given,
        (home, labels) => new GaugeSeries(home, labels),
      );
      if (given.read) readings.set(made.spec.name, reading(made, given.read, log));
      return made.bare;
    },
    histogram: (name, given): Histogram => {
      const bounds = checkedBuckets(given.buckets ?? defaultBuckets);
      const make: Make<HistogramSeries> = (home, labels) =>
        new HistogramSeries(home, labels, bounds);
      const { bare } = define("histogram", name, given, make);
      if (given.buckets && bare.bounds.join() !== bounds.join()) {
        throw invalid(`${name} is there with other buckets: ${bare.bounds}`);
      }
      return bare;
    },
    families,
    text: async (format = "prometheus") => expositionOf(await families(), format),
    contentType: (format = "prometheus") => contentType(format),
    include: sources.include,
    beforeText: sources.before,
  };
}

/** Calls at one time share one reading. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= read().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

/** A gauge whose reading fails shows nothing rather than an old number. */
function reading(metric: Metric<GaugeSeries>, read: () => number, log: Surroundings["log"]) {
  let failing = false;
  return (): void => {
    try {
      metric.bare.set(read());
      failing = false;
    } catch (error) {
      metric.bare.forget();
      const fields = { metric: metric.spec.name, reason: messageOf(error) };
      if (!failing) log.warn("a gauge could not be read", fields);
      failing = true;
    }
  };
}

function invalid(problem: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `metrics: ${problem}`);
}
