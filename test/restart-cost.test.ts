// What restarts have cost is kept, shown, and told by the plan that restarts again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistory } from "../src/server/history.ts";
import { stateView } from "../src/server/views.ts";
import { story } from "./support/story.ts";

test("a plan that restarts says what that is expected to cost", () => {
  const it = story({
    services: { web: { command: ["web"], port: 1, probe: { http: "/", failures: 3 } } },
    healing: { mode: "auto" },
  });
  const requests = { lost: 1, held: 5, repeated: 1 };
  const data = { awayMs: 1_200, startMs: 900, cpuMs: 700, requests };
  it.emit({ type: "restart.cost", subject: "web/1", data });
  it.sick("web/1", "status 500");
  it.pass(3);
  const seen = { kind: "blocked-stack", target: "web/1", summary: "idle", lines: [], tookMs: 5 };
  const evidence = { ...seen, kind: "blocked-stack", blocked: false } as const;
  it.emit({ type: "evidence.captured", subject: "web/1", incident: "1", data: evidence });
  assert.match(
    it.incident().plan?.rungs[0]?.why.text ?? "",
    /a restart of it costs about 1.2 s until ready, 1 requests lost, 6 late, 0.7 s of CPU \(mean of 1\)$/,
  );
  const view = stateView({
    ...{ mind: it.mind, history: createHistory(), nowMs: it.nowMs, version: "0", ports: {} },
  });
  const { awayMs, startMs, cpuMs } = data;
  assert.deepEqual(view.services[0]?.restartCost, {
    ...{ restarts: 1, awayMs, startMs, cpuMs },
    ...requests,
  });
});
