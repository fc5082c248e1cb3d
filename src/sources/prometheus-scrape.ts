// Scrapes an address that shows metrics as text, as Prometheus would.
import { every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Reading } from "../model/reading.ts";
import { readExposition } from "../protocol/exposition.ts";
import { createIntake, type Intake } from "./foreign/intake.ts";
import { placeByLabel } from "./foreign/places.ts";
import { createPrometheusTaker, type Kept, type PrometheusTaker } from "./foreign/prometheus.ts";
import { type Pulled, type PullOptions, shownUrl } from "./foreign/pull.ts";
import type { ForeignSource } from "./foreign/source.ts";
import type { SourceContext } from "./source.ts";

const accept =
  "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/** 1 when the last scrape worked, 0 when it did not. */
export const upMetric = "up";

export function prometheusScrape(options: PullOptions): ForeignSource {
  let intake: Intake<Kept> | undefined;
  return {
    name: options.name,
    view: () => intake?.view(),
    start: async (ctx) => {
      const made = intakeOf(options, ctx, () => taker.forget());
      const { service, label, foreign, url } = options;
      intake = made;
      const instance = new URL(url).host;
      const byLabel = placeByLabel(made, label);
      const taker = createPrometheusTaker(made, foreign.seriesMax, (labels) => {
        if (service === undefined) return byLabel({ instance, ...labels });
        return made.place(service, labels.instance ?? instance) ?? service;
      });
      await every(ctx.clock, options.everyMs, ctx.signal, () => look(options, ctx, made, taker));
    },
  };
}

export function intakeOf(
  { name, url, foreign }: PullOptions,
  { clock, log }: SourceContext,
  onSwept: () => void,
): Intake<Kept> {
  return createIntake<Kept>({ ...foreign, name, where: shownUrl(url), clock, log, onSwept });
}

async function look(
  { url, ask, service }: PullOptions,
  { clock, signal, emit }: SourceContext,
  intake: Intake<Kept>,
  taker: PrometheusTaker,
): Promise<void> {
  const readings: Reading[] = [];
  let why: string | undefined;
  try {
    const answer = await ask(url, accept, signal);
    intake.begin();
    intake.tally.request();
    read(answer, clock.wall(), taker, readings);
  } catch (error) {
    if (signal.aborted) return;
    why = messageOf(error);
    intake.begin();
  }
  if (signal.aborted) return;
  intake.tally.trouble(why);
  const target = service === undefined ? undefined : intake.place(service)?.target;
  if (target !== undefined) {
    const up: Reading = {
      ...{ target, metric: upMetric, value: why === undefined ? 1 : 0, unit: "bool" },
      ...{ atMs: clock.now(), ...(why === undefined ? {} : { note: why }) },
    };
    readings.push(up);
  }
  if (readings.length > 0) emit(readings);
}

/** The moment of a sample that says none is that of the scrape. */
function read(
  { type, text }: Pulled,
  nowMs: number,
  taker: PrometheusTaker,
  into: Reading[],
): void {
  const isOpen = /^application\/openmetrics-text/i.test(type);
  const taken: Reading[] = [];
  readExposition(text, isOpen, {
    type: taker.type,
    sample: (key, labels, value, unixMs) => {
      taker.series(key, labels);
      taker.point(value, unixMs ?? nowMs, false, taken);
    },
  });
  taker.flush(taken);
  into.push(...taken);
}
