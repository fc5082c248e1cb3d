// What a config says of logs of others and of error lines reaches the daemon, or is told with its place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { metrics, reading } from "../model/reading.ts";
import { simClock } from "../testing/sim-clock.ts";
import { detectorRules } from "./kinds.ts";
import { judge } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { Resolved } from "./resolve.ts";

function load(logs: unknown, limits = {}): Promise<Resolved> {
  const config = { services: { web: { command: "sleep 5", limits } }, sources: { logs } };
  const { PATH } = process.env;
  return judge(config, "homeostat.json", { folder: "/tmp", env: { PATH }, clock: simClock() });
}

async function problems(logs: unknown): Promise<readonly string[]> {
  const error = await load(logs).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HomeostatError);
  return (error.details as readonly Problem[]).map(({ path }) => path);
}

test("files are found from the folder of the config, and belong to a service of it", async () => {
  const web = { service: "web" };
  const { sources } = await load([
    { file: "nginx.log", ...web },
    { file: "/var/log/x.log", ...web },
  ]);
  const files = sources.logs.map(({ file }) => file);
  assert.deepEqual(files, ["/tmp/nginx.log", "/var/log/x.log"]);
  assert.deepEqual(await problems([{ file: "a.log", service: "wab" }]), [
    "sources.logs[0].service",
  ]);
  assert.deepEqual(await problems([{ file: "a.log" }]), ["sources.logs[0].service"]);
});

test("so many error lines a second are a symptom when the config says so, and no other kind is", async () => {
  const { policy } = await load([], { errorLines: 2, for: "10s" });
  const rules = detectorRules()(policy, "web").filter(({ metric }) => metric.startsWith("log."));
  assert.deepEqual(rules.map(({ metric, of }) => [metric, of]).toSorted(), [
    ['log.lines{severity="error"}', "service"],
    ["log.new_templates", "service"],
  ]);
  const [rule] = rules.filter(({ metric }) => metric.startsWith("log.lines"));
  let state = rule?.detector.initial;
  const found = [0, 5, 10].map((second) => {
    const it = reading("web", metrics.logLines, 3, second * 1_000);
    const [next, finding] = rule?.detector.observe(state, it) ?? [state, undefined];
    state = next;
    return finding;
  });
  const last = found.at(-1);
  assert.ok(last?.sick && last.kind === "errors");
  assert.match(last.why.text, /^error lines a second in its log 3\.0, over 2\.0 for 10\.0 s$/);
});
