// Reads a whole journal and tells what in it must not be: gaps, lost words, repeated actions.
import { toCloudEvent } from "../../src/model/cloudevent.ts";
import type { Event, EventOf } from "../../src/model/event.ts";

/** Sequence numbers are unbroken from 1. */
export function gaps(events: readonly Event[]): readonly string[] {
  return events.flatMap(({ seq }, i) =>
    seq === i + 1 ? [] : [`event ${seq} stands in place ${i + 1}`],
  );
}

/** Events that somebody was told and that are not in the journal, or are there in other words. */
export function missing(
  events: readonly Event[],
  told: ReadonlyMap<number, string>,
  project: string,
): readonly string[] {
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  return [...told].flatMap(([seq, text]) => {
    const event = bySeq.get(seq);
    if (!event) return [`event ${seq} was told and is gone: ${text}`];
    const held = JSON.stringify(toCloudEvent(event, project));
    return held === text ? [] : [`event ${seq} was told as ${text} and is kept as ${held}`];
  });
}

/** What stands between two intents for the same thing. */
type Standing = "intended" | "started" | "over";

/**
 * No action begins twice, none begins without its intent, none is intended again for the same rung
 * and target before the one before has come to an end, and each start makes one process.
 */
export function repeated(events: readonly Event[]): readonly string[] {
  const faults: string[] = [];
  const standing = new Map<string, Standing>();
  const latest = new Map<string, string>();
  const made = new Set<string>();
  const move = (seq: number, id: string, from: readonly Standing[], to: Standing): void => {
    const now = standing.get(id);
    if (now === undefined || !from.includes(now)) {
      faults.push(`event ${seq}: ${id} is ${to} after it was ${now ?? "never intended"}`);
    }
    standing.set(id, to);
  };
  for (const event of events) {
    const { seq } = event;
    if (event.type === "action.intended") faults.push(...intend(event, standing, latest));
    else if (event.type === "action.started") move(seq, event.data.action, ["intended"], "started");
    else if (event.type === "action.abandoned") move(seq, event.data.action, ["intended"], "over");
    else if (
      event.type === "action.done" ||
      event.type === "action.failed" ||
      event.type === "action.interrupted"
    ) {
      move(seq, event.data.action, ["started"], "over");
    } else if (event.type === "instance.started" && /^A\d+$/.test(event.data.by)) {
      const key = `${event.data.by} started ${event.subject}`;
      if (made.has(key)) faults.push(`event ${seq}: ${key} a second time`);
      made.add(key);
    }
  }
  return faults;
}

function intend(
  { seq, data }: EventOf<"action.intended">,
  standing: Map<string, Standing>,
  latest: Map<string, string>,
): readonly string[] {
  const faults = standing.has(data.id) ? [`event ${seq}: ${data.id} is intended twice`] : [];
  const key = `${data.incident} ${data.ladder} ${data.rung} ${data.kind} ${data.target}`;
  const before = latest.get(key);
  if (before !== undefined && standing.get(before) !== "over") {
    faults.push(`event ${seq}: ${data.id} repeats ${before}, which is not over`);
  }
  latest.set(key, data.id);
  standing.set(data.id, "intended");
  return faults;
}

/** An instance is started only after it was told that its process before has ended. */
export function doubleStarts(events: readonly Event[]): readonly string[] {
  const running = new Map<string, number>();
  const faults: string[] = [];
  for (const event of events) {
    const { seq, subject } = event;
    if (event.type === "instance.exited") running.delete(subject);
    else if (event.type === "instance.started" || event.type === "instance.adopted") {
      const { pid } = event.data.identity;
      const before = running.get(subject);
      if (before !== undefined && before !== pid) {
        faults.push(
          `event ${seq}: ${subject} is process ${pid} while ${before} was not told ended`,
        );
      }
      running.set(subject, pid);
    }
  }
  return faults;
}
