// Synthetic checks: scenarios that use the app as its users do, each in its own beat, and what they found.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import {
  anything,
  atLeast,
  called,
  checkOptions,
  count,
  finiteAbove,
} from "../../policies/options.ts";
import type { Bus, Told } from "../parts/bus.ts";
import type { Check, CheckAnswer } from "../parts/health.ts";
import type { Stopping } from "../parts/stopping.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { endRuns, startBeat } from "./beat.ts";
import type { Fetch } from "./client.ts";
import {
  type Around,
  createEntry,
  type Entry,
  fresh,
  join,
  repeat,
  type ScenarioStatus,
} from "./roster.ts";
import type { Outcome } from "./run.ts";
import {
  isBaseUrl,
  type Scenario,
  type ScenarioOptions,
  type Settings,
  settle,
} from "./scenario.ts";

export type { Client, Fetch, RequestOptions } from "./client.ts";
export type { Fields } from "./form.ts";
export type { Inputs } from "./inputs.ts";
export type { Page, SubmitOptions } from "./page.ts";
export type { ScenarioStatus } from "./roster.ts";
export { markerHeader, type Outcome } from "./run.ts";
export type { Scenario, ScenarioContext, ScenarioOptions } from "./scenario.ts";

export interface SyntheticOptions extends Partial<Surroundings> {
  /** Where the app answers; a scenario may have its own. */
  readonly baseUrl: string;
  /** Sent to that origin with every request, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: Fetch;
  /** Hears `synthetic.failure` for each run that fails and `synthetic.recovered` for the end of it. */
  readonly bus?: Pick<Bus, "publish">;
  readonly stopping?: Pick<Stopping, "signal">;
  /** The first run of each comes at a random moment within so many milliseconds. Default 5,000. */
  readonly firstWithinMs?: number;
  /** From the start of a run to that of the next, where the scenario does not say. Default 300,000. */
  readonly everyMs?: number;
  /** A longer body is a failure; default 1 MiB. */
  readonly bodyBytesMax?: number;
}

export interface Synthetic extends AsyncDisposable {
  /** @throws OPTION_INVALID for a name that is taken or options that cannot be. */
  register(name: string, scenario: Scenario, options?: ScenarioOptions): Disposable;
  /** Each scenario runs in its own beat. Nothing of it keeps the process alive. */
  start(): void;
  /**
   * Ends the runs under way (they clean up, and count neither way) and waits for them at most
   * `limitMs` milliseconds, default 5,000. Answers with the names of those that have not ended.
   */
  stop(limitMs?: number): Promise<readonly string[]>;
  /**
   * Runs it now, beside its beat, or joins the run under way. With a `seed` it repeats the inputs of
   * an earlier run. A run that fails is an outcome; it does not throw.
   * @throws UNKNOWN_ID
   */
  run(name: string, options?: { readonly seed?: number }): Promise<Outcome>;
  status(): readonly ScenarioStatus[];
  /**
   * For health, and so for what verifies recoveries: answers with a run that begins after it is
   * asked, or with a success that began at most `maxAgeMs` ago (default 0: never). The check's time
   * has to be longer than that of the scenario, its cleanup and one run before it.
   */
  check(name: string, options?: { readonly maxAgeMs?: number }): Check;
}

const mostScenarios = 200;

export function createSynthetic(options: SyntheticOptions): Synthetic {
  check(options);
  const { clock, random, log } = surroundings(options);
  const { baseUrl, firstWithinMs = 5_000, headers = {}, bodyBytesMax = 1_048_576 } = options;
  const { everyMs = 300_000 } = options;
  const entries = new Map<string, Entry>();
  let started: AbortController | undefined;
  const ended = (entry: Entry, outcome: Outcome, before: ScenarioStatus): void =>
    tell(entry, outcome, before, { log, bus: options.bus });
  const send = options.fetch ?? ((url, init) => fetch(url, init));
  const around: Around = { clock, random, log, fetch: send, headers, bodyBytesMax, ended };

  const find = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry) return entry;
    throw new HomeostatError("UNKNOWN_ID", `there is no scenario "${name}"`);
  };

  const begin = (entry: Entry): void => {
    if (!started) return;
    const signal = AbortSignal.any([started.signal, entry.removed.signal]);
    startBeat(entry, around, signal, firstWithinMs);
  };
  const stop: Synthetic["stop"] = async (limitMs = 5_000) => {
    started?.abort();
    started = undefined;
    const left = await endRuns(entries.values(), limitMs, clock);
    if (left.length > 0) log.warn(`synthetic: left running: ${left.join(", ")}`);
    return left;
  };
  options.stopping?.signal.addEventListener("abort", () => void stop(), { once: true });

  return {
    register: (name, scenario, given = {}) => {
      const entry = admitted(entries, name, scenario, settle(name, { everyMs, ...given }, baseUrl));
      entries.set(name, entry);
      begin(entry);
      return { [Symbol.dispose]: () => remove(entries, entry) };
    },
    start: () => {
      if (started || options.stopping?.signal.aborted) return;
      started = new AbortController();
      for (const entry of entries.values()) begin(entry);
    },
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
    run: async (name, { seed } = {}) => {
      const entry = find(name);
      // Somebody waits for the outcome: the process may not end before it.
      const hold = new AbortController();
      clock.sleep(holdMs, hold.signal).catch(() => {});
      const outcome = seed === undefined ? join(entry, around) : repeat(entry, around, seed);
      return outcome.finally(() => hold.abort());
    },
    status: () => [...entries.values()].map(statusOf),
    check: (name, { maxAgeMs = 0 } = {}) => {
      find(name);
      return () => answer(find(name), around, maxAgeMs);
    },
  };
}

/** Longer than any run takes. */
const holdMs = 86_400_000;

function statusOf({ status, run }: Entry): ScenarioStatus {
  return { ...status, running: run !== undefined && (run.pending || run.stuck) };
}

async function answer(entry: Entry, around: Around, maxAgeMs: number): Promise<CheckAnswer> {
  const ageMs = around.clock.now() - entry.startedAtMs;
  const known = !entry.run?.pending && maxAgeMs > 0 && ageMs <= maxAgeMs ? entry.last : undefined;
  const { ok, reason } = known?.ok ? known : await fresh(entry, around);
  return ok || { status: "unhealthy", reason: reason ?? "it failed" };
}

function admitted(
  entries: ReadonlyMap<string, Entry>,
  name: string,
  scenario: Scenario,
  settings: Settings,
): Entry {
  if (typeof scenario !== "function") refuse(`scenario "${name}" is not a function`);
  if (entries.has(name)) refuse(`there is a scenario "${name}" already`);
  if (entries.size >= mostScenarios) refuse(`there are ${mostScenarios} scenarios already`);
  return createEntry(name, scenario, settings);
}

function remove(entries: Map<string, Entry>, entry: Entry): void {
  if (entries.get(entry.name) === entry) entries.delete(entry.name);
  entry.removed.abort(new HomeostatError("CANCELLED", "the scenario was taken out"));
  entry.run?.cancel();
}

/** Loud for the first failure of a row and for its end; a failure that persists is told more softly. */
function tell(
  { name, settings }: Entry,
  outcome: Outcome,
  before: ScenarioStatus,
  { log, bus }: { readonly log: Surroundings["log"]; readonly bus: SyntheticOptions["bus"] },
): void {
  const { seed, traceId, latencyMs, reason } = outcome;
  const source = name;
  const publish = (event: Told): void => {
    try {
      bus?.publish(event);
    } catch (error) {
      log.error(`synthetic ${name}: ${event.type} could not be told: ${messageOf(error)}`, {
        error,
      });
    }
  };
  if (!outcome.ok) {
    const inRow = before.failuresInRow + 1;
    const fields = { seed, trace: traceId, inRow, requests: outcome.requests };
    log[inRow === 1 ? "error" : "warn"](`synthetic ${name} failed: ${reason}`, fields);
    const data = { ...outcome, error: undefined, inRow };
    publish({ type: "synthetic.failure", source, severity: settings.severity, data });
  } else if (before.status === "unhealthy") {
    log.info(`synthetic ${name} works again`, { trace: traceId, latencyMs });
    publish({ type: "synthetic.recovered", source, data: { failures: before.failuresInRow } });
  } else {
    log.debug(`synthetic ${name} passed`, { trace: traceId, latencyMs });
  }
}

function check(options: SyntheticOptions): void {
  checkOptions<SyntheticOptions>("synthetic", options, {
    baseUrl: isBaseUrl,
    headers: anything,
    fetch: called,
    bus: anything,
    stopping: anything,
    firstWithinMs: atLeast(0),
    everyMs: finiteAbove(0),
    bodyBytesMax: count(1),
    clock: anything,
    random: called,
    log: anything,
  });
  if (options.baseUrl === undefined) refuse("synthetic: baseUrl is missing");
}

function refuse(message: string): never {
  throw new HomeostatError("OPTION_INVALID", message);
}
