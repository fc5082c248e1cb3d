// The latest figures of a target, by the name of their series.
import type { Mind } from "../controller/step.ts";
import type { Target } from "../model/target.ts";

/** Undefined when there are none that begin so. */
export function latestOf(
  { senses }: Mind,
  target: Target,
  prefix: string,
): Readonly<Record<string, number>> | undefined {
  const found = Object.values(senses.latest[target] ?? {}).filter(({ metric }) =>
    metric.startsWith(prefix),
  );
  if (found.length === 0) return undefined;
  return Object.fromEntries(found.map(({ metric, value }) => [metric, value]));
}

/** The same as a part of a view, which lacks it when there are none. */
export function latestAs<K extends string>(
  key: K,
  mind: Mind,
  target: Target,
  prefix: string,
): { readonly [P in K]?: Readonly<Record<string, number>> } {
  const latest = latestOf(mind, target, prefix);
  return latest ? ({ [key]: latest } as { readonly [P in K]: typeof latest }) : {};
}
