// `homeostat history`: the recorded past of a metric as a line in the terminal, or as JSON.
import { stdout } from "node:process";
import { formatDuration, parseDuration } from "../../kernel/duration.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import {
  type KeptSeries,
  openPast,
  type Resolution,
  ratesOf,
  resolutionFor,
  resolutions,
  type SeriesStore,
  type Stretch,
  seriesMeant,
} from "../../wiring/past-series.ts";
import { either, quote } from "../../wiring/words.ts";
import { amountText } from "../amounts.ts";
import { chartOf } from "../chart.ts";
import { type GlobalOptions, whereIs } from "../context.ts";
import { paint, say, sayJson, table } from "../print.ts";

export interface HistoryOptions extends GlobalOptions {
  readonly since: string;
  readonly step?: string;
  readonly rate?: boolean;
}

const chartRows = 8;
const chartsMax = 8;
const columns = { usual: 80, least: 20, most: 200 };
/** So much a total is trusted across a gap. */
const gapMs = 600_000;
const longestMs = 3_650 * 86_400_000;

/** Without a metric: what is recorded of the service. */
export function history(
  subject: string,
  metric: string | undefined,
  options: HistoryOptions,
): void {
  const { since, step, json, rate = false } = options;
  const sinceMs = parseDuration(since);
  if (sinceMs === undefined || sinceMs < 1_000 || sinceMs > longestMs) {
    throw usage(`--since: expected a duration such as 6h or 2d, got ${quote(since)}`);
  }
  if (step !== undefined && !isResolution(step)) {
    throw usage(`--step: expected ${either(resolutions)}, got ${quote(step)}`);
  }
  const toMs = Date.now();
  const store = openPast(whereIs(options).state, toMs);
  try {
    const series = seriesMeant(store, subject, metric);
    const width = Math.min(columns.most, (stdout.columns ?? columns.usual) - 12);
    const fromMs = toMs - sinceMs;
    const resolution =
      step ?? resolutionFor(store, fromMs, toMs, 2 * Math.max(columns.least, width));
    const read = ({ id }: KeptSeries): Stretch => {
      const stretch = store.read(id, fromMs, toMs, resolution);
      return rate ? ratesOf(stretch, gapMs) : stretch;
    };
    if (json) sayJson(series.map((it) => asJson(it, resolution, read(it))));
    else if (metric === undefined) list(store, series, toMs);
    else {
      const span = { fromMs, toMs, columns: Math.max(columns.least, width), rows: chartRows };
      for (const it of series.slice(0, chartsMax)) draw(it, read(it), span, resolution, rate);
      if (series.length > chartsMax) {
        const left = series.length - chartsMax;
        say(paint("dim", `… and ${left} more: name one of its instances, or its labels`));
      }
    }
  } finally {
    store.close();
  }
}

const isResolution = (text: string): text is Resolution =>
  (resolutions as readonly string[]).includes(text);

function usage(message: string): HomeostatError {
  return new HomeostatError("USAGE", `history: ${message}`);
}

function asJson(
  { target, metric, unit }: KeptSeries,
  resolution: Resolution,
  found: Stretch,
): object {
  const { at, count, min, max, sum, last } = found;
  const mean = sum.map((it, i) => it / (count[i] ?? 1));
  return { target, metric, unit, resolution, at, count, min, max, mean, last };
}

/** The last hour tells what is still measured. */
const listedMs = 3_600_000;

function list(store: SeriesStore, series: readonly KeptSeries[], nowMs: number): void {
  const rows = series.map((it) => {
    const { at, last } = store.read(it.id, nowMs - listedMs, nowMs, "raw");
    const latest = last.at(-1);
    const seen = at.at(-1);
    return [
      paint("bold", it.target),
      it.metric,
      latest === undefined ? "-" : amountText(latest, it.unit),
      seen === undefined
        ? paint("dim", "not in the last hour")
        : paint("dim", `${formatDuration(Math.max(0, nowMs - seen))} ago`),
    ];
  });
  say(table([["SERIES", "METRIC", "LAST", "AT"].map((it) => paint("dim", it)), ...rows]));
}

function draw(
  { target, metric, unit }: KeptSeries,
  found: Stretch,
  span: Parameters<typeof chartOf>[1],
  resolution: Resolution,
  rate: boolean,
): void {
  const name = `${paint("bold", target)} ${metric}${rate ? " a second" : ""}`;
  const chart = chartOf(found, span);
  if (!chart) {
    say(
      `${name}  ${paint("dim", `nothing in the last ${formatDuration(span.toMs - span.fromMs)}`)}`,
    );
    say();
    return;
  }
  const points = found.count.reduce((sum, it) => sum + it, 0);
  const mean = found.sum.reduce((sum, it) => sum + it, 0) / points;
  const show = (value: number): string => amountText(value, rate ? "per_s" : unit);
  const least = found.min.reduce((low, it) => Math.min(low, it), Number.POSITIVE_INFINITY);
  const most = found.max.reduce((high, it) => Math.max(high, it), Number.NEGATIVE_INFINITY);
  const figures = `min ${show(least)} · mean ${show(mean)} · max ${show(most)} · last ${show(found.last.at(-1) ?? 0)}`;
  say(`${name}  ${figures}`);
  const labels = chart.lines.map((_, row) =>
    row === 0 ? show(chart.high) : row === chart.lines.length - 1 ? show(chart.low) : "",
  );
  const wide = Math.max(...labels.map(({ length }) => length));
  for (const [row, line] of chart.lines.entries()) {
    const label = (labels[row] ?? "").padStart(wide);
    say(`${paint("dim", `${label} ┤`)}${paint("accent", line)}`);
  }
  const each = resolution === "raw" ? "each point" : `means of ${resolution}`;
  const left = `${" ".repeat(wide)} └ ${timeText(span.fromMs)}`;
  say(paint("dim", `${left} … ${timeText(span.toMs)} · ${each}, shaded from lowest to highest`));
  say();
}

function timeText(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
