// What a task over messages is told, and the checks of it.
import {
  anything,
  called,
  checkOptions,
  count,
  finiteAbove,
  named,
} from "../../policies/options.ts";
import type { Capture } from "../parts/capture.ts";
import type { Metrics } from "../parts/metrics.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { Sink, Source } from "./delivery.ts";
import type { OpenTelemetryApi } from "./opentelemetry-api.ts";
import type { Trace } from "./trace.ts";

export interface MessageContext {
  /** Aborts when the time of a message that was under way at the end is over. */
  readonly signal: AbortSignal;
  /** Aborts as soon as the task is told to end: for waits that need not be waited for. */
  readonly stopping: AbortSignal;
  readonly trace: Trace;
  /** What the source knows beside the data, such as the topic. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** A message that could not be processed. */
export interface Bad {
  readonly task: string;
  readonly error: unknown;
  /** Undefined when it could not even be read. */
  readonly data: unknown;
  readonly trace?: Trace;
  readonly about: Readonly<Record<string, unknown>>;
}

export interface TaskOptions<In> extends Partial<Surroundings> {
  readonly name: string;
  /** A function is asked again at each run. */
  readonly from: Source | ((signal: AbortSignal) => Source | Promise<Source>);
  /** Called before the first message of each run; what it throws ends the run. */
  readonly startup?: (context: { readonly signal: AbortSignal }) => unknown;
  /** The shape of the data; what it throws makes the message a bad one. Default: taken as it is. */
  readonly read?: (data: unknown) => In;
  /**
   * So many messages are processed at once; what comes of them is sent in the order in which they
   * came, and only then is the next one asked for. Default 1.
   */
  readonly inFlight?: number;
  /** Milliseconds that messages under way have once the task is told to end. Default 3,000. */
  readonly busyLimitMs?: number;
  /** Told of each bad message, which is logged and counted anyway; what it throws ends the run. */
  readonly onBad?: (bad: Bad) => unknown;
  /** Bad messages go here, as envelopes with `{ task, error, data, about }`. Default: nowhere. */
  readonly deadLetter?: Sink;
  readonly otel?: OpenTelemetryApi;
  /** A lost dependency that processing throws ends the app by it. */
  readonly stopping?: Stopping;
  readonly metrics?: Metrics;
  /** Where bad messages are reported as errors. Default: nowhere, the log has them. */
  readonly capture?: Capture;
}

/** What a watchdog takes: `watchdog.task(it.name, it.run)`. */
export interface MessageTask {
  readonly name: string;
  /**
   * Resolves when `signal` has aborted and what was under way is done, or when the source has ended.
   * Rejects when a dependency, the source or the sink is lost. May be run again when it has ended.
   */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Since the task was made. */
  readonly counts: () => Readonly<Record<Outcome, number>>;
}

/** `done`: processed and sent. `bad`: could not be. `released`: not acknowledged, may come again. */
export type Outcome = "done" | "bad" | "released";

const rules = {
  name: named,
  from: anything,
  startup: called,
  read: called,
  inFlight: count(1, 10_000),
  busyLimitMs: finiteAbove(0),
  onBad: called,
  deadLetter: anything,
  otel: anything,
  stopping: anything,
  metrics: anything,
  capture: called,
  clock: anything,
  random: called,
  log: anything,
};

export function checkTask(
  who: string,
  options: object,
  more: Readonly<Record<string, typeof anything>>,
): void {
  checkOptions<object>(who, options, { ...rules, ...more });
}
