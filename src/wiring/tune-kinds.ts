// What can be tuned: the limits of a service, each with how a config says it, and models of series.
import { type SeriesModelName, seriesModel } from "../detectors/series/models.ts";
import type { ThresholdOptions } from "../detectors/threshold.ts";
import type { Limits } from "../model/policy.ts";
import { metrics } from "../model/reading.ts";
import { span } from "./words.ts";

export interface LimitKind {
  readonly metric: string;
  readonly of: "instance" | "service";
  readonly kind: ThresholdOptions["kind"];
  readonly label: string;
  readonly current: (limits: Limits) => number | undefined;
  /** A limit that a config can say, near `value` and not below it. */
  readonly round: (value: number) => number;
  /** The line of a config. */
  readonly line: (limit: number) => string;
}

const mebibyte = 1_048_576;

/** Up to two digits that count. */
function up(value: number): number {
  if (!(value > 0)) return 0;
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(2));
}

const wholeMs = (value: number): number => Math.max(1, Math.ceil(up(value)));
const wholeMiB = (value: number): number => Math.ceil(up(value / mebibyte)) * mebibyte;

export const limitKinds: readonly LimitKind[] = [
  {
    ...{ metric: metrics.p95.name, of: "service", kind: "slow", label: "p95 of its requests" },
    current: ({ p95Ms }) => p95Ms,
    round: wholeMs,
    line: (limit) => `limits: { p95: "${span(limit)}" }`,
  },
  {
    ...{ metric: metrics.errors.name, of: "service", kind: "errors" },
    label: "share of failed requests",
    current: ({ errorRatio }) => errorRatio,
    round: (value) => Math.min(1, up(Math.max(value, 0.001))),
    line: (limit) => `limits: { errors: ${limit} }`,
  },
  {
    ...{ metric: metrics.probeLatency.name, of: "instance", kind: "slow" },
    label: "answer of its probe",
    current: ({ probeLatencyMs }) => probeLatencyMs,
    round: wholeMs,
    line: (limit) => `probe: { slowAfter: "${span(limit)}" }`,
  },
  {
    ...{ metric: metrics.cpu.name, of: "instance", kind: "hot", label: "CPU" },
    current: ({ cpuRatio }) => cpuRatio,
    round: (value) => up(Math.max(value, 0.001)),
    line: (limit) => `limits: { cpu: ${limit} }`,
  },
  {
    ...{ metric: metrics.rss.name, of: "instance", kind: "hot", label: "memory" },
    current: ({ rssBytes }) => rssBytes,
    round: wholeMiB,
    line: (limit) => `limits: { memoryMiB: ${Math.round(limit / mebibyte)} }`,
  },
];

/** Models that are tried on each series; what is in a config's words is said where they are set. */
export const tunedModels: readonly SeriesModelName[] = ["adaptive"];

export { type SeriesModelName, seriesModel };
