// Metrics of the daemon: what is counted of its events, and how the gateway's buckets become fewer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyState, type State } from "../controller/state.ts";
import type { Event } from "../model/event.ts";
import { type InstanceStats, latencyBucketsMs } from "../protocol/gateway.ts";
import type { Family } from "../protocol/metric-family.ts";
import { expositionOf } from "../protocol/metric-text.ts";
import { createCounts } from "./metrics-count.ts";
import { gatewayFamilies } from "./metrics-gateway.ts";
import { gather } from "./metrics-parts.ts";

const line = (families: readonly Family[], series: string): string | undefined =>
  expositionOf(families, "prometheus")
    .split("\n")
    .find((it) => it.startsWith(`homeostat_${series} `))
    ?.slice(series.length + 11);

let seq = 0;
const event = (type: string, subject: string, data: object, incident?: string): Event => {
  seq += 1;
  const of = incident === undefined ? {} : { incident };
  return { seq, type, subject, atMs: seq * 1_000, time: "", data, ...of } as Event;
};

test("starts after the first, ends, actions, refusals and healing times are counted", () => {
  const counts = createCounts(["web/2"]);
  const incident = { sinceMs: 0, actions: [{ id: "A1", kind: "restart" }] };
  const state = { ...emptyState, incidents: { 1: incident } } as unknown as State;
  const exit = { expected: false };
  const events = [
    ...["web/1", "web/1", "web/2"].map((it) => event("instance.started", it, {})),
    event("instance.exited", "web/1", exit),
    event("action.judged", "web/1", { action: "A1", result: "verified" }, "1"),
    event("action.failed", "web/1", { action: "A9" }, "1"),
    event("guard.refused", "web/1", { why: { rule: "budget" } }, "1"),
    event("incident.opened", "web", {}, "1"),
    event("incident.resolved", "web", {}, "1"),
  ];
  counts.note(events, state);
  const said = (series: string): string | undefined => line(counts.families(), series);
  assert.equal(said('instance_restarts_total{service="web",replica="1"}'), "1");
  assert.equal(said('instance_restarts_total{service="web",replica="2"}'), "1");
  assert.equal(said('instance_exits_total{service="web",replica="1",expected="false"}'), "1");
  assert.equal(said('actions_total{kind="restart",result="verified"}'), "1");
  assert.equal(said('actions_total{kind="other",result="failed"}'), "1");
  assert.equal(said('actions_total{kind="page",result="verified"}'), "0");
  assert.equal(said('guard_refused_total{rule="budget"}'), "1");
  assert.equal(said('incidents_ended_total{result="resolved"}'), "1");
  assert.equal(said('healing_seconds_bucket{le="10.0"}'), "1");
  assert.equal(said("healing_seconds_sum"), "9");
});

test("rules that are made up do not make series without end", () => {
  const counts = createCounts([]);
  const refusals = Array.from({ length: 1_000 }, (_, i) =>
    event("guard.waits", "web/1", { why: { rule: `rule-${i}` } }),
  );
  counts.note(refusals, emptyState);
  const waits = counts.families().find(({ name }) => name === "homeostat_guard_waits_total");
  assert.equal(waits?.samples.length, 65);
  assert.equal(line(counts.families(), 'guard_waits_total{rule="other"}'), "936");
});

test("what an instance took is in the bucket of its time, and adds up over a service", () => {
  const at = (ms: number): InstanceStats => {
    const latency = new Array<number>(latencyBucketsMs.length + 1).fill(0);
    const found = latencyBucketsMs.findIndex((bound) => ms <= bound);
    latency[found < 0 ? latencyBucketsMs.length : found] = 1;
    const none = {
      requests: 1,
      failures: 0,
      broken: 0,
      inflight: 2,
      ejections: 0,
      connections: 3,
      statuses: [0, 1, 0, 0, 0],
    };
    return { instance: "web/1", latency, ...none };
  };
  const instances = [0.4, 0.5, 0.6, 90, 40_000, 90_000].map(at);
  const families = gatewayFamilies({ version: 1, routes: [], instances });
  const count = (le: string): string | undefined =>
    line(families, `gateway_latency_seconds_bucket{service="web",le="${le}"}`);
  assert.deepEqual(["0.0005", "0.001", "0.064", "0.128", "32.768", "+Inf"].map(count), [
    "2",
    "3",
    "3",
    "4",
    "4",
    "6",
  ]);
  assert.equal(line(families, 'gateway_inflight{service="web"}'), "12");
  assert.equal(line(families, 'gateway_answers_total{service="web",class="2xx"}'), "6");
  const connections = 'gateway_instance_connections{service="web",instance="web/1"}';
  assert.equal(line(families, connections), "3");
  assert.equal(line(gatewayFamilies(undefined), "gateway_up"), "0");
});

test("a value on a bound is below it", () => {
  const some = gather([1, 2]);
  for (const value of [1, 1.5, 2, 3]) some.observe(value);
  assert.deepEqual([some.counts, some.sum], [[1, 2, 1], 7.5]);
});
