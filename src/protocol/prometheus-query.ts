// Reads the answer of Prometheus to an instant query: GET /api/v1/query of its HTTP API.
import { HomeostatError } from "../kernel/errors.ts";
import type { Labels } from "../model/series.ts";
import { fields, list, mismatch } from "./shape.ts";

export interface PromPoint {
  readonly labels: Labels;
  readonly value: number;
  readonly unixMs: number;
}

const pointsMax = 10_000;

/** A vector, or a scalar as a vector of one. @throws WIRE_SHAPE */
export function readInstant(text: string): readonly PromPoint[] {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new HomeostatError("WIRE_SHAPE", "expected an answer of JSON", { cause });
  }
  const { status, error, data } = fields(answer, "answer");
  if (status !== "success") return mismatch("answer", "a success", error ?? status);
  const { resultType, result } = fields(data, "data");
  if (resultType === "scalar") return [{ labels: {}, ...momentOf(result, "result") }];
  if (resultType !== "vector") return mismatch("resultType", "a vector or a scalar", resultType);
  return list(result, "result", pointsMax, (entry, at) => {
    const { metric, value } = fields(entry, at);
    const { __name__: _, ...labels } = fields(metric, `${at}.metric`);
    const texts = Object.entries(labels).map(([name, said]) => [name, String(said)]);
    return { labels: Object.fromEntries(texts), ...momentOf(value, `${at}.value`) };
  });
}

/** Seconds, and the value as text: JSON knows no infinity. */
function momentOf(value: unknown, at: string): { value: number; unixMs: number } {
  const [seconds, said] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  if (typeof seconds !== "number" || typeof said !== "string") {
    return mismatch(at, "a time and a value", value);
  }
  return {
    value: said === "NaN" ? Number.NaN : Number(said.replace("Inf", "Infinity")),
    unixMs: seconds * 1_000,
  };
}
