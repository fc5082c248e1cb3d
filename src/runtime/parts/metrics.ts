// The contract of the app's metrics: numbers that parts write and `/metrics` shows.

export type Labels = Readonly<Record<string, string>>;

export interface MetricOptions {
  readonly help: string;
  /** The last part of the name in OpenMetrics: `seconds`, `bytes`. */
  readonly unit?: string;
}

/** Only grows; there at 0 from the start, so that its absence means something else. */
export interface Counter {
  add(by?: number): void;
  /** The series with these labels; keep it where it is used often. */
  with(labels: Labels): Counter;
}

export interface Gauge {
  set(value: number): void;
  add(by: number): void;
  with(labels: Labels): Gauge;
}

export interface Histogram {
  observe(value: number): void;
  with(labels: Labels): Histogram;
}

export interface Metrics {
  counter(name: string, options: MetricOptions): Counter;
  gauge(name: string, options: MetricOptions & { readonly read?: () => number }): Gauge;
  histogram(
    name: string,
    options: MetricOptions & { readonly buckets?: readonly number[] },
  ): Histogram;
}
