// The CloudEvents 1.0 envelope: how an event looks on disk and on the wire.
// Source: CloudEvents specification 1.0.2, JSON event format; extension names are lower case
// letters and digits, `sequence` is the documented sequence extension.
import { HomeostatError } from "../kernel/errors.ts";
import type { Event } from "./event.ts";

export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  /** `homeostat/PROJECT`. */
  readonly source: string;
  /** `homeostat.` and the event's type. */
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly sequence: string;
  /** Loop time in milliseconds, as text because extensions have no fractions. */
  readonly loopms: string;
  readonly incidentid?: string;
  readonly causationid?: string;
  readonly data: unknown;
}

const prefix = "homeostat.";

export function toCloudEvent(event: Event, project: string): CloudEvent {
  return {
    specversion: "1.0",
    id: String(event.seq),
    source: `homeostat/${project}`,
    type: prefix + event.type,
    subject: event.subject,
    time: event.time,
    datacontenttype: "application/json",
    sequence: String(event.seq),
    loopms: String(event.atMs),
    ...(event.incident === undefined ? {} : { incidentid: event.incident }),
    ...(event.cause === undefined ? {} : { causationid: String(event.cause) }),
    data: event.data,
  };
}

/** @throws JOURNAL_CORRUPT when `value` is not an envelope that `toCloudEvent` makes. */
export function fromCloudEvent(value: unknown): Event {
  const envelope = value as Partial<CloudEvent> | null;
  const seq = Number(envelope?.sequence);
  const type = envelope?.type;
  const sound =
    envelope?.specversion === "1.0" &&
    Number.isSafeInteger(seq) &&
    typeof type === "string" &&
    type.startsWith(prefix) &&
    typeof envelope.subject === "string" &&
    typeof envelope.time === "string" &&
    Number.isFinite(Number(envelope.loopms)) &&
    typeof envelope.data === "object";
  if (!sound) {
    const got = JSON.stringify(value)?.slice(0, 120);
    throw new HomeostatError("JOURNAL_CORRUPT", `expected a CloudEvents 1.0 envelope, got ${got}`);
  }
  return {
    seq,
    type: type.slice(prefix.length),
    subject: envelope.subject,
    atMs: Number(envelope.loopms),
    time: envelope.time,
    ...(envelope.incidentid === undefined ? {} : { incident: envelope.incidentid }),
    ...(envelope.causationid === undefined ? {} : { cause: Number(envelope.causationid) }),
    data: envelope.data,
  } as Event;
}
