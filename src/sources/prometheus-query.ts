// Asks a Prometheus: PromQL queries, whose answers of now become readings.
import { every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Reading } from "../model/reading.ts";
import { type Labels, seriesName } from "../model/series.ts";
import { type PromPoint, readInstant } from "../protocol/prometheus-query.ts";
import { type Intake, isRefused } from "./foreign/intake.ts";
import { type Place, placeByLabel } from "./foreign/places.ts";
import type { Kept } from "./foreign/prometheus.ts";
import type { PullOptions } from "./foreign/pull.ts";
import { type Outcome, settle, takeGauge, trackOf } from "./foreign/series.ts";
import type { ForeignSource } from "./foreign/source.ts";
import { measureIn } from "./foreign/units.ts";
import { intakeOf } from "./prometheus-scrape.ts";
import type { SourceContext } from "./source.ts";

export interface QueryOptions extends PullOptions {
  /** PromQL by the name that the metric has here. */
  readonly queries: Readonly<Record<string, string>>;
}

type PlaceOf = (labels: Labels) => Place | string;

/** One after the other, so that a slow Prometheus is not asked for more. */
export function prometheusQuery(options: QueryOptions): ForeignSource {
  let intake: Intake<Kept> | undefined;
  return {
    name: options.name,
    view: () => intake?.view(),
    start: async (ctx) => {
      const made = intakeOf(options, ctx, () => {});
      const { service, label, everyMs } = options;
      intake = made;
      const byLabel = placeByLabel(made, label);
      // A query sums instances up as it likes: what is left of them are labels.
      const placeOf: PlaceOf = (labels) =>
        service === undefined ? byLabel(labels) : (made.place(service) ?? service);
      await every(ctx.clock, everyMs, ctx.signal, () => look(options, ctx, made, placeOf));
    },
  };
}

async function look(
  { url, ask, queries }: QueryOptions,
  { signal, emit }: SourceContext,
  intake: Intake<Kept>,
  placeOf: PlaceOf,
): Promise<void> {
  const readings: Reading[] = [];
  let why: string | undefined;
  for (const [name, query] of Object.entries(queries)) {
    const address = `${url.replace(/\/+$/, "")}/api/v1/query?query=${encodeURIComponent(query)}`;
    try {
      const { text } = await ask(address, "application/json", signal);
      if (signal.aborted) return;
      intake.begin();
      intake.tally.request();
      for (const point of readInstant(text)) {
        // PromQL says of nothing by nothing that it is no number.
        if (!Number.isNaN(point.value)) take(intake, placeOf, name, point, readings);
      }
    } catch (error) {
      if (signal.aborted) return;
      why = `${name}: ${messageOf(error)}`;
    }
  }
  intake.tally.trouble(why);
  if (readings.length > 0) emit(readings);
}

function take(
  intake: Intake<Kept>,
  placeOf: PlaceOf,
  name: string,
  point: PromPoint,
  into: Reading[],
): void {
  const { labels } = point;
  const place = placeOf(labels);
  if (typeof place === "string") {
    intake.tally.unmapped(place);
    return;
  }
  const track = intake.series("value", place, name, labels, (target, all) =>
    trackOf(target, seriesName(name, all), measureIn(name)),
  );
  if (!isRefused(track)) settle(intake.tally, outcomeOf(intake, track, point), into);
  else if (track.refused) intake.tally.refuse(track.refused);
}

function outcomeOf(intake: Intake<Kept>, track: Kept, { value, unixMs }: PromPoint): Outcome {
  const at = intake.at(unixMs, Number.NaN);
  if (typeof at === "string") return at;
  return Number.isFinite(value) && !("values" in track) ? takeGauge(track, value, at) : "value";
}
