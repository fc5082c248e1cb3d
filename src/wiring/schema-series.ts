// The shape of what a config says about the recorded past of each series.
import { z } from "zod";
import { parseDuration } from "../kernel/duration.ts";
import { type KeepMs, leastKeepMs } from "../stores/series/retention.ts";
import { resolutions } from "../stores/series/series-store.ts";
import { logBytesOf, sizeForm } from "./forms.ts";
import { block, text, whole } from "./schema-parts.ts";
import { span } from "./words.ts";

const longestMs = 3_650 * 86_400_000;

function age(leastMs: number, about: string): z.ZodOptional<z.ZodType<string>> {
  const phrase = `a duration such as "30d", from ${span(leastMs)} to ${span(longestMs)}`;
  const fits = (value: string): boolean => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= leastMs && ms <= longestMs;
  };
  return text(phrase, /^(\d+(\.\d+)?(ms|s|m|h|d))+$/)
    .refine(fits, phrase)
    .describe(about)
    .optional();
}

const abouts: Readonly<Record<keyof KeepMs, string>> = {
  raw: "The points as they came. Default 2d.",
  "10s": "Buckets of ten seconds. Default 7d.",
  "1m": "Buckets of a minute. Default 30d.",
  "10m": "Buckets of ten minutes. Default 180d.",
  "1h": "Buckets of an hour. Default 730d.",
};

const sizePhrase = 'an amount such as "512MB" or "2GiB", from 1MB to 1000000GB';
const isSize = (value: string): boolean => {
  const bytes = logBytesOf(value) ?? 0;
  return bytes >= 1e6 && bytes <= 1e15;
};

const settings = block('{ keep: { raw: "2d" }, size: "512MB" }', {
  keep: block(
    '{ raw: "2d", "1h": "365d" }',
    Object.fromEntries(resolutions.map((of) => [of, age(leastKeepMs[of], abouts[of])])),
  )
    .describe("How long, by resolution.")
    .optional(),
  size: text(sizePhrase, sizeForm)
    .refine(isSize, sizePhrase)
    .describe("Of the file; above it the oldest of the finest goes first. Default 512MB.")
    .optional(),
  max: whole("Series at most. Default 10000.", 10, 1_000_000),
});

export const series: z.ZodType = z
  .union([z.literal(false), settings], 'false, or settings such as { size: "512MB" }')
  .describe("The recorded past of each series; false: nothing is recorded.")
  .optional();
