// Reads what Alertmanager sends to a webhook: version 4 of its message.
import type { Labels } from "../model/series.ts";
import { fields, list, word } from "./shape.ts";

export interface Alert {
  readonly isFiring: boolean;
  readonly labels: Labels;
  /** What it says to people; empty when it says nothing. */
  readonly summary: string;
}

const alertsMax = 1_000;
const summaryMax = 300;

/** @throws WIRE_SHAPE */
export function readAlerts(body: unknown): readonly Alert[] {
  const { version, alerts } = fields(body, "body");
  word(version, "version", ["4"]);
  return list(alerts, "alerts", alertsMax, (entry, at) => {
    const { status, labels, annotations } = fields(entry, at);
    const said = texts(annotations ?? {}, `${at}.annotations`);
    const summary = said.summary ?? said.description ?? said.message ?? "";
    return {
      isFiring: word(status, `${at}.status`, ["firing", "resolved"]) === "firing",
      labels: texts(labels, `${at}.labels`),
      summary: summary.replace(/\s+/g, " ").trim().slice(0, summaryMax),
    };
  });
}

function texts(value: unknown, at: string): Readonly<Record<string, string>> {
  const pairs = Object.entries(fields(value, at));
  return Object.fromEntries(pairs.map(([name, text]) => [name, String(text)]));
}
