// The rules that tell before memory, descriptors or a disk run out.
import type { DetectorRule } from "../controller/sense.ts";
import { type ForecastOptions, forecast } from "../detectors/forecast/forecast.ts";
import type { Limits } from "../model/policy.ts";
import { type Metric, metrics } from "../model/reading.ts";
import { labelsOf } from "../model/series.ts";
import { aheadMsDefault } from "./resolve-ahead.ts";

export function exhaustionRules({ aheadMs, memoryBytes }: Limits): readonly DetectorRule[] {
  if (aheadMs === undefined) return [];
  const horizonMs = aheadMs;
  const beside = metrics.fdsMost.name;
  const fds = rule("descriptors-forecast", "instance", metrics.fds, {
    ...{ label: "open descriptors", limit: { metric: beside }, horizonMs },
  });
  const rules: DetectorRule[] = [{ ...fds, beside }];
  if (memoryBytes !== undefined) {
    const options = { label: "memory", limit: memoryBytes, horizonMs };
    rules.push(rule("memory-forecast", "instance", metrics.rss, options));
  }
  return rules;
}

/** Nobody fills the last of a machine without being slow long before that. */
const hostShare = 0.98;
const ofHost = { limit: hostShare, horizonMs: aheadMsDefault };
const ofDisk = { ...ofHost, label: (metric: string): string => mountOf("disk", metric) };
const ofInodes = { ...ofHost, label: (metric: string): string => mountOf("inodes", metric) };

/** Of the machine: told, and mended by nobody but people. */
export const hostRules: readonly DetectorRule[] = [
  { ...rule("disk-forecast", "service", metrics.hostDisk, ofDisk), labelled: true },
  { ...rule("inodes-forecast", "service", metrics.hostInodes, ofInodes), labelled: true },
  rule("memory-forecast", "service", metrics.hostMemory, {
    ...ofHost,
    label: "memory of the machine",
  }),
  rule("group-memory-forecast", "service", metrics.groupMemory, {
    ...{ ...ofHost, label: "memory of the group" },
  }),
  rule("descriptors-forecast", "service", metrics.hostFdsUsed, {
    ...{ ...ofHost, label: "descriptors of the machine" },
  }),
];

function rule(
  name: string,
  of: DetectorRule["of"],
  { name: metric }: Metric,
  options: ForecastOptions,
): DetectorRule {
  return { name, metric, of, detector: forecast(options) };
}

function mountOf(what: string, metric: string): string {
  return `${what} ${labelsOf(metric).mount ?? ""}`.trim();
}
