// What the options of features must be.
import { above, anything, called, named } from "../../policies/options.ts";
import type { FeatureOptions, OverrideOptions } from "./feature-options.ts";

type Rules<Options> = { readonly [Key in keyof Options]-?: (value: unknown) => string | undefined };

const lasting = (value: unknown): string | undefined => {
  const { looks, ms } = (value ?? {}) as { readonly looks?: unknown; readonly ms?: unknown };
  const sound = [looks, ms].filter((each) => typeof each === "number" && each >= 0).length === 1;
  return sound ? undefined : "{ looks } or { ms }, 0 or more";
};

const texts = (value: unknown): string | undefined =>
  Array.isArray(value) && value.every((each) => typeof each === "string")
    ? undefined
    : "a list of names";

export const featureRules: Rules<FeatureOptions<never, unknown>> = {
  run: (value) => called(value),
  fallback: called,
  flag: (value) =>
    ["string", "boolean", "function"].includes(typeof value)
      ? undefined
      : "a name, true or false, or a function",
  dependsOn: texts,
  breaker: anything,
  level: (value) =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 9
      ? undefined
      : "a whole number from 1 to 9",
  offAfter: lasting,
  onAfter: lasting,
  trialMs: above(0),
};

const weekMs = 604_800_000;

export const overrideRules: Rules<OverrideOptions> = {
  forMs: (value) =>
    typeof value === "number" && value > 0 && value <= weekMs ? undefined : "within a week",
  by: named,
};
