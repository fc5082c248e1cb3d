// The incidents of the fixture: a blocked event loop, a refusal, and a question to a person.
import type { Incident, IncidentState } from "../../src/model/incident.ts";
import type { Reason } from "../../src/model/reason.ts";
import type { Approval, Refusal } from "../../src/model/refusal.ts";
import type { IncidentDetail, IncidentView, TimelineEntry } from "../../src/protocol/api.ts";

type Line = readonly [
  sinceMs: number,
  lane: TimelineEntry["lane"],
  text: string,
  why?: Reason,
  lines?: readonly string[],
];

const because = (
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
function tell(draft: Draft, now: number): IncidentDetail {
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
      rung: 0,
      actions: actions.map((action) => ({
        ...action,
        incident: id,
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

const blockedStack = [
  "resizeThumbnail (/srv/shop/catalog/thumbnails.ts:88:14)",
  "renderGallery (/srv/shop/catalog/gallery.ts:41:22)",
  "Object.handler (/srv/shop/catalog/routes/products.ts:117:9)",
  "preHandlerCallback (/srv/shop/node_modules/fastify/lib/handleRequest.js:137:37)",
  "validate (/srv/shop/node_modules/fastify/lib/handleRequest.js:92:5)",
  "process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
];

export const verifyForMs = 30_000;
const actedAtMs = 5_140;
const healedAtMs = 8_020;

/** catalog/1 hangs; `since` is the first sign. */
export function hang(since: number, now: number): IncidentDetail {
  const endMs = healedAtMs + verifyForMs;
  const over = now >= since + endMs;
  const silent = because(
    "consecutive-failures",
    "3 of 3 probes of catalog/1 had no answer within 1 s",
    3,
    3,
  );
  const lines: readonly Line[] = [
    [
      3_020,
      "symptom",
      "catalog/1 does not answer: 3 probes in a row had no answer within 1 s",
      silent,
    ],
    [
      3_030,
      "symptom",
      "web answers slowly: joined here, because web depends on catalog",
      because("p95", "p95 of web is 1.9 s against a limit of 500 ms", 1_900, 500, "ms"),
    ],
    [
      3_410,
      "evidence",
      "Event loop blocked in resizeThumbnail (thumbnails.ts:88)",
      undefined,
      blockedStack,
    ],
    [3_440, "evidence", "CPU 99 % of one core, 184 MiB, 41 file descriptors"],
    [
      3_460,
      "diagnosis",
      "catalog/1 hangs: its event loop is blocked in resizeThumbnail",
      because("blocked-stack", "the same frame was on top in 5 of 5 samples", 5, 5),
    ],
    [
      3_470,
      "plan",
      "Restart catalog/1, then page a person",
      undefined,
      [
        "degrade catalog: not needed, catalog/2 answers",
        "rollback: nothing was changed in the last hour",
      ],
    ],
    [
      3_480,
      "guard",
      "Waits: catalog/2 is not ready yet after its deploy",
      because("one-at-a-time", "1 of 1 other instance of catalog is starting", 1, 0),
    ],
    [
      5_120,
      "guard",
      "Restart of catalog/1 is allowed",
      because("max-unhealthy", "1 of 2 instances would be down, 1 may be", 1, 1),
    ],
    [
      actedAtMs,
      "action",
      "Restart catalog/1",
      undefined,
      [
        "taken out of the gateway in 4 ms",
        "TERM, no exit within 2 s, KILL",
        "started in 210 ms",
        "ready after 660 ms",
      ],
    ],
    [
      healedAtMs,
      "verify",
      "catalog/1 answers again; it must stay healthy for 30 s",
      because("verify-window", "healthy so far against the window", 0, verifyForMs, "ms"),
    ],
    [
      endMs,
      "end",
      "Resolved: catalog/1 was healthy for 30 s after its restart",
      because("verify-window", "healthy for 30 s", verifyForMs, verifyForMs, "ms"),
    ],
  ];
  const waits: Refusal = {
    action: "restart",
    target: "catalog/1",
    why: because("one-at-a-time", "1 of 1 other instance of catalog is starting", 1, 0),
    untilMs: 5_120,
  };
  return tell(
    {
      id: "7",
      service: "catalog",
      title: "catalog/1 hangs: event loop blocked in resizeThumbnail",
      state: over ? "resolved" : "verifying",
      ...{ since, detectMs: 3_020, lines },
      ...(over ? { endedMs: endMs } : {}),
      actions: [{ id: "A9", kind: "restart", target: "catalog/1", state: "done" }],
      more: {
        refusals: [waits],
        ...(over
          ? {
              ending: because(
                "verify-window",
                "It was healthy for 30 s after its restart.",
                30,
                30,
              ),
            }
          : {}),
      },
    },
    now,
  );
}

/** Both payments fail at once: restarting would only make it worse, and that is said. */
export function commonCause(since: number, now: number): IncidentDetail {
  const refused: Refusal = {
    action: "restart",
    target: "payments/1",
    why: because(
      "max-unhealthy",
      "2 of 2 instances of payments are unhealthy; a restart may take away at most 1",
      2,
      1,
    ),
  };
  const lines: readonly Line[] = [
    [
      2_010,
      "symptom",
      "payments/1 fails its probe: 503, bank gateway timed out",
      because("consecutive-failures", "3 of 3 probes had a bad answer", 3, 3),
    ],
    [
      2_480,
      "symptom",
      "payments/2 fails its probe: 503, bank gateway timed out",
      because("consecutive-failures", "3 of 3 probes had a bad answer", 3, 3),
    ],
    [
      2_510,
      "evidence",
      "Last lines of payments/1",
      undefined,
      [
        "02:11:04.318 WARN  bank call took 5003 ms, attempt 1 of 3",
        "02:11:09.322 WARN  bank call took 5003 ms, attempt 2 of 3",
        "02:11:14.329 ERROR bank: ETIMEDOUT connect 203.0.113.7:443",
        "02:11:14.330 INFO  readiness: not ready (bank)",
      ],
    ],
    [
      2_530,
      "diagnosis",
      "All instances of payments are sick for the same reason: a common cause outside of it",
      because("common-cause", "2 of 2 instances within 5 s", 2, 2),
    ],
    [2_540, "plan", "Degrade payments; a restart is not on the ladder of a common cause"],
    [2_550, "guard", "Refused: restart of payments/1", refused.why],
    [
      2_560,
      "guard",
      "Degrade of payments is allowed",
      because("mode", "degrade runs in auto: 6 of 6 were verified", 6, 5),
    ],
    [
      2_570,
      "action",
      "Degrade payments: the gateway answers 503 with Retry-After at once",
      undefined,
      ["gateway confirmed in 3 ms"],
    ],
    [
      9_700,
      "verify",
      "web is healthy while payments is degraded",
      because("error-ratio", "errors of web", 0.004, 0.02, "ratio"),
    ],
    [
      221_000,
      "action",
      "Restore payments: its probes answer well again",
      undefined,
      ["gateway confirmed in 2 ms"],
    ],
    [
      231_000,
      "end",
      "Resolved: payments was healthy for 10 s",
      because("verify-window", "healthy for 10 s", 10_000, 10_000, "ms"),
    ],
  ];
  return tell(
    {
      id: "6",
      service: "payments",
      title: "payments fails on every instance: bank gateway timed out",
      state: "resolved",
      ...{ since, detectMs: 2_010, endedMs: 231_000, lines },
      actions: [
        { id: "A7", kind: "degrade", target: "payments", state: "done" },
        { id: "A8", kind: "restore", target: "payments", state: "done" },
      ],
      more: {
        refusals: [refused],
        ending: because(
          "verify-window",
          "payments was healthy for 10 s after the bank came back.",
          10,
          10,
        ),
      },
    },
    now,
  );
}

export const approvalMs = 300_000;

/** recommendations grows and grows; restarting it has not earned `auto` yet. */
export function asked(since: number, now: number): IncidentDetail {
  const lines: readonly Line[] = [
    [
      60_000,
      "symptom",
      "recommendations/1 uses more memory than it may",
      because("rss-limit", "812 MiB for 1 min", 851_443_712, 536_870_912, "bytes"),
    ],
    [60_310, "evidence", "812 MiB resident, 38 MiB a minute more, 62 file descriptors"],
    [60_330, "diagnosis", "recommendations/1 leaks memory; it ends in about 14 min"],
    [60_340, "plan", "Restart recommendations/1, then page a person"],
    [
      60_350,
      "guard",
      "Asks for approval: restart runs in suggest here",
      because("mode", "2 of 5 verified restarts that auto needs", 2, 5),
    ],
  ];
  return tell(
    {
      id: "8",
      service: "recommendations",
      title: "recommendations/1 leaks memory: 812 MiB of 512 MiB",
      state: "open",
      ...{ since, detectMs: 60_000, lines },
      actions: [],
    },
    now,
  );
}

export const approval = (askedAtMs: number): Approval => ({
  id: "P3",
  incident: "8",
  action: "restart",
  target: "recommendations/1",
  effect:
    "recommendations has one instance: for about 2 s the gateway answers 503 with Retry-After for it. No other service stops.",
  undo: "None is needed: the same version starts again with the same config.",
  askedAtMs,
  expiresAtMs: askedAtMs + approvalMs,
  state: "open",
});

/** A last resort that did not help: the pager's turn. */
export function escalated(since: number, now: number): IncidentDetail {
  return tell(
    {
      id: "4",
      service: "worker",
      title: "worker/1 exits at once: exit code 78, config error in worker.json",
      state: "closed",
      ...{ since, detectMs: 0, endedMs: 912_000 },
      lines: [
        [0, "symptom", "worker/1 exited with code 78", because("exit", "exit code", 78, 0, "code")],
        [9_000, "end", "Closed by anna: the key was put back", undefined],
      ],
      actions: [{ id: "A5", kind: "restart", target: "worker/1", state: "failed" }],
      more: { ending: because("operator", "Closed by anna.", 0, 0) },
    },
    now,
  );
}

export function report(detail: IncidentDetail): string {
  const rows = detail.timeline.map(
    (entry) => `- +${entry.sinceMs} ms **${entry.lane}** ${entry.text}`,
  );
  return [`# Incident ${detail.id}: ${detail.title}`, "", ...rows, ""].join("\n");
}
