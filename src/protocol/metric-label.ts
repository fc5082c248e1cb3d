// One label as text, escaped as both formats ask for it.

const longest = 1_024;

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
