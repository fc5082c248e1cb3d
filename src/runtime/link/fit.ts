// Cuts a report to what the wire takes: texts, lists, figures and the line as a whole.
import {
  type AppReport,
  linkFiguresMax,
  linkLineBytes,
  linkListMax,
  linkTextMax,
} from "../../protocol/link.ts";
import { parseReport } from "../../protocol/link-report.ts";
import { encodeLink } from "../../protocol/link-wire.ts";
import type { Mask } from "../parts/mask.ts";

/** The text itself, or its beginning and "…". */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/**
 * The line of a report. What finds no room is counted in `left`; what is well is left out before what is
 * not. Secrets in reasons are masked.
 * @throws WIRE_SHAPE when it is no report: the daemon would end the connection for it.
 */
export function reportLine(report: AppReport, mask: Mask): string {
  let [room, figures] = [linkListMax, linkFiguresMax];
  for (;;) {
    const fitted = parseReport(fit(report, mask, room, figures), "report");
    const line = encodeLink({ kind: "report", report: fitted });
    // Without lists and figures it is some texts, which always fit.
    if (room === 0 || Buffer.byteLength(line) <= linkLineBytes) return line;
    room = Math.floor(room / 2);
    figures = Math.floor(figures / 2);
  }
}

function fit(report: AppReport, mask: Mask, room: number, figuresMax: number): AppReport {
  let left = report.left;
  const some = <T>(
    list: readonly T[],
    isWell: (item: T) => boolean,
    shown: (item: T) => T,
  ): T[] => {
    left += Math.max(0, list.length - room);
    const kept = list.length <= room ? list : [...list].sort((a, b) => +isWell(a) - +isWell(b));
    return kept.slice(0, room).map(shown);
  };
  const name = (text: string): string => cut(text, linkTextMax);
  const words = <K extends string>(key: K, text: string | undefined) =>
    text === undefined
      ? {}
      : ({ [key]: cut(mask.text(text), linkTextMax) } as { [key in K]: string });
  const numbers = Object.entries(report.figures).filter(([, figure]) => Number.isFinite(figure));
  left += Math.max(0, numbers.length - figuresMax);
  const lists = {
    checks: some(
      report.checks,
      ({ status }) => status === "healthy",
      (check) => ({ ...check, name: name(check.name), ...words("reason", check.reason) }),
    ),
    features: some(
      report.features,
      ({ available }) => available,
      (feature) => ({ ...feature, name: name(feature.name), ...words("why", feature.why) }),
    ),
    breakers: some(
      report.breakers,
      ({ state }) => state === "closed",
      (breaker) => ({ ...breaker, name: name(breaker.name) }),
    ),
    watched: some(
      report.watched,
      ({ lastLoss }) => lastLoss === undefined,
      (entry) => ({ ...entry, id: name(entry.id), ...words("lastLoss", entry.lastLoss) }),
    ),
    recoveries: some(
      report.recoveries,
      ({ state }) => state === "quiet",
      (entry) => ({ ...entry, type: name(entry.type), source: name(entry.source) }),
    ),
    commands: some(report.commands, () => true, name),
  };
  return {
    ...report,
    ...words("reason", report.reason),
    ...lists,
    figures: Object.fromEntries(
      numbers.slice(0, figuresMax).map(([key, figure]) => [name(key), figure]),
    ),
    left,
  };
}
