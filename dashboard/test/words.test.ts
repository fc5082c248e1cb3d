// The pure parts: figures, formats, decisions, advice and stacks.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimelineEntry } from "../../src/protocol/api.ts";
import { adviceFor } from "../src/advice.ts";
import { decisionOf } from "../src/decision.ts";
import { figuresOf } from "../src/figures.ts";
import { bytes, countdown, duration, figure, number, percent, sinceFirst } from "../src/format.ts";
import { parseFrame, starFrame } from "../src/stack.ts";
import { openShop } from "./shop.ts";
import { asked } from "./story-approval.ts";
import { hang } from "./story-hang.ts";
import { commonCause } from "./story-refusal.ts";

const at = Date.UTC(2025, 10, 21, 2, 0);

test("durations, sizes and shares are short and have units", () => {
  assert.deepEqual([340, 2_500, 200_000, 14_700_000].map(duration), [
    "340 ms",
    "2.5 s",
    "3 min 20 s",
    "4 h 5 min",
  ]);
  assert.deepEqual([0, 0.25, 4.83, 10, 212.4, 12_400].map(number), [
    "0",
    "0.25",
    "4.8",
    "10",
    "212",
    "12\u202f400",
  ]);
  assert.deepEqual([512, 1_048_576, 184_549_376].map(bytes), ["512 B", "1 MiB", "176 MiB"]);
  assert.deepEqual([0, 0.004, 0.1, 0.996, 1].map(percent), [
    "0 %",
    "0.4 %",
    "10 %",
    "100 %",
    "100 %",
  ]);
  assert.deepEqual([sinceFirst(3_020), sinceFirst(221_000)], ["+3.0 s", "+3 min 41 s"]);
  assert.deepEqual([countdown(257_300), countdown(-5)], ["4:18", "0:00"]);
  assert.equal(figure(2, "count"), "2");
});

test("a service's errors are weighed by requests and its p95 is the worst", () => {
  const [web] = openShop("calm", at).state(at).services;
  assert.ok(web !== undefined);
  const [one, two] = web.instances;
  assert.ok(one !== undefined && two !== undefined);
  const latest = (requests: number, errors: number, p95: number) => ({
    "gateway.requests": requests,
    "gateway.errors": errors,
    "gateway.p95": p95,
  });
  const busy = { ...one, latest: latest(90, 0, 20) };
  const idle = { ...two, latest: latest(10, 0.5, 70) };
  assert.deepEqual(figuresOf([{ ...web, instances: [busy, idle] }]), {
    ready: 2,
    well: 2,
    replicas: 2,
    requests: 100,
    p95: 70,
    errors: 0.05,
  });
  assert.deepEqual(figuresOf([{ ...web, instances: [{ ...one, latest: {} }] }]), {
    ready: 1,
    well: 1,
    replicas: 2,
  });
  const sick = { ...one, latest: {}, health: "sick" as const };
  assert.equal(figuresOf([{ ...web, instances: [sick] }]).ready, 1);
  assert.equal(figuresOf([{ ...web, instances: [sick] }]).well, 0);
});

test("refusals and waits are told from what is allowed", () => {
  const decisions = (detail: ReturnType<typeof hang>) =>
    detail.timeline.map((entry) => decisionOf(entry, detail.incident)).filter(Boolean);
  assert.deepEqual(decisions(hang("7", at, at + 60_000)), ["waits"]);
  assert.deepEqual(decisions(commonCause(at, at + 600_000)), ["refused"]);
  assert.deepEqual(decisions(asked(at, at + 90_000)), ["asks"]);
  const told = (lane: TimelineEntry["lane"], text: string) =>
    decisionOf({ seq: 1, time: "", sinceMs: 0, lane, text }, { refusals: [] });
  assert.equal(told("guard", "P3 denied by anna"), "refused");
  assert.equal(told("guard", "P3 approved by anna"), undefined);
  assert.equal(told("action", "A4 rollback of web: failed: no such version"), "failed");
  assert.equal(told("action", "A4 rollback of web: done"), undefined);
  assert.equal(told("verify", "A4 restart of web/1: not-helped"), "failed");
  assert.equal(told("end", "handed to a person"), "escalated");
  assert.equal(told("end", "resolved"), undefined);
  assert.equal(told("symptom", "web/1 no longer: ready again"), "cleared");
});

test("advice says whether a person is needed", () => {
  const idle = { approvals: [] };
  const healing = hang("7", at, at + 9_000);
  assert.equal(adviceFor(healing, idle).needed, false);
  assert.equal(adviceFor(hang("7", at, at + 60_000), idle).text, "No action needed.");
  const paused = { by: "anna", since: "", reason: "" };
  assert.equal(adviceFor(healing, { ...idle, paused }).needed, true);
  assert.equal(adviceFor({ ...healing, state: "escalated" }, idle).needed, true);
  const { approvals } = openShop("approval", at).state(at);
  assert.match(adviceFor(asked(at, at + 90_000), { approvals }).text, /recommendations\/1/);
  const [refusal] = commonCause(at, at).incident.refusals;
  assert.ok(refusal !== undefined);
  const standing = { ...refusal, sinceMs: at };
  const held = { ...healing, incident: { ...healing.incident, standing } };
  assert.match(adviceFor(held, idle).text, /was refused/);
  const waits = { ...standing, untilMs: 9 };
  const waiting = { ...healing, incident: { ...healing.incident, standing: waits } };
  assert.equal(adviceFor(waiting, idle).needed, false);
});

test("the application's first frame is the star", () => {
  const lines = [
    "Error: blocked",
    "    at node:internal/process/task_queues:105:5",
    "    at async Promise.all (/srv/node_modules/x/index.js:1:2)",
    "    at resize (/srv/shop/thumbs.ts:88:14)",
  ];
  assert.equal(starFrame(lines), 3);
  assert.deepEqual(parseFrame(lines[3] ?? ""), {
    name: "resize",
    place: "/srv/shop/thumbs.ts:88:14",
    foreign: false,
  });
  assert.equal(parseFrame("02:11:14 ERROR bank: ETIMEDOUT (again)"), undefined);
});
