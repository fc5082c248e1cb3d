// One series each: what a counter, gauge or histogram keeps, and its cheap way to be told a number.

import { pair } from "../../protocol/metric-label.ts";
import { canonicalNumber } from "../../protocol/metric-numbers.ts";
import type { Counter, Gauge, Histogram, Labels } from "../parts/metrics.ts";
import type { Sample } from "./family.ts";

/** What a series needs of the metric it belongs to. */
export interface Home<Series> {
  series(labels: Labels): Series;
  /** Called for a number that the metric cannot take. */
  refuse(value: unknown): void;
}

/** What every series gives a scrape. */
export interface Kept {
  /** False while there is nothing to show that would be true. */
  readonly told: boolean;
  samples(labels: string): readonly Sample[];
}

// Classes: a process has thousands of series, and their methods are its shortest and hottest.
export class CounterSeries implements Counter, Kept {
  readonly #home: Home<CounterSeries>;
  readonly #labels: Labels;
  #value = 0;

  constructor(home: Home<CounterSeries>, labels: Labels) {
    this.#home = home;
    this.#labels = labels;
  }

  add(by = 1): void {
    if (by >= 0 && Number.isFinite(by)) this.#value += by;
    else this.#home.refuse(by);
  }

  with(labels: Labels): CounterSeries {
    return this.#home.series({ ...this.#labels, ...labels });
  }

  get told(): boolean {
    return this.#value > 0;
  }

  samples(labels: string): readonly Sample[] {
    return [{ suffix: "", labels, value: this.#value }];
  }
}

export class GaugeSeries implements Gauge, Kept {
  readonly #home: Home<GaugeSeries>;
  readonly #labels: Labels;
  #value = 0;
  #told = false;

  constructor(home: Home<GaugeSeries>, labels: Labels) {
    this.#home = home;
    this.#labels = labels;
  }

  set(value: number): void {
    if (typeof value === "number") {
      this.#value = value;
      this.#told = true;
    } else this.#home.refuse(value);
  }

  add(by: number): void {
    this.set(this.#value + by);
  }

  with(labels: Labels): GaugeSeries {
    return this.#home.series({ ...this.#labels, ...labels });
  }

  /** Shows nothing until it is set again. */
  forget(): void {
    this.#told = false;
    this.#value = 0;
  }

  get told(): boolean {
    return this.#told;
  }

  samples(labels: string): readonly Sample[] {
    return this.#told ? [{ suffix: "", labels, value: this.#value }] : [];
  }
}

export class HistogramSeries implements Histogram, Kept {
  readonly #home: Home<HistogramSeries>;
  readonly #labels: Labels;
  /** Upper bounds without +Inf. */
  readonly bounds: readonly number[];
  /** Observations of each bucket alone; the last is that of +Inf. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(home: Home<HistogramSeries>, labels: Labels, bounds: readonly number[]) {
    this.#home = home;
    this.#labels = labels;
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) {
      this.#home.refuse(value);
      return;
    }
    const bounds = this.bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (bounds[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sum += value;
  }

  with(labels: Labels): HistogramSeries {
    return this.#home.series({ ...this.#labels, ...labels });
  }

  get told(): boolean {
    return this.#counts.some((count) => count > 0);
  }

  samples(labels: string): readonly Sample[] {
    const before = labels === "" ? "" : `${labels},`;
    let count = 0;
    const buckets = [...this.#counts].map((more, i): Sample => {
      count += more;
      const le = canonicalNumber(this.bounds[i] ?? Number.POSITIVE_INFINITY);
      return { suffix: "_bucket", labels: before + pair("le", le), value: count };
    });
    const sum = { suffix: "_sum", labels, value: this.#sum };
    return [...buckets, sum, { suffix: "_count", labels, value: count }];
  }
}
