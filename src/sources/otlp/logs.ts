// Counts of log lines by severity, from the logs of OTLP; each line is handed on to whoever reads them.
import type { Reading } from "../../model/reading.ts";
import { seriesName } from "../../model/series.ts";
import type { Target } from "../../model/target.ts";
import { textOf } from "../../protocol/otlp/attributes.ts";
import { type Group, type LogRecord, msOf, numberOf } from "../../protocol/otlp/request.ts";
import type { Intake } from "../foreign/intake.ts";
import type { Whose } from "./whose.ts";

export type Severity = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/** Hears each line: `atMs` by the clock of the loop. */
export type OnLine = (target: Target, text: string, severity: Severity, atMs: number) => void;

const severities: readonly Severity[] = ["trace", "debug", "info", "warn", "error", "fatal"];
const targetsMax = 1_000;
const lineMax = 4_096;

export const logLines = "logs.lines";
const names = severities.map((severity) => seriesName(logLines, { severity }));

export interface LogsTaker {
  take(
    groups: readonly Group<LogRecord>[],
    whoseOf: (attributes: unknown) => Whose,
    intake: Pick<Intake<{ lastMs: number }>, "tally" | "at">,
    nowMs: number,
  ): void;
  /** Lines a second over the window that ends now, which begins the next. */
  close(atMs: number): Reading[];
}

export function createLogsTaker(startMs: number, onLine?: OnLine): LogsTaker {
  const windows = new Map<Target, Uint32Array>();
  let openedMs = startMs;
  return {
    take: (groups, whoseOf, { tally, at }, nowMs) => {
      for (const { attributes, items } of groups) {
        const { place, theirs } = whoseOf(attributes);
        if (!place) {
          tally.unmapped(theirs, items.length);
          continue;
        }
        const { target } = place;
        const known = windows.get(target);
        if (!known && windows.size >= targetsMax) {
          tally.refuse("series limit", items.length);
          continue;
        }
        const counts = known ?? new Uint32Array(severities.length);
        windows.set(target, counts);
        for (const record of items) {
          const i = severityOf(record);
          counts[i] = (counts[i] ?? 0) + 1;
          if (!onLine) continue;
          const said = msOf(record.timeUnixNano) || msOf(record.observedTimeUnixNano);
          const moment = at(said, Number.NaN);
          const atMs = typeof moment === "string" ? nowMs : moment.atMs;
          onLine(target, textOf(record.body).slice(0, lineMax), severities[i] ?? "info", atMs);
        }
        tally.take(items.length);
      }
    },
    close: (atMs) => {
      const elapsedMs = atMs - openedMs;
      if (!(elapsedMs > 0)) return [];
      openedMs = atMs;
      return [...windows].flatMap(([target, counts]) => {
        const readings = names.map((metric, i): Reading => {
          const value = ((counts[i] ?? 0) * 1_000) / elapsedMs;
          return { target, metric, value, unit: "per_s", atMs };
        });
        counts.fill(0);
        return readings;
      });
    },
  };
}

/** Four numbers for each severity, from 1 on; a text for those who send none; else it is info. */
function severityOf({ severityNumber, severityText }: LogRecord): number {
  const number = numberOf(severityNumber);
  if (number >= 1 && number <= 24) return Math.floor((number - 1) / 4);
  const text = typeof severityText === "string" ? severityText.toLowerCase() : "";
  const found = severities.findIndex((severity) => text.startsWith(severity));
  return found < 0 ? severities.indexOf("info") : found;
}
