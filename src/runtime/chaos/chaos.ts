// Chaos: disrupts registered targets at random times and takes every disruption back exactly.
import { HomeostatError } from "../../kernel/errors.ts";
import { anything, checkOptions, count, flag, named } from "../../policies/options.ts";
import type { Strategy } from "../../policies/strategy.ts";
import type { Bus } from "../parts/bus.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { disrupt, recover, type Stage } from "./acts.ts";
import { createEngine } from "./engine.ts";
import { createFault, type FaultOptions } from "./fault.ts";
import type { Gate, Locks } from "./gate.ts";
import type { Left } from "./journal.ts";
import { adopt } from "./left.ts";
import type { Processes } from "./owner.ts";
import {
  createEntry,
  type Entry,
  refuse,
  statusOf,
  type Target,
  type TargetStatus,
} from "./target.ts";

export type { FaultOptions } from "./fault.ts";
export { decide, type Gate, type Locks } from "./gate.ts";
export type { Json } from "./journal.ts";
export type { Recovery, Target, TargetState, TargetStatus } from "./target.ts";

export interface ChaosOptions extends Partial<Surroundings>, Locks {
  /**
   * Where is written what is disrupted, before and after. Without it a crash of this process leaves
   * its disruptions in place. Each process needs its own.
   */
  readonly journalFile?: string;
  /** So many targets are disrupted at the same time; default 1. */
  readonly atOnceMax?: number;
  /** Hears `chaos.disrupted`, `chaos.recovered` and `chaos.recovery_failed`. */
  readonly bus?: Pick<Bus, "publish">;
  readonly processes?: Processes;
}

export interface Chaos extends AsyncDisposable {
  /** @throws OPTION_INVALID, also for a target without `recover` that is not `irreversible`. */
  register(name: string, target: Target): Disposable;
  /**
   * A target that injects faults into the calls of a pipeline while it is disrupted. The answer goes
   * into the pipeline, last: `pipeline({ name, chaos: chaos.fault("slow-payments", …) })`.
   */
  fault<Adds = never>(name: string, options: FaultOptions<Adds>): Strategy<Awaited<Adds>>;
  /**
   * First takes back what a process before this one left, whether or not chaos is armed; then, if it
   * is, begins. Never throws: a journal that cannot be used is logged, and nothing is disrupted.
   */
  start(): Promise<void>;
  /** Takes everything back, the last disruption first; answers with the names of what failed. */
  stop(): Promise<readonly string[]>;
  /** Disrupts a target now, until `recoverNow` or `stop`. @throws FORBIDDEN while the gate is closed. */
  disruptNow(name: string): Promise<void>;
  recoverNow(name: string): Promise<boolean>;
  readonly gate: Gate;
  /** Of targets that are not registered too: what an earlier process left and nobody could undo. */
  readonly left: readonly Left[];
  status(): readonly TargetStatus[];
}

const mostTargets = 200;

export function createChaos(options: ChaosOptions = {}): Chaos {
  checkOptions<ChaosOptions>("chaos", options, rules);
  const { clock, random, log } = surroundings(options);
  const { atOnceMax = 1, bus, journalFile, processes } = options;
  const entries = new Map<string, Entry>();
  const locks: Locks = { armed: options.armed === true, production: options.production === true };
  const around = { clock, log, bus, random, locks };
  const engine = createEngine({ ...around, journalFile, processes, atOnceMax, entries });
  const { stage, gate } = engine;

  const find = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry) return entry;
    throw new HomeostatError("UNKNOWN_ID", `there is no chaos target "${name}"`);
  };
  const register: Chaos["register"] = (name, target) => {
    const entry = createEntry(name, target);
    if (entries.has(name)) refuse(`there is a chaos target "${name}" already`);
    if (entries.size >= mostTargets) refuse(`there are ${mostTargets} chaos targets already`);
    entries.set(name, entry);
    if (engine.running && adopt(entry, stage)) void recover(entry, stage);
    engine.begin(entry);
    return { [Symbol.dispose]: () => void remove(entries, entry, stage) };
  };

  return {
    register,
    fault: (name, given) => {
      const { strategy, target } = createFault(name, given, { clock, random, gate });
      register(name, target);
      return strategy;
    },
    start: engine.start,
    stop: engine.stop,
    [Symbol.asyncDispose]: async () => void (await engine.stop()),
    disruptNow: async (name) => {
      const entry = find(name);
      const { open, reason } = gate();
      const { running } = engine;
      if (!running || !open) {
        throw new HomeostatError(
          "FORBIDDEN",
          `chaos is off: ${open ? "it is not started" : reason}`,
        );
      }
      if (entry.state !== "calm") refuse(`chaos target "${name}" is ${entry.state}`);
      await disrupt(entry, stage, running);
    },
    recoverNow: (name) => recover(find(name), stage),
    get gate() {
      return gate();
    },
    get left() {
      return stage.journal().left.filter(({ target }) => !entries.has(target));
    },
    status: () => [...entries.values()].map(statusOf),
  };
}

async function remove(entries: Map<string, Entry>, entry: Entry, stage: Stage): Promise<void> {
  entry.removed.abort(new HomeostatError("CANCELLED", "the target was taken out"));
  await recover(entry, stage);
  if (entries.get(entry.name) === entry) entries.delete(entry.name);
}

const rules = {
  clock: anything,
  random: anything,
  log: anything,
  armed: flag,
  production: flag,
  journalFile: named,
  atOnceMax: count(1),
  bus: anything,
  processes: anything,
};
