// Which names metrics may have, and which names two metrics cannot both have.
import { HomeostatError } from "../../kernel/errors.ts";
import { type FamilyType, stemOf } from "../../protocol/metric-family.ts";

const longest = 200;

/** What an OpenMetrics reader takes for a part of a family of another type. */
const reserved = ["_total", "_bucket", "_sum", "_count", "_created", "_gsum", "_gcount"];

/** What a family of this type shows beside its own name. */
const suffixes: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: ["_total", "_created"],
  gauge: [],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  summary: ["_sum", "_count", "_created"],
  unknown: [],
};

/**
 * The name as it is shown: `cpu` in `seconds` is `cpu_seconds`, as a counter `cpu_seconds_total`.
 * Throws a Misconfigured error for what neither format can carry.
 */
export function shownName(name: string, type: FamilyType, unit?: string): string {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) || name.length > longest) {
    throw invalid(name, `is no name: letters, digits, "_" and ":", at most ${longest}`);
  }
  if (unit !== undefined && !/^[a-zA-Z0-9_]{1,40}$/.test(unit)) {
    throw invalid(name, `has the unit ${JSON.stringify(unit)}; letters, digits and "_" make one`);
  }
  const stem = stemOf(name, type);
  const ending = reserved.find((suffix) => stem.endsWith(suffix));
  if (ending !== undefined) {
    throw invalid(name, `ends in ${ending}, which is kept for parts of a counter or histogram`);
  }
  const full = unit === undefined || stem.endsWith(`_${unit}`) ? stem : `${stem}_${unit}`;
  return type === "counter" ? `${full}_total` : full;
}

/** Every name that this family takes; no two families may share one. */
export function namesOf(name: string, type: FamilyType): readonly string[] {
  const stem = stemOf(name, type);
  return [stem, ...suffixes[type].map((suffix) => stem + suffix)];
}

function invalid(name: string, problem: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `metrics: ${JSON.stringify(name)} ${problem}`);
}
