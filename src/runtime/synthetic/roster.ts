// The registered scenarios, what is known of each, and the one run that each may have at a time.
import { HomeostatError } from "../../kernel/errors.ts";
import { seedFrom } from "./inputs.ts";
import { type Outcome, type Run, type RunOptions, startRun } from "./run.ts";
import type { Scenario, Settings } from "./scenario.ts";

export interface ScenarioStatus {
  readonly name: string;
  readonly status: "unknown" | "healthy" | "unhealthy";
  readonly running: boolean;
  readonly runs: number;
  readonly successes: number;
  readonly failures: number;
  /** Failures since the last success. */
  readonly failuresInRow: number;
  /** ISO 8601, the start of the last run that has ended. */
  readonly lastRunAt?: string;
  readonly lastSuccessAt?: string;
  readonly lastFailure?: Outcome;
  /** Milliseconds of the last run, without its cleanup. */
  readonly latencyMs?: number;
}

export interface Entry {
  readonly name: string;
  readonly scenario: Scenario;
  readonly settings: Settings;
  /** Ends its beat, and what of it is under way, for good. */
  readonly removed: AbortController;
  /** On the monotonic clock, of the last run that began, or would have if it could. */
  startedAtMs: number;
  last?: Outcome;
  run?: Run;
  next?: Promise<Outcome>;
  status: ScenarioStatus;
}

export type Around = Omit<RunOptions, "name" | "scenario" | "settings" | "seed"> & {
  /** Hears of each run that was not cancelled. */
  readonly ended: (entry: Entry, outcome: Outcome, before: ScenarioStatus) => void;
};

export function createEntry(name: string, scenario: Scenario, settings: Settings): Entry {
  const status: ScenarioStatus = {
    name,
    status: "unknown",
    running: false,
    runs: 0,
    successes: 0,
    failures: 0,
    failuresInRow: 0,
  };
  const removed = new AbortController();
  return { name, scenario, settings, removed, startedAtMs: Number.NEGATIVE_INFINITY, status };
}

/** Begins a run, or answers with the one under way. */
export function join(entry: Entry, around: Around): Promise<Outcome> {
  return entry.run?.pending ? entry.run.outcome : begin(entry, around);
}

/** A run that begins after now; all who ask while another is under way share the next. */
export function fresh(entry: Entry, around: Around): Promise<Outcome> {
  if (!entry.run?.pending) return begin(entry, around);
  entry.next ??= entry.run.outcome.then((outcome) => {
    delete entry.next;
    return outcome.cancelled ? outcome : join(entry, around);
  });
  return entry.next;
}

/** A run with this seed, when those under way and asked for are over. */
export async function repeat(entry: Entry, around: Around, seed: number): Promise<Outcome> {
  while (entry.run?.pending) await entry.run.outcome;
  return begin(entry, around, seed);
}

async function begin(entry: Entry, around: Around, seed?: number): Promise<Outcome> {
  const { name, scenario, settings, removed } = entry;
  if (removed.signal.aborted) {
    throw new HomeostatError("UNKNOWN_ID", `scenario "${name}" is not registered any more`);
  }
  entry.startedAtMs = around.clock.now();
  if (entry.run?.stuck && entry.last) {
    const agoMs = Math.round(entry.startedAtMs - entry.run.startedAtMs);
    return settled(entry, around, stuck(entry.last, agoMs));
  }
  const run = startRun({
    ...around,
    name,
    scenario,
    settings,
    seed: seed ?? seedFrom(around.random),
  });
  entry.run = run;
  return settled(entry, around, await run.outcome);
}

function stuck(last: Outcome, agoMs: number): Outcome {
  const { seed, traceId } = last;
  const where = `(seed ${seed}, trace ${traceId})`;
  const reason = `has not come back since it began ${agoMs} ms ago: it does not heed its signal ${where}`;
  return { ...last, ok: false, cancelled: false, reason };
}

function settled(entry: Entry, around: Around, outcome: Outcome): Outcome {
  entry.last = outcome;
  if (outcome.cancelled) return outcome;
  const before = entry.status;
  const { runs, successes, failures, failuresInRow } = before;
  entry.status = {
    ...before,
    status: outcome.ok ? "healthy" : "unhealthy",
    runs: runs + 1,
    successes: successes + (outcome.ok ? 1 : 0),
    failures: failures + (outcome.ok ? 0 : 1),
    failuresInRow: outcome.ok ? 0 : failuresInRow + 1,
    lastRunAt: outcome.startedAt,
    latencyMs: outcome.latencyMs,
    ...(outcome.ok ? { lastSuccessAt: outcome.startedAt } : { lastFailure: outcome }),
  };
  around.ended(entry, outcome, before);
  return outcome;
}
