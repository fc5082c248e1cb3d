// How far ahead a service is told that something runs out, and how much memory it has.
import type { Limits } from "../model/policy.ts";
import type { ServiceConfig } from "./config.ts";
import { ms } from "./defaults.ts";
import { resourcesOf } from "./process.ts";

export const aheadMsDefault: number = 4 * 3_600_000;

export function toAhead(config: ServiceConfig): Pick<Limits, "aheadMs" | "memoryBytes"> {
  const aheadMs = ms(config.limits?.ahead, aheadMsDefault);
  const { memoryMiB } = config.limits ?? {};
  const ends = [
    memoryMiB === undefined ? undefined : memoryMiB * 1_048_576,
    resourcesOf(config)?.memoryBytes,
  ].filter((it) => it !== undefined);
  return {
    ...(aheadMs === 0 ? {} : { aheadMs }),
    ...(ends.length === 0 ? {} : { memoryBytes: Math.min(...ends) }),
  };
}
