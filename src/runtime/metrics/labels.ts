// Labels as text: checked, in one order, and escaped as both formats ask for it.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Labels } from "../parts/metrics.ts";

const longest = 1_024;
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

/** One label, its name taken as it is. */
export function pair(name: string, value: unknown): string {
  const text = String(value);
  const bounded = text.length > longest ? text.slice(0, longest) : text;
  return `${name}="${escapeLabel(bounded.toWellFormed())}"`;
}

/** Backslash, quote and line feed: prometheus.io/docs/instrumenting/exposition_formats. */
export function escapeLabel(text: string): string {
  if (!/[\\"\n]/.test(text)) return text;
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
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
