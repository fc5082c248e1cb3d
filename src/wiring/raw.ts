// Looks into a config that may have any shape: what is not there or is wrong counts as absent.
import { type Duration, parseDuration } from "../kernel/duration.ts";

export type Raw = Readonly<Record<string, unknown>>;

export function record(value: unknown): Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Raw) : {};
}

/** The texts of a list, each with its place in it. */
export function texts(value: unknown): readonly (readonly [text: string, place: number])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((it: unknown, i) => (typeof it === "string" ? [[it, i] as const] : []));
}

export function ms(value: unknown): number | undefined {
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  return parseDuration(value as Duration);
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
