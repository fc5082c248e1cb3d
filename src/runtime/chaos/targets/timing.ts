// What every ready-made target may be told of when it is disrupted, and for how long.
import { finiteAbove } from "../../../policies/options.ts";
import type { Target } from "../target.ts";

export type Timing = Pick<Target, "meanIntervalMs" | "meanDurationMs" | "limitMs">;

export const timingRules: Readonly<Record<keyof Timing, ReturnType<typeof finiteAbove>>> = {
  meanIntervalMs: finiteAbove(0),
  meanDurationMs: finiteAbove(0),
  limitMs: finiteAbove(0),
};
