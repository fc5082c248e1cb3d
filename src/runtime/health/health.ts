// The health of the app: checks run beside one another, each at its own pace, and what they found.
import { HomeostatError } from "../../kernel/errors.ts";
import { atLeast, checkOptions } from "../../policies/options.ts";
import type { HealthView } from "../parts/health.ts";
import type { Stopping } from "../parts/stopping.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { createChanges, type HealthChange, once } from "./changes.ts";
import type { Known } from "./judge.ts";
import { createRoster, type Entry, type Roster, schedule } from "./roster.ts";
import type { AnyCheck } from "./run.ts";
import type { Kind, RegisterOptions } from "./settings.ts";
import { type CheckState, isWell } from "./state.ts";
import { type Summary, type SummaryKind, summarize } from "./summary.ts";
import { createTicker } from "./ticker.ts";
import type { Watched } from "./watch.ts";

export type { HealthChange } from "./changes.ts";
export type { AnyCheck } from "./run.ts";
export type { Kind, RegisterOptions } from "./settings.ts";
export type { CheckState } from "./state.ts";
export type { Summary, SummaryKind } from "./summary.ts";

export interface HealthOptions extends Partial<Surroundings> {
  /** The first run of each check comes at a random moment within so many milliseconds. Default 500. */
  readonly firstWithinMs?: number;
  /** When the app begins to stop, the checks end and it is not ready. */
  readonly stopping?: Pick<Stopping, "signal">;
}

export interface Health extends HealthView, Disposable {
  /**
   * Adds a check. It runs in its interval once `start` was called; a check that is Disposable is
   * disposed with its registration.
   * @throws OPTION_INVALID for a bad name or option, a name that is taken, a dependency that is not
   * registered yet.
   */
  register(name: string, check: AnyCheck, options?: RegisterOptions): Disposable;
  /** Begins to run the checks. Nothing of it keeps the process alive. */
  start(): void;
  /** Ends the runs under way; what is known stays, and grows old. */
  stop(): void;
  /** Hears of each change of a status. */
  onChange(listener: (change: HealthChange) => void): Disposable;
  /** Whether every critical check is healthy or degraded. */
  readonly healthy: boolean;
  summary(kind: SummaryKind): Summary;
  /**
   * Takes the app out of traffic until the answer is disposed, whatever its checks say. `starting`: it
   * has not started either.
   */
  unready(reason: string, options?: { readonly starting?: boolean }): Disposable;
  /** @throws UNKNOWN_ID when there is no check of this name. */
  check(name: string): Promise<CheckState>;
  list(): readonly CheckState[];
}

/** Usable alone; see {@link Health}. */
export function createHealth(options: HealthOptions = {}): Health {
  const { clock, random, log } = surroundings(options);
  checkOptions("health", { firstWithinMs: options.firstWithinMs }, { firstWithinMs: atLeast(0) });
  const firstWithinMs = options.firstWithinMs ?? 500;
  const ticker = createTicker(clock);
  const changes = createChanges(log);
  const gate = createGate();
  let running = false;

  const looked = ({ name, known, state }: Watched, before: Known): void => {
    if (known.status !== before.status) {
      changes.tell({ name, from: before.status, to: known.status, check: state() });
    }
    if (running) lookOnward(roster, name, known, before);
  };
  const roster = createRoster({ clock, ticker, log, looked });

  const first = (entry: Entry): void => {
    const { intervalMs } = entry.watched.settings;
    schedule(ticker, entry, random() * Math.min(firstWithinMs, intervalMs));
  };
  const start = (): void => {
    if (running || options.stopping?.signal.aborted) return;
    running = true;
    for (const entry of roster.entries.values()) first(entry);
  };
  const stop = (): void => {
    running = false;
    for (const { unschedule, watched } of roster.entries.values()) {
      unschedule();
      watched.cancel();
    }
  };
  whenAborted(options.stopping?.signal, () => {
    gate.close("the app is stopping");
    stop();
  });

  const summary = (kind: SummaryKind): Summary => {
    const checks = states(roster, kind === "health" ? undefined : kind);
    return summarize(kind, { checks, away: gate.reasons(kind), started: roster.started });
  };

  return {
    register: (name, check, given = {}) =>
      roster.add(name, check, given, (entry) => {
        if (running) first(entry);
      }),
    start,
    stop,
    [Symbol.dispose]: stop,
    onChange: changes.on,
    get healthy() {
      return summary("health").ok;
    },
    summary,
    unready: gate.close,
    statusOf: (name) => roster.find(name)?.state().status ?? "unknown",
    check: async (name) => {
      const watched = roster.find(name);
      if (!watched) throw new HomeostatError("UNKNOWN_ID", `there is no health check "${name}"`);
      // Somebody waits for the answer: the process may not end before it.
      const hold = new AbortController();
      clock.sleep(holdMs, hold.signal).catch(() => {});
      await watched.look().finally(() => hold.abort());
      return watched.state();
    },
    list: () => states(roster),
  };
}

/** Longer than any look takes. */
const holdMs = 86_400_000;

function states({ entries }: Roster, kind?: Kind): readonly CheckState[] {
  return [...entries.values()]
    .filter(({ watched }) => kind === undefined || watched.settings.kinds.includes(kind))
    .map(({ watched }) => watched.state());
}

/** What depends on `name` need not wait for its own next turn to hear of its fall or return. */
function lookOnward({ entries }: Roster, name: string, known: Known, before: Known): void {
  const well = isWell(known.status) && known.failures === 0;
  const fell = known.status !== before.status && !isWell(known.status);
  for (const { watched } of entries.values()) {
    const waits = well && watched.known.blockedBy === name;
    if (waits || (fell && watched.settings.dependsOn.includes(name))) void watched.look();
  }
}

interface Gate {
  close: Health["unready"];
  reasons(kind: SummaryKind): readonly string[];
}

/** What keeps traffic away besides the checks. */
function createGate(): Gate {
  const closed = new Map<symbol, { readonly reason: string; readonly starting: boolean }>();
  return {
    close: (reason, { starting = false } = {}) => {
      const key = Symbol();
      closed.set(key, { reason, starting });
      return once(() => closed.delete(key));
    },
    reasons: (kind) =>
      [...closed.values()]
        .filter(({ starting }) => kind === "ready" || (kind === "startup" && starting))
        .map(({ reason }) => reason),
  };
}

function whenAborted(signal: AbortSignal | undefined, work: () => void): void {
  if (signal?.aborted) work();
  else signal?.addEventListener("abort", work, { once: true });
}
