// The features of a route and their counters over the control socket: whole, or refused with the place.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FeatureStats, RouteFeatures } from "../../protocol/gateway-features.ts";
import { featureStats, features } from "./features.ts";

const all = {
  shed: {
    ...{ initial: 50, min: 1, max: 100, retryAfterMs: 2_000, usual: "normal", header: "x-p" },
    ...{ paths: [{ prefix: "/pay", priority: "high" }], exempt: ["/health"] },
  },
  faults: [
    {
      match: { path: "/a", method: "GET", header: { "x-user": "me" }, client: "::1" },
      ...{ share: 0.5, delayMs: 1, jitterMs: 1, abort: "cut", forMs: 5, untilAtMs: 9 },
    },
  ],
  shadow: { port: 80, share: 0.1, atOnce: 64, timeoutMs: 5_000 },
  accessLog: { file: "/a.log", sample: 0.01, slowMs: 1, errors: true, query: false },
} satisfies RouteFeatures;

const counted = {
  shed: { critical: 0, high: 1, normal: 2, low: 3 },
  limit: 40,
  faults: { delayed: 1, aborted: 2 },
  shadow: { sent: 3, failed: 2, dropped: 1 },
  accessLog: { written: 9, dropped: 0 },
} satisfies FeatureStats;

const copy = (value: object): Readonly<Record<string, unknown>> =>
  JSON.parse(JSON.stringify(value));

test("what is said arrives, and nothing where nothing is said", () => {
  assert.deepEqual(features(copy(all), "route"), all);
  assert.deepEqual(features({}, "route"), {});
  assert.deepEqual(featureStats(copy(counted), "stats"), counted);
  assert.deepEqual(featureStats({}, "stats"), {});
});

test("each wrong value is refused with its place", () => {
  const refused = (over: object, place: RegExp): void => {
    const error = { code: "WIRE_SHAPE", message: place };
    assert.throws(() => features({ ...copy(all), ...over }, "r"), error);
  };
  refused({ shed: { ...all.shed, usual: "most" } }, /^r\.shed\.usual/);
  refused({ shed: { ...all.shed, min: 0 } }, /^r\.shed\.min/);
  refused({ shed: { ...all.shed, paths: [{ prefix: "/" }] } }, /^r\.shed\.paths\[0\]\.priority/);
  refused({ faults: [{ ...all.faults[0], share: 2 }] }, /^r\.faults\[0\]\.share/);
  refused({ faults: [{ ...all.faults[0], abort: 200 }] }, /^r\.faults\[0\]\.abort/);
  refused({ faults: [{ ...all.faults[0], match: { header: { a: 1 } } }] }, /match\.header\.a/);
  refused({ shadow: { ...all.shadow, port: 0 } }, /^r\.shadow\.port/);
  refused({ accessLog: { ...all.accessLog, errors: 1 } }, /^r\.accessLog\.errors/);
});
