// The report of an app as it came over the wire, checked field by field.
import {
  type AppReport,
  type BreakerReport,
  type CheckReport,
  type FeatureReport,
  type LinkStatus,
  linkFiguresMax,
  linkListMax,
  type RecoveryReport,
  type WatchedReport,
} from "./link.ts";
import {
  amount,
  fields,
  flag,
  list,
  maybe,
  mismatch,
  moment,
  sentence,
  text,
  whole,
  word,
} from "./shape.ts";

const statuses: readonly LinkStatus[] = ["unknown", "healthy", "degraded", "unhealthy"];
const breakerStates: readonly BreakerReport["state"][] = ["closed", "open", "half-open"];
const recoveryStates: readonly RecoveryReport["state"][] = [
  "running",
  "queued",
  "waiting",
  "given-up",
  "quiet",
];

/** @throws WIRE_SHAPE */
export function parseReport(value: unknown, at: string): AppReport {
  const raw = fields(value, at);
  const listed = <T>(key: string, item: (value: unknown, at: string) => T): T[] =>
    list(raw[key], `${at}.${key}`, linkListMax, item);
  return {
    status: word(raw.status, `${at}.status`, statuses),
    ...maybe("reason", raw.reason, at, sentence),
    live: flag(raw.live, `${at}.live`),
    ready: flag(raw.ready, `${at}.ready`),
    started: flag(raw.started, `${at}.started`),
    stopping: flag(raw.stopping, `${at}.stopping`),
    logLevel: text(raw.logLevel, `${at}.logLevel`),
    level: whole(raw.level, `${at}.level`, 0, 9),
    checks: listed("checks", check),
    features: listed("features", feature),
    breakers: listed("breakers", breaker),
    watched: listed("watched", watched),
    recoveries: listed("recoveries", recovery),
    commands: listed("commands", text),
    left: whole(raw.left, `${at}.left`),
    figures: figures(raw.figures, `${at}.figures`),
  };
}

function check(value: unknown, at: string): CheckReport {
  const raw = fields(value, at);
  return {
    name: text(raw.name, `${at}.name`),
    status: word(raw.status, `${at}.status`, statuses),
    critical: flag(raw.critical, `${at}.critical`),
    ...maybe("reason", raw.reason, at, sentence),
    since: moment(raw.since, `${at}.since`),
    ...maybe("latencyMs", raw.latencyMs, at, anyAmount),
  };
}

function feature(value: unknown, at: string): FeatureReport {
  const raw = fields(value, at);
  return {
    name: text(raw.name, `${at}.name`),
    available: flag(raw.available, `${at}.available`),
    why: sentence(raw.why, `${at}.why`),
    ...maybe("override", raw.override, at, (state, where) =>
      word(state, where, ["on", "off"] as const),
    ),
  };
}

function breaker(value: unknown, at: string): BreakerReport {
  const raw = fields(value, at);
  return {
    name: text(raw.name, `${at}.name`),
    state: word(raw.state, `${at}.state`, breakerStates),
    isolated: flag(raw.isolated, `${at}.isolated`),
  };
}

function watched(value: unknown, at: string): WatchedReport {
  const raw = fields(value, at);
  return {
    id: text(raw.id, `${at}.id`),
    kind: text(raw.kind, `${at}.kind`),
    state: text(raw.state, `${at}.state`),
    restarts: whole(raw.restarts, `${at}.restarts`),
    ...maybe("lastLoss", raw.lastLoss, at, sentence),
  };
}

function recovery(value: unknown, at: string): RecoveryReport {
  const raw = fields(value, at);
  return {
    type: text(raw.type, `${at}.type`),
    source: text(raw.source, `${at}.source`),
    state: word(raw.state, `${at}.state`, recoveryStates),
    failures: whole(raw.failures, `${at}.failures`),
  };
}

function figures(value: unknown, at: string): Readonly<Record<string, number>> {
  const entries = Object.entries(fields(value, at));
  if (entries.length > linkFiguresMax) {
    mismatch(at, `at most ${linkFiguresMax} figures`, entries.length);
  }
  for (const [name, figure] of entries) {
    text(name, `a name in ${at}`);
    // JSON has no other numbers, but 1e999 is read as one that is not finite.
    if (!Number.isFinite(figure)) mismatch(`${at}.${name}`, "a finite number", figure);
  }
  return Object.fromEntries(entries) as Record<string, number>;
}

function anyAmount(value: unknown, at: string): number {
  return amount(value, at, Number.MAX_VALUE);
}
