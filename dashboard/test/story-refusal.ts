// The incidents where acting would be wrong: a common cause, and a config that only people can mend.
import type { Refusal } from "../../src/model/refusal.ts";
import type { IncidentDetail } from "../../src/protocol/api.ts";
import { because, type Line, tell } from "./story.ts";

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

/** Both payments fail at once: restarting would only make it worse, and that is said. */
export function commonCause(since: number, now: number): IncidentDetail {
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
