// The shape of how far ahead something that runs out is told.
import type { z } from "zod";
import { parseDuration } from "../kernel/duration.ts";
import { duration } from "./schema-parts.ts";

/** 48 looks are taken in this time, and figures come each second. */
const leastMs = 10_000;
const phrase = '0, or a duration from "10s" to "7d"';

export const ahead: z.ZodType = duration(
  "Memory and descriptors that run out sooner are told; 0 for never. Default 4h.",
).refine((value) => {
  const ms = value === undefined ? 0 : parseDuration(value);
  return ms === 0 || (ms !== undefined && ms >= leastMs);
}, phrase);
