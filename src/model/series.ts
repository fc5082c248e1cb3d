// The name of a series: a metric and its labels as one text, the same text for the same series.

export type Labels = Readonly<Record<string, string>>;

/** `http.duration{method="GET",route="/cart"}`: labels by name, escaped as in Prometheus' text format. */
export function seriesName(metric: string, labels: Labels = {}): string {
  const names = Object.keys(labels).toSorted();
  if (names.length === 0) return metric;
  const pairs = names.map((name) => `${name}="${escaped(labels[name] ?? "")}"`);
  return `${metric}{${pairs.join(",")}}`;
}

/** The metric of a series without its labels. */
export function metricOf(series: string): string {
  const at = series.indexOf("{");
  return at < 0 ? series : series.slice(0, at);
}

/** The labels of a name that `seriesName` made. */
export function labelsOf(series: string): Labels {
  const labels: Record<string, string> = {};
  const text = series.slice(metricOf(series).length);
  for (const [, name = "", value = ""] of text.matchAll(/[{,]([^={},"]+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name] = value.replace(/\\(.)/g, (_, sign: string) => (sign === "n" ? "\n" : sign));
  }
  return labels;
}

function escaped(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
}
