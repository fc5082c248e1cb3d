// What a watched metric can be told, and what it tells.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Bus, Severity } from "../parts/bus.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { Judge } from "./judge-metric.ts";
import type { Kept } from "./state-file.ts";

export interface MetricWatchOptions extends Partial<Surroundings> {
  readonly bus: Bus;
  readonly name: string;
  /** Undefined when there is no value now: that is neither good nor bad. */
  readonly read: () => number | undefined | Promise<number | undefined>;
  readonly judge: Judge;
  /** Milliseconds between two looks; default 5,000. */
  readonly everyMs?: number;
  /** Bad looks in a row before it is told; default 3. */
  readonly badLooks?: number;
  /** Good looks in a row before it is well again; default 3. */
  readonly goodLooks?: number;
  /** Values that are remembered; default 60. */
  readonly pastMax?: number;
  /** Default `metric.NAME.failure`. */
  readonly type?: string;
  /** Default "critical". */
  readonly severity?: Severity;
  /** Milliseconds before a metric that stays bad is told again; doubled each time up to an hour. Default 60,000. */
  readonly cooldownMs?: number;
  /** Where the waits outlive this process: `createStateFile(path).section("metric NAME")`. */
  readonly kept?: Kept;
  /** It ends with the app. */
  readonly stopping?: Pick<Stopping, "signal">;
}

/** The data of the event. */
export interface MetricTold {
  readonly value: number;
  readonly limit: number;
  readonly text: string;
  /** Values before it, the oldest first. */
  readonly past: readonly number[];
  /** Milliseconds since the first bad look. */
  readonly forMs: number;
}

export interface MetricWatch extends Disposable {
  readonly name: string;
  /** The type of the event that is told. */
  readonly type: string;
  readonly state: "no-value" | "good" | "bad";
  /** Why it is bad. */
  readonly reason: string | undefined;
  readonly value: number | undefined;
  /** Reads and judges now; true when the value is good. What a recovery is verified by. */
  isGood(): Promise<boolean>;
}

/** The numbers when nothing is said. */
export const usual: Readonly<Numbers> = {
  everyMs: 5_000,
  badLooks: 3,
  goodLooks: 3,
  pastMax: 60,
  cooldownMs: 60_000,
};

interface Numbers {
  everyMs: number;
  badLooks: number;
  goodLooks: number;
  pastMax: number;
  cooldownMs: number;
}

export type MetricSettings = MetricWatchOptions & Readonly<Numbers>;

/** @throws OPTION_INVALID for a number that cannot be, or a judge that could never say anything. */
export function metricSettings(given: MetricWatchOptions): MetricSettings {
  for (const name of ["read", "judge"] as const) {
    if (typeof given[name] === "function") continue;
    throw new HomeostatError("OPTION_INVALID", `metric ${given.name}: ${name} must be a function`);
  }
  const options = { ...usual, ...given };
  const wrong = Object.keys(usual).filter((name) => {
    const value = options[name as keyof Numbers];
    return !(typeof value === "number" && value >= 1);
  });
  const { name, judge, pastMax } = options;
  if (wrong.length > 0) {
    const what = `metric ${name}: ${wrong.join(", ")} must be 1 or more`;
    throw new HomeostatError("OPTION_INVALID", what);
  }
  const { warmUp = 0 } = judge;
  if (warmUp <= pastMax) return options;
  const what = `metric ${name}: its judge needs ${warmUp} values before it says anything, and pastMax is ${pastMax}`;
  throw new HomeostatError("OPTION_INVALID", what);
}
