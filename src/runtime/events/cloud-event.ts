// An event of the app in the CloudEvents 1.0 envelope, for other systems.
// Source: CloudEvents specification 1.0.2; `severitytext` follows the draft severity extension.
import { messageOf } from "../../kernel/errors.ts";
import type { AppEvent, Severity } from "../parts/bus.ts";

export interface AppCloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  /** `homeostat/app/NAME`. */
  readonly source: string;
  readonly type: string;
  /** What it happened to: a check, a feature, a worker. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly severitytext: Severity;
  readonly data: unknown;
}

/** The data is made fit for JSON: errors keep name, message, code and cause, circles are cut. */
export function toCloudEvent(event: AppEvent, app: string): AppCloudEvent {
  return {
    specversion: "1.0",
    id: event.id,
    source: `homeostat/app/${encodeURIComponent(app)}`,
    type: event.type,
    subject: event.source,
    time: event.time,
    datacontenttype: "application/json",
    severitytext: event.severity,
    data: forJson(event.data),
  };
}

const depthMax = 8;
const entriesMax = 1_000;

/** What JSON can carry of a value: no deeper than 8, no longer than 1,000 entries in one place. */
export function forJson(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value ?? null;
  if (depth >= depthMax) return "(deeper than is told)";
  if (value instanceof Error) {
    const { name, code } = value as Error & { readonly code?: unknown };
    return { name, message: messageOf(value), ...(code === undefined ? {} : { code }) };
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) {
    return value.slice(0, entriesMax).map((each) => forJson(each, depth + 1) ?? null);
  }
  if (value instanceof Map) return forJson(Object.fromEntries(value), depth);
  if (value instanceof Set) return forJson([...value], depth);
  const pairs = Object.entries(value).slice(0, entriesMax);
  return Object.fromEntries(pairs.map(([key, each]) => [key, forJson(each, depth + 1)]));
}
