// Tests of the readings made from two looks at the gateway's counters.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import type { Reading } from "../model/reading.ts";
import { type GatewayStats, type InstanceStats, latencyBucketsMs } from "../protocol/gateway.ts";
import { simClock } from "../testing/sim-clock.ts";
import { gatewaySource, quantile, readingsOf, trafficBetween } from "./gateway.ts";

function counts(buckets: Readonly<Record<number, number>>): number[] {
  return Array.from({ length: latencyBucketsMs.length + 1 }, (_, i) => buckets[i] ?? 0);
}

function instance(name: string, over: Partial<InstanceStats> = {}): InstanceStats {
  const zero = {
    requests: 0,
    failures: 0,
    broken: 0,
    inflight: 0,
    ejections: 0,
    connections: 0,
    statuses: [0, 0, 0, 0, 0],
    latency: counts({}),
  };
  return { instance: name, ...zero, ...over };
}

function stats(...instances: InstanceStats[]): GatewayStats {
  return { version: 1, routes: [], instances };
}

/** "web/1 gateway.requests" → value. */
function values(readings: readonly Reading[]): Record<string, number> {
  return Object.fromEntries(readings.map((r) => [`${r.target} ${r.metric}`, r.value]));
}

test("a quantile is interpolated inside its bucket", () => {
  const [first = 0, second = 0] = latencyBucketsMs;
  assert.equal(quantile(counts({}), 0.5), undefined);
  assert.equal(quantile(counts({ 0: 10 }), 0.5), first / 2);
  assert.equal(quantile(counts({ 0: 10 }), 1), first);
  assert.equal(quantile(counts({ 0: 50, 1: 50 }), 0.75), first + (second - first) / 2);
  assert.equal(quantile(counts({ 1: 4 }), 0.5), first + (second - first) / 2);
});

test("a quantile above all buckets is the highest bound", () => {
  const above = latencyBucketsMs.length;
  assert.equal(quantile(counts({ 0: 1, [above]: 9 }), 0.99), latencyBucketsMs.at(-1));
});

test("traffic is the difference, and a service is the sum of its instances", () => {
  const before = stats(
    instance("web/1", { requests: 100, failures: 5, latency: counts({ 3: 100 }) }),
    instance("web/2", { requests: 40, latency: counts({ 3: 40 }) }),
  );
  const now = stats(
    instance("web/1", { requests: 110, failures: 7, inflight: 2, latency: counts({ 3: 110 }) }),
    instance("web/2", { requests: 70, broken: 1, inflight: 3, latency: counts({ 3: 40, 4: 30 }) }),
  );
  const traffic = trafficBetween(before, now);
  assert.deepEqual([...traffic.keys()], ["web/1", "web", "web/2"]);
  const web = traffic.get("web");
  assert.equal(web?.requests, 40);
  assert.equal(web?.failures, 2);
  assert.equal(web?.broken, 1);
  assert.equal(web?.inflight, 5);
  assert.deepEqual(web?.latency, counts({ 3: 10, 4: 30 }));
  assert.equal(traffic.get("web/1")?.requests, 10);
});

test("after a restart of the gateway the whole new value counts", () => {
  const before = stats(instance("web/1", { requests: 100, latency: counts({ 3: 100 }) }));
  const now = stats(instance("web/1", { requests: 100, failures: 4, latency: counts({ 5: 100 }) }));
  const web = trafficBetween(before, now).get("web/1");
  assert.equal(web?.requests, 100);
  assert.equal(web?.failures, 4);
  assert.deepEqual(web?.latency, counts({ 5: 100 }));
});

test("an instance that is new counts from zero", () => {
  const traffic = trafficBetween(stats(), stats(instance("web/1", { requests: 3 })));
  assert.equal(traffic.get("web/1")?.requests, 3);
});

test("readings are rates and shares; without requests there is no share and no latency", () => {
  const before = stats(instance("web/1"), instance("db/1", { requests: 9 }));
  const now = stats(
    instance("web/1", { requests: 50, failures: 3, broken: 2, latency: counts({ 0: 50 }) }),
    instance("db/1", { requests: 9, inflight: 1 }),
  );
  const readings = readingsOf(trafficBetween(before, now), 2_000, 77);
  const got = values(readings);
  assert.equal(got["web/1 gateway.requests"], 25);
  assert.equal(got["web/1 gateway.errors"], 0.1);
  assert.equal(got["web gateway.p50"], 0.25);
  assert.equal(got["db/1 gateway.requests"], 0);
  assert.equal(got["db gateway.inflight"], 1);
  assert.equal("db/1 gateway.errors" in got, false);
  assert.equal("db/1 gateway.p99" in got, false);
  assert.ok(readings.every((each) => each.atMs === 77));
});

test("the source compares with the last answer it had, over a failure too", async () => {
  const clock = simClock();
  const stop = new AbortController();
  const emitted: Record<string, number>[] = [];
  let requests = 0;
  const source = gatewaySource({
    async stats() {
      requests += 10;
      if (requests === 30) throw new Error("away");
      return stats(instance("web/1", { requests }));
    },
  });
  const done = source.start({
    ...{ clock, log: silentLog, signal: stop.signal },
    emit: (readings) => emitted.push(values(readings)),
  });
  await clock.advance(4_000);
  stop.abort();
  await done;
  const rates = emitted.map((each) => each["web gateway.requests"]);
  assert.deepEqual(rates, [10, 10]);
  assert.equal(requests, 40);
});
