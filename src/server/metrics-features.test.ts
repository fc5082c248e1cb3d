// The counters of features as metrics: their labels, and none for what a route does not have.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouteStats } from "../protocol/gateway.ts";
import { featureFamilies } from "./metrics-features.ts";

test("each feature has its figures, and routes without it are not named", () => {
  const web = {
    ...{ service: "web", limit: 40, shed: { critical: 0, high: 1, normal: 2, low: 3 } },
    ...{ faults: { delayed: 4, aborted: 5 }, shadow: { sent: 6, failed: 1, dropped: 0 } },
    accessLog: { written: 7, dropped: 8 },
  };
  const routes = [web, { service: "api" }] as unknown as readonly RouteStats[];
  const lines = featureFamilies(routes).flatMap(({ name, samples }) =>
    samples.map(({ labels, value }) => `${name} ${labels} ${value}`),
  );
  const of = (name: string, labels: string): string | undefined =>
    lines.find((line) => line.startsWith(`homeostat_gateway_${name} service="web"${labels} `));
  assert.match(of("shed_total", ',priority="low"') ?? "", / 3$/);
  assert.match(of("limit", "") ?? "", / 40$/);
  assert.match(of("faults_total", ',kind="aborted"') ?? "", / 5$/);
  assert.match(of("shadow_total", ',result="sent"') ?? "", / 6$/);
  assert.match(of("access_lines_total", ',result="dropped"') ?? "", / 8$/);
  assert.equal(lines.length, 12);
  assert.ok(lines.every((line) => line.includes('service="web"')));
  assert.deepEqual(featureFamilies([{ service: "api" }] as unknown as RouteStats[]), []);
});
