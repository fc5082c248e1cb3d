// Gives what the policies tell and count to OpenTelemetry; nothing else of them knows of it.
import { type Channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import * as otel from "@opentelemetry/api";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { counted } from "./counted.ts";
import type { Counters } from "./counters.ts";
import { calls, events } from "./events.ts";
import { errorOf } from "./rejection.ts";
import type { HookStrategy } from "./strategy.ts";

type Figures = Readonly<Record<string, number>>;

interface Observed {
  readonly name: string;
  readonly figures?: Figures | (() => Figures) | undefined;
}

/** A pipeline, or what a registry lists of one. */
export interface ObservedPipeline {
  readonly name: string;
  /** Which of the pipelines of one name it is. */
  readonly key?: string | undefined;
  /** The pipeline's own object, the same one at each reading. */
  readonly counters: Counters;
  readonly strategies: readonly Observed[];
}

export interface ObserveOptions {
  /** Default: one of the global meter provider, which must be set by then. */
  readonly meter?: otel.Meter;
  /** Whose counters and figures are read at each collection; a registry is one of these. */
  readonly pipelines?: Source;
  /** Tells keys of calls and of pipelines; off by default, as there may be no end to them. */
  readonly keys?: boolean;
  /** How many pipelines and keys are told apart, the first that come. 1 or more, default 100. */
  readonly maxValues?: number;
}

type Pipelines = Iterable<ObservedPipeline>;
type Source = Pipelines | (() => Pipelines) | { list(): Pipelines };

const prefix = "homeostat.policies";

/** Stands for every value that comes when its attribute has as many as it may. */
const other = "_OTHER";
const [most, maxLength, maxFigures, maxAttempt] = [100, 128, 32, 10] as const;

/** Seconds: those that OpenTelemetry advises for HTTP, and two for calls that wait and repeat. */
const explicitBucketBoundaries = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60,
];

/** As Polly ranks them; an event of neither kind is "info". */
const grave = /^(?:rejected|timeout|retries-exhausted|retry-budget-spent|breaker-opened)$/;
const warnings = /^(?:retry|fallback|hedge|breaker-half-opened|breaker-isolated|host-ejected)$/;

/** Publishes the metrics of docs/policies/telemetry.md until the answer is disposed of. */
export function observePolicies(options: ObserveOptions = {}): Disposable {
  const { meter = otel.metrics.getMeter(prefix), pipelines } = options;
  const labels = labelsOf(options);
  const stops = [countEvents(meter, labels), timeCalls(meter, labels)];
  if (pipelines) stops.push(readPipelines(meter, labels, pipelines));
  return {
    [Symbol.dispose]: () => {
      for (const stop of stops.splice(0)) stop();
    },
  };
}

/**
 * Records how long each attempt takes. A strategy, as attempts are seen from the innermost place
 * only; it changes nothing of a call.
 */
export function timedAttempts(
  options: { readonly meter?: otel.Meter; readonly clock?: Clock; readonly name?: string } = {},
): HookStrategy {
  const { meter = otel.metrics.getMeter(prefix), clock = systemClock, name } = options;
  const durations = histogram(meter, "attempt.duration");
  const exception = bounded();
  return {
    name: name ?? "timed-attempts",
    aborts: false,
    enter: (call, level) => {
      call.slots[level] = clock.now();
    },
    exit: (call, level, ok, value) => {
      durations.record((clock.now() - (call.slots[level] as number)) / 1_000, {
        "pipeline.name": call.pipeline,
        "attempt.number": Math.min(call.repeats, maxAttempt),
        result: resultOf(ok, call.cancelled),
        ...(!ok && { "exception.type": exception(typeOf(errorOf(value))) }),
      });
    },
  };
}

function countEvents(meter: otel.Meter, labels: Labels): () => void {
  const counter = meter.createCounter(`${prefix}.events`, { unit: "{event}" });
  return listen(events, ({ event, pipeline, strategy, key, reason, error }) =>
    counter.add(1, {
      "event.name": labels.event(event),
      "event.severity": grave.test(event) ? "error" : warnings.test(event) ? "warning" : "info",
      "pipeline.name": labels.pipeline(pipeline),
      "strategy.name": labels.strategy(strategy),
      ...(reason !== undefined && { reason }),
      ...(error !== undefined && { "exception.type": labels.exception(typeOf(error)) }),
      ...labels.operation(key),
    }),
  );
}

function timeCalls(meter: otel.Meter, labels: Labels): () => void {
  const durations = histogram(meter, "pipeline.duration");
  return listen(calls, ({ pipeline, key, ok, cancelled, rejected, durationMs }) =>
    durations.record(durationMs / 1_000, {
      "pipeline.name": labels.pipeline(pipeline),
      result: resultOf(ok, cancelled),
      ...(rejected !== undefined && { reason: rejected }),
      ...labels.operation(key),
    }),
  );
}

/** Counters as sums that never fall though pipelines come and go; figures as they are. */
function readPipelines(meter: otel.Meter, labels: Labels, source: Source): () => void {
  const sinks = counted.map(({ metric }) => meter.createObservableCounter(`${prefix}.${metric}`));
  const gauge = meter.createObservableGauge(`${prefix}.figure`);
  const seen = new WeakMap<Counters, readonly number[]>();
  const sums = new Map<string, { whose: otel.Attributes; values: readonly number[] }>();
  const read: otel.BatchObservableCallback = (result) => {
    const list = "list" in source ? source.list() : source;
    for (const { name, key, counters, strategies } of typeof list === "function" ? list() : list) {
      const whose = { "pipeline.name": labels.pipeline(name), ...labels.instance(key) };
      const place = JSON.stringify(whose);
      const now = counted.map(({ of }) => of(counters));
      const before = seen.get(counters) ?? [];
      const { values } = sums.get(place) ?? { values: [] };
      const added = now.map((count, i) => (values[i] ?? 0) + count - (before[i] ?? 0));
      seen.set(counters, now);
      sums.set(place, { whose, values: added });
      // Figures of several pipelines do not add up: only those that can be told apart are told.
      const apart = (key === undefined || labels.keys) && !Object.values(whose).includes(other);
      for (const [figure, of] of apart ? strategies.flatMap(figuresOf) : []) {
        result.observe(gauge, figure, { ...whose, ...of });
      }
    }
    for (const { whose, values } of sums.values()) {
      sinks.forEach((sink, i) => {
        result.observe(sink, values[i] ?? 0, { ...whose, ...counted[i]?.more });
      });
    }
  };
  meter.addBatchObservableCallback(read, [...sinks, gauge]);
  return () => meter.removeBatchObservableCallback(read, [...sinks, gauge]);
}

function figuresOf(strategy: Observed): [number, otel.Attributes][] {
  const { name, figures = {} } = strategy;
  try {
    const now = Object.entries(typeof figures === "function" ? figures.call(strategy) : figures);
    return now.slice(0, maxFigures).map(([figure, value]) => {
      return [value, { "strategy.name": name, "figure.name": figure }];
    });
  } catch (error) {
    otel.diag.warn(`${prefix}: figures of ${name}: ${messageOf(error)}`);
    return [];
  }
}

function listen<Event>(on: Channel<unknown, Event>, told: (event: Event) => void): () => void {
  const listener = (event: unknown): void => told(event as Event);
  subscribe(on.name, listener);
  return () => unsubscribe(on.name, listener);
}

function histogram(meter: otel.Meter, name: string): otel.Histogram {
  const advice = { explicitBucketBoundaries };
  return meter.createHistogram(`${prefix}.${name}`, { unit: "s", advice });
}

function resultOf(ok: boolean, cancelled: boolean): string {
  return ok ? "success" : cancelled ? "cancelled" : "failure";
}

type Labels = ReturnType<typeof labelsOf>;

/** Attributes with a bound on their values. */
function labelsOf({ keys = false, maxValues }: ObserveOptions) {
  const keyed = (attribute: string, pass = bounded(maxValues)) => {
    return (key?: string) => (keys && key !== undefined ? { [attribute]: pass(key) } : undefined);
  };
  return {
    keys,
    pipeline: bounded(maxValues),
    strategy: bounded(),
    event: bounded(),
    exception: bounded(),
    operation: keyed("operation.key"),
    instance: keyed("pipeline.instance"),
  };
}

/** The first `max` values pass, all others are one. */
function bounded(max: number = most): (value: string) => string {
  if (!(Number.isInteger(max) && max >= 1)) {
    throw new HomeostatError(
      "OPTION_INVALID",
      `observePolicies: maxValues must be 1 or more, got ${max}`,
    );
  }
  const known = new Set<string>();
  return (value) => {
    const short = value.slice(0, maxLength);
    if (known.size < max) known.add(short);
    return known.has(short) ? short : other;
  };
}

/** The code of an error, as ours and the system's have one; else its name. */
function typeOf(error: unknown): string {
  try {
    if (typeof error !== "object" || error === null) return typeof error;
    const { code, name } = error as { code?: unknown; name?: unknown };
    return typeof code === "string" ? code : String(name);
  } catch {
    return other; // a getter of the user's threw; telling of an error must not make another
  }
}
