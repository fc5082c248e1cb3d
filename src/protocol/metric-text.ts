// Families as text: Prometheus 0.0.4 and OpenMetrics 1.0, and which of the two a scraper asks for.
import { type Family, type Sample, stemOf } from "./metric-family.ts";
import { escapeLabel } from "./metric-label.ts";
import { canonicalNumber, sampleNumber } from "./metric-numbers.ts";

export type Format = "prometheus" | "openmetrics";

export function contentType(format: Format): string {
  return format === "openmetrics"
    ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
    : "text/plain; version=0.0.4; charset=utf-8";
}

/** The format that an `Accept` header likes best; Prometheus text unless OpenMetrics is named. */
export function formatFor(accept: string | undefined): Format {
  const wishes = (accept ?? "").slice(0, 2_000).split(",");
  const weight = (type: RegExp): number =>
    Math.max(0, ...wishes.filter((wish) => type.test(wish)).map(quality));
  const open = weight(/^\s*application\/openmetrics-text\s*(;(?!.*version=(?!"?[01]\.)).*)?$/i);
  const plain = weight(/^\s*(text\/plain|text\/\*|\*\/\*)\s*(;|$)/i);
  return open > 0 && open >= plain ? "openmetrics" : "prometheus";
}

function quality(wish: string): number {
  const q = /;\s*q\s*=\s*([\d.]+)/i.exec(wish)?.[1];
  return q === undefined ? 1 : Number(q) || 0;
}

/** The families as one text; each must be there once only. */
export function expositionOf(families: readonly Family[], format: Format): string {
  const shown = families.filter(({ samples }) => samples.length > 0);
  if (format === "prometheus") return shown.map(prometheusText).join("");
  return `${shown.map(openMetricsText).join("")}# EOF\n`;
}

/** prometheus.io/docs/instrumenting/exposition_formats, "Text-based format". */
function prometheusText({ name, type, help, samples }: Family): string {
  const text = help.toWellFormed().replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  const head = help === "" ? "" : `# HELP ${name} ${text}\n`;
  const kind = type === "unknown" ? "untyped" : type;
  return `${head}# TYPE ${name} ${kind}\n${linesOf(name, samples)}`;
}

/** OpenMetrics 1.0.0, "Text format": a counter's family has no `_total`, its sample has. */
function openMetricsText({ name, type, help, unit, samples }: Family): string {
  const stem = stemOf(name, type);
  const head = [
    `# TYPE ${stem} ${type}\n`,
    unit === undefined ? "" : `# UNIT ${stem} ${unit}\n`,
    help === "" ? "" : `# HELP ${stem} ${escapeLabel(help.toWellFormed())}\n`,
  ];
  if (type === "counter") return head.join("") + linesOf(`${stem}_total`, samples);
  const bounded = type === "histogram" || type === "summary";
  return head.join("") + linesOf(stem, bounded ? samples.map(canonical) : samples);
}

function linesOf(name: string, samples: readonly Sample[]): string {
  let text = "";
  for (const { suffix, labels, value } of samples) {
    const inBraces = labels === "" ? "" : `{${labels}}`;
    text += `${name}${suffix}${inBraces} ${sampleNumber(value)}\n`;
  }
  return text;
}

/** Bounds of families that are not ours may be written otherwise: `le="1"`. */
function canonical(sample: Sample): Sample {
  const labels = sample.labels.replace(
    /(^|,)(le|quantile)="([-+.\deE]+)"/,
    (_all, comma: string, name: string, bound: string) =>
      `${comma}${name}="${canonicalNumber(Number(bound))}"`,
  );
  return { ...sample, labels };
}
