// When a value is bad: above or below a limit, or unlike what it usually is.
import { HomeostatError } from "../../kernel/errors.ts";
import { deviation, median } from "../parts/median.ts";

/** Why a value is bad. */
export interface Bad {
  /** One sentence, numbers included. */
  readonly text: string;
  readonly limit: number;
}

/** `past` are the values before it, the oldest first; undefined means that nothing is wrong with it. */
export interface Judge {
  (value: number, past: readonly number[]): Bad | undefined;
  /** Says nothing before it has seen so many values. */
  readonly warmUp?: number;
}

export function above(limit: number): Judge {
  return (value) =>
    value > limit ? { text: `${shown(value)} is above ${shown(limit)}`, limit } : undefined;
}

export function below(limit: number): Judge {
  return (value) =>
    value < limit ? { text: `${shown(value)} is below ${shown(limit)}`, limit } : undefined;
}

export interface UnusualOptions {
  /** How far from the median, in deviations; default 6. */
  readonly score?: number;
  /** Values before the first is judged; default 20. */
  readonly warmUp?: number;
  /** Only what is too high or too low; default both. */
  readonly side?: "high" | "low";
  /** A deviation is never taken for less: what always was 3 may be 3.1. Default 1 % of the median. */
  readonly leastDeviation?: number;
}

/**
 * Far from the median of the past, measured in its median absolute deviation: a few bad values among
 * the past change neither. Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993; the
 * factor 1.4826 makes it equal to the standard deviation of normal values.
 */
export function unusual(options: UnusualOptions = {}): Judge {
  const { score = 6, warmUp = 20, side, leastDeviation } = options;
  if (!(score > 0) || !(warmUp >= 3)) {
    throw new HomeostatError("OPTION_INVALID", "unusual: score must be above 0, warmUp at least 3");
  }
  const judge: Judge = (value, past) => {
    if (past.length < warmUp) return undefined;
    const middle = median(past);
    const spread = deviation(past, middle);
    const least = leastDeviation ?? Math.abs(middle) / 100;
    const unit = Math.max(spread, least, Number.MIN_VALUE);
    const found = (value - middle) / unit;
    const far = side === "high" ? found : side === "low" ? -found : Math.abs(found);
    if (far < score) return undefined;
    const limit = middle + Math.sign(found) * score * unit;
    const how = `${Math.min(far, 999).toFixed(1)} deviations from the usual ${shown(middle)}`;
    return { text: `${shown(value)} is ${how}`, limit };
  };
  return Object.assign(judge, { warmUp });
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
