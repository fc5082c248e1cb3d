// Labels as text: checked, and in one order.
import { HomeostatError } from "../../kernel/errors.ts";
import { pair } from "../../protocol/metric-label.ts";
import type { Labels } from "../parts/metrics.ts";

const most = 32;

/** `a="1",b="2"`: the same for the same labels in any order, so it is the key of a series too. */
export function labelText(labels: Labels): string {
  const names = Object.keys(labels);
  if (names.length > most) throw invalid(`${names.length} labels; at most ${most}`);
  for (const name of names) checkName(name);
  return names
    .sort()
    .map((name) => pair(name, labels[name] ?? ""))
    .join(",");
}

function checkName(name: string): void {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]{0,99}$/.test(name)) {
    throw invalid(`${JSON.stringify(name)} is no label name: letters, digits and "_", at most 100`);
  }
  if (name.startsWith("__") || name === "le" || name === "quantile") {
    throw invalid(`the label ${name} is kept for Prometheus itself`);
  }
}

function invalid(problem: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `metrics: ${problem}`);
}
