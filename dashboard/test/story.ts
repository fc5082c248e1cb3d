// How an incident of the fixture is told: a draft, and what of it has happened by a moment.
import type { Incident, IncidentState } from "../../src/model/incident.ts";
import type { Reason } from "../../src/model/reason.ts";
import type { IncidentDetail, IncidentView, TimelineEntry } from "../../src/protocol/api.ts";

export type Line = readonly [
  sinceMs: number,
  lane: TimelineEntry["lane"],
  text: string,
  why?: Reason | undefined,
  lines?: readonly string[] | undefined,
];

export const because = (
  rule: string,
  text: string,
  value: number,
  limit: number,
  unit: Reason["unit"] = "count",
): Reason => ({ rule, text, value, limit, unit });

interface Draft {
  readonly id: string;
  readonly service: string;
  readonly title: string;
  readonly state: IncidentState;
  /** Wall time of the first sign. */
  readonly since: number;
  readonly detectMs: number;
  readonly endedMs?: number;
  readonly lines: readonly Line[];
  readonly actions: IncidentView["actions"];
  readonly more?: Partial<Incident>;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** The draft as the API would show it at `now`: only what has happened by then. */
export function tell(draft: Draft, now: number): IncidentDetail {
  const sofar = draft.lines.filter(([sinceMs]) => draft.since + sinceMs <= now);
  const times = {
    openedAt: iso(draft.since + draft.detectMs),
    ...(draft.endedMs === undefined ? {} : { endedAt: iso(draft.since + draft.endedMs) }),
    detectMs: draft.detectMs,
    durationMs: draft.endedMs ?? now - draft.since,
  };
  const { id, service, title, state, actions } = draft;
  return {
    ...{ id, service, title, state, actions },
    ...times,
    incident: {
      ...{ id, service, state },
      openedAtMs: draft.detectMs,
      sinceMs: 0,
      symptoms: [],
      evidence: [],
      awaiting: [],
      ladder: 1,
      rung: 0,
      actions: actions.map((action) => ({
        ...action,
        incident: id,
        session: 1,
        ladder: 1,
        rung: 0,
        why: because("ladder", "the first rung", 0, 0),
        intendedAtMs: 0,
      })),
      refusals: [],
      approvals: [],
      ...draft.more,
    },
    timeline: sofar.map(([sinceMs, lane, text, why, lines], index) => ({
      seq: Number(id) * 100 + index,
      time: iso(draft.since + sinceMs),
      ...{ sinceMs, lane, text },
      ...(why === undefined ? {} : { why }),
      ...(lines === undefined ? {} : { lines }),
    })),
  };
}

export function report(detail: IncidentDetail): string {
  const rows = detail.timeline.map(
    (entry) => `- +${entry.sinceMs} ms **${entry.lane}** ${entry.text}`,
  );
  return [`# Incident ${detail.id}: ${detail.title}`, "", ...rows, ""].join("\n");
}
