// What tuning is told, and what it tells.
import { HomeostatError } from "../../kernel/errors.ts";
import {
  anything,
  atLeast,
  called,
  checkOptions,
  count,
  finiteAbove,
  flag,
  oneOf,
  share,
} from "../../policies/options.ts";
import type { Bus } from "../parts/bus.ts";
import type { Kept } from "../parts/kept.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { Bounds } from "./climb.ts";
import type { Comparison } from "./compare.ts";

export interface TuningOptions extends Partial<Surroundings> {
  /** Whether the app is well; while it is not, nothing is changed and what is on trial is put back. */
  readonly guard?: () => boolean;
  /** Milliseconds after the start in which nothing is changed: caches fill, code warms. Default 120,000. */
  readonly startMs?: number;
  /** Where the best values outlive this process: `createStateFile(path).section("tuning")`. */
  readonly kept?: Kept;
  /** Hears `tuning.changed` and `tuning.rolled_back`. */
  readonly bus?: Pick<Bus, "publish">;
  readonly stopping?: Pick<Stopping, "onStop">;
}

/** One number of the app that may be changed while it runs. */
export interface Setting extends Bounds {
  /** What it is now, as it is configured. */
  readonly value: number;
  readonly apply: (value: number) => unknown;
  /** The objective now, such as a latency or a throughput; undefined when there is none. */
  readonly measure: () => number | undefined;
  readonly better: "higher" | "lower";
  /** Milliseconds between two measurements; default 2,000. */
  readonly everyMs?: number;
  /** Milliseconds from a change to the first measurement that counts; default 10,000. */
  readonly settleMs?: number;
  /** Measurements of one window; default 30. */
  readonly samples?: number;
  /** The share by which it has to be better to be worth a change; default 0.05. */
  readonly leastEffect?: number;
  /** Milliseconds without a try when nothing helped; doubled each time, to 6 hours. Default 600,000. */
  readonly restMs?: number;
  readonly guard?: () => boolean;
}

export type ChangeReason = "try" | "proved" | "remembered";
export type RollbackReason =
  | "no better"
  | "look again"
  | "not confirmed"
  | "interrupted"
  | "failed";

/** The data of the events: what decided, where something was measured. */
export interface TuningTold extends Partial<Comparison> {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly why: ChangeReason | RollbackReason;
}

export interface SettingStatus {
  readonly name: string;
  /** In force; `best` is what it goes back to. */
  readonly value: number;
  readonly best: number;
  readonly state: "waiting" | "measuring" | "on trial" | "resting" | "frozen";
  /** Changes that stayed, and tries that did not help. */
  readonly changes: number;
  readonly rollbacks: number;
  /** What the last try was decided by. */
  readonly last?: Comparison;
}

export interface Tuning extends AsyncDisposable {
  /** @throws OPTION_INVALID */
  register(name: string, setting: Setting): Disposable;
  start(): void;
  /** Puts back what is on trial. Never throws. */
  stop(): Promise<void>;
  /** Changes nothing and puts back what is on trial, until all that froze it are disposed of. */
  freeze(why: string): Disposable;
  list(): readonly SettingStatus[];
}

export type FullSetting = Setting &
  Required<Pick<Setting, "everyMs" | "settleMs" | "samples" | "leastEffect" | "restMs">>;

export function checkTuning(options: TuningOptions): void {
  checkOptions<TuningOptions>("tuning", options, {
    ...{ clock: anything, random: anything, log: anything, kept: anything, bus: anything },
    ...{ stopping: anything, guard: called, startMs: atLeast(0) },
  });
}

/** @throws OPTION_INVALID */
export function settingOf(name: string, given: Setting): FullSetting {
  const who = `tuning "${name}"`;
  const wrong = (what: string): never => {
    throw new HomeostatError("OPTION_INVALID", `${who}: ${what}`);
  };
  if (!/^[\w.:/-]{1,100}$/.test(name)) wrong("a name is 1 to 100 letters, digits and _ . : / -");
  checkOptions<Setting>(who, given, rules);
  const { value, min, max, step, factor, whole } = given;
  if (!(min < max)) wrong(`min has to be below max, got ${min} and ${max}`);
  if (!(value >= min && value <= max)) wrong(`value ${value} is not within ${min} and ${max}`);
  if ((step === undefined) === (factor === undefined)) wrong("give either step or factor");
  if (factor !== undefined && min <= 0) wrong("a factor needs a min above 0");
  if (whole && ![value, min, max].every(Number.isInteger))
    wrong("value, min and max must be whole");
  const usual = { everyMs: 2_000, settleMs: 10_000, samples: 30, leastEffect: 0.05 };
  return { ...usual, restMs: 600_000, ...given };
}

const finite = (value: unknown): string | undefined =>
  Number.isFinite(value) ? undefined : "a number";

const rules = {
  ...{ value: finite, min: finite, max: finite, step: finiteAbove(0), factor: finiteAbove(1) },
  ...{ whole: flag, apply: called, measure: called, guard: called },
  better: oneOf("higher", "lower"),
  ...{ everyMs: finiteAbove(0), settleMs: atLeast(0), restMs: finiteAbove(0) },
  samples: count(5, 10_000),
  leastEffect: share,
};
