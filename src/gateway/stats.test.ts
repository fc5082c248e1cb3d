// Tests of the gateway's counters and its latency histogram.
import assert from "node:assert/strict";
import { test } from "node:test";
import { latencyBucketsMs, type Route } from "../protocol/gateway.ts";
import { addLatency, addStatus, bucketOf, createStats } from "./stats.ts";

test("a latency is counted in the first bucket whose bound it does not pass", () => {
  assert.equal(bucketOf(0), 0);
  for (const [i, bound] of latencyBucketsMs.entries()) {
    assert.equal(bucketOf(bound), i);
    assert.equal(bucketOf(bound + 0.001), i + 1);
  }
  assert.equal(bucketOf(1e9), latencyBucketsMs.length);
});

test("counters are kept by name, and a snapshot does not move with them", () => {
  const stats = createStats();
  addLatency(stats.instance("web/1"), 3);
  stats.instance("web/1").requests += 2;
  stats.route("web").held++;
  const snapshot = stats.snapshot(7);
  stats.instance("web/1").requests++;
  addLatency(stats.instance("web/1"), 3);
  assert.equal(snapshot.version, 7);
  assert.equal(snapshot.routes[0]?.held, 1);
  assert.equal(snapshot.instances[0]?.requests, 2);
  assert.equal(snapshot.instances[0]?.latency[bucketOf(3)], 1);
  assert.equal(snapshot.instances[0]?.latency.length, latencyBucketsMs.length + 1);
});

test("a status is counted with its class, and there are five classes whatever it is", () => {
  const counters = createStats().instance("web/1");
  for (const status of [100, 200, 204, 599, 600, 999, 42, 0]) addStatus(counters, status);
  assert.deepEqual(counters.statuses, [3, 2, 0, 0, 3]);
});

test("names that are gone are forgotten only when there are too many", () => {
  const stats = createStats();
  const live: Route = {
    ...{ service: "web", host: "127.0.0.1", port: 1, holdMs: 0, timeoutMs: 0 },
    upstreams: [{ instance: "web/1", port: 2, state: "ready" }],
  };
  stats.instance("web/1");
  stats.instance("old/1");
  stats.prune([live]);
  assert.equal(stats.snapshot(1).instances.length, 2);
  for (let i = 0; i < 2_000; i++) stats.instance(`old/${i}`);
  stats.prune([live]);
  const names = stats.snapshot(1).instances.map((counters) => counters.instance);
  assert.deepEqual(names, ["web/1"]);
});
