// The sources of foreign figures that a config names: made, started, and told of.
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { metrics, type Reading } from "../model/reading.ts";
import type { SourceView } from "../protocol/sources.ts";
import { alertmanagerSource } from "../sources/alertmanager.ts";
import type { IntakeOptions } from "../sources/foreign/intake.ts";
import { askOver } from "../sources/foreign/pull.ts";
import type { ForeignSource } from "../sources/foreign/source.ts";
import { otlpSource } from "../sources/otlp.ts";
import { prometheusQuery } from "../sources/prometheus-query.ts";
import { prometheusScrape } from "../sources/prometheus-scrape.ts";
import { remoteWriteSource } from "../sources/remote-write.ts";
import type { Listening } from "./log-listen.ts";
import { linesFor } from "./otlp-lines.ts";
import type { Resolved } from "./resolve.ts";
import type { ResolvedForeign, ResolvedPull } from "./resolve-sources.ts";

export interface ForeignParts {
  readonly resolved: Resolved;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** For whoever looks at series: the loop's journal need not have them. */
  readonly note: (readings: readonly Reading[]) => void;
  /** For the loop: it decides on these. */
  readonly observe: (readings: readonly Reading[], soon?: boolean) => void;
  /** Who hears the log of a service: lines that come over OTLP are of it, too. */
  readonly listenerOf: Listening["listenerOf"];
}

/** Starts them; the answer tells what became of what was sent. */
export function startForeign(parts: ForeignParts): () => readonly SourceView[] {
  const { clock, log, signal } = parts;
  const sources = foreignSources(parts);
  for (const source of sources) {
    const emit = source.name === alerting ? emitAlerts(parts) : parts.note;
    source.start({ signal, clock, log, emit }).catch((error: unknown) => {
      log.error("a source ended", { source: source.name, reason: messageOf(error) });
    });
  }
  return () => sources.flatMap((source) => source.view() ?? []);
}

/** No rule looks at what the others say: it would only fill the journal. */
const alerting = "alertmanager";

function emitAlerts({ note, observe }: ForeignParts): (readings: readonly Reading[]) => void {
  const isDecisive = ({ metric }: Reading): boolean => metric === metrics.alerts.name;
  return (readings) => {
    const [deciding, others] = [true, false].map((it) =>
      readings.filter((reading) => isDecisive(reading) === it),
    );
    if (others && others.length > 0) note(others);
    if (deciding && deciding.length > 0) observe(deciding, true);
  };
}

function foreignSources({ resolved, clock, listenerOf }: ForeignParts): readonly ForeignSource[] {
  const { otlp, remoteWrite, alertmanager, prometheus } = resolved.sources;
  const known = new Set(Object.keys(resolved.policy.services));
  const intake = (foreign: ResolvedForeign): IntakeOptions => ({ ...foreign, known });
  const of = <T extends { readonly foreign: ResolvedForeign }>(
    it: T,
  ): T & { readonly foreign: IntakeOptions } => ({ ...it, foreign: intake(it.foreign) });
  return [
    ...(otlp ? [otlpSource({ ...of(otlp), onLine: linesFor(listenerOf) })] : []),
    ...(remoteWrite ? [remoteWriteSource(of(remoteWrite))] : []),
    ...(alertmanager ? [alertmanagerSource(of(alertmanager))] : []),
    ...prometheus.map((it, i) => pulled(of(it), `prometheus ${i + 1}`, clock)),
  ];
}

function pulled(
  it: ResolvedPull & { readonly foreign: IntakeOptions },
  name: string,
  clock: Clock,
): ForeignSource {
  const { queries } = it;
  const options = { ...it, name, ask: askOver({ ...it, clock }) };
  return queries ? prometheusQuery({ ...options, queries }) : prometheusScrape(options);
}
