// The incident that needs an answer: a leak, and a restart that has not earned `auto` yet.
import type { Approval } from "../../src/model/refusal.ts";
import type { IncidentDetail } from "../../src/protocol/api.ts";
import { because, type Line, tell } from "./story.ts";

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
      "P3 asks: restart of recommendations/1?",
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
