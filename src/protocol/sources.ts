// What a source that takes in foreign figures tells of itself: how much it took, and what it did not.

export interface SourceView {
  /** "otlp", "remote-write", "alertmanager", "prometheus 1". */
  readonly name: string;
  /** Where it listens, or whom it asks; without secrets. */
  readonly where: string;
  readonly requests: number;
  /** Points, spans, log lines and alerts that became readings or part of one. */
  readonly taken: number;
  /** By reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** By their name for a service, what fits no service here. */
  readonly unmapped: Readonly<Record<string, number>>;
  readonly series: number;
  readonly seriesMax: number;
  /** Unix time of the last request that was taken; absent before it. */
  readonly lastAt?: number;
  /** Why the last one failed; absent when it did not. */
  readonly trouble?: string;
}
