// The pieces that the shape of a config is made of: each with one phrase for what belongs there.
import { z } from "zod";
import { durationMaxMs, parseDuration } from "../kernel/duration.ts";
import { either, span } from "./words.ts";

// Each setting has one phrase for what belongs there, whichever of its rules is broken: zod's own
// messages are never shown.

export function duration(about: string, fromMs = 0): z.ZodOptional<z.ZodType<number | string>> {
  const phrase = `a duration such as "2s", "1m30s" or 500 (in ms), from ${span(fromMs)} to ${span(durationMaxMs)}`;
  const fits = (value: number | string): boolean => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= fromMs && ms <= durationMaxMs;
  };
  const text = z.string(phrase).regex(/^(\d+(\.\d+)?(ms|s|m|h|d))+$/, phrase);
  const ms = z.number(phrase).min(fromMs, phrase).max(durationMaxMs, phrase);
  return z.union([text, ms], phrase).refine(fits, phrase).describe(about).optional();
}

export function whole(about: string, min: number, max: number): z.ZodOptional<z.ZodType<number>> {
  const phrase = `a whole number from ${min} to ${max}`;
  return z.int(phrase).min(min, phrase).max(max, phrase).describe(about).optional();
}

export function number(about: string, min: number, max: number): z.ZodOptional<z.ZodType<number>> {
  const phrase = `a number from ${min} to ${max}`;
  return z.number(phrase).min(min, phrase).max(max, phrase).describe(about).optional();
}

export function text(phrase: string, pattern: RegExp): z.ZodString {
  return z.string(phrase).regex(pattern, phrase);
}

export function list(about: string, example: string, min = 0): z.ZodOptional<z.ZodType<string[]>> {
  const max = 100;
  const phrase = `a list of ${min} to ${max} texts, such as ${example}`;
  return z
    .array(z.string("text"), phrase)
    .min(min, phrase)
    .max(max, phrase)
    .describe(about)
    .optional();
}

export function choice(about: string, words: readonly string[]): z.ZodOptional<z.ZodType<string>> {
  return z
    .enum(words, either(words.map((word) => `"${word}"`)))
    .describe(about)
    .optional();
}

/** The same word says that a block is wanted and what one looks like. */
export function block<T extends z.ZodRawShape>(
  example: string,
  shape: T,
): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(shape, `settings such as ${example}`);
}
