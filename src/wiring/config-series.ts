// What a config says about the recorded past of each series, as people write it.
import type { Resolution } from "../stores/series/series-store.ts";

export interface SeriesConfig {
  /**
   * How long the points are kept, and the buckets of each size. Default: raw 2d, 10s 7d, 1m 30d,
   * 10m 180d, 1h 730d.
   */
  readonly keep?: Readonly<Partial<Record<Resolution, string>>>;
  /** Of the file; above it the oldest of the finest goes first. Default "512MB". */
  readonly size?: string;
  /** Series at most. Default 10000. */
  readonly max?: number;
}

export interface WithSeries {
  /** false: nothing is recorded. */
  readonly series?: SeriesConfig | false;
}
