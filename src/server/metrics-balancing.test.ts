// Ejections by instance, and interrupted requests by what they were.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createStats } from "../gateway/stats.ts";
import { balancingFamilies } from "./metrics-balancing.ts";

test("what was interrupted is told by method, stage and fate", () => {
  const stats = createStats();
  stats.instance("web/1").ejections = 2;
  const route = stats.route("web");
  route.interrupted["POST waiting lost"] = 3;
  route.spilled = 4;
  const told = balancingFamilies(stats.snapshot(1)).map(({ name, samples }) => [
    name,
    samples.map(({ labels, value }) => `${labels} ${value}`),
  ]);
  const post = 'service="web",method="POST",stage="waiting",fate="lost"';
  assert.deepEqual(told, [
    ["homeostat_gateway_ejections_total", ['service="web",instance="web/1" 2']],
    ["homeostat_gateway_over_budget_total", ['service="web" 0']],
    ["homeostat_gateway_spilled_total", ['service="web" 4']],
    ["homeostat_gateway_interrupted_total", [`${post} 3`]],
  ]);
});
