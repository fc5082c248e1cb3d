// What a config may say about logs: every wrong value is told with its place, and defaults are filled in.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { simClock } from "../testing/sim-clock.ts";
import { judge } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { Resolved } from "./resolve.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-logs-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "ca.pem"), "");

function load(logs: unknown, own?: unknown): Promise<Resolved> {
  const web = { command: "sleep 5", ...(own === undefined ? {} : { logs: own }) };
  const config = { ...(logs === undefined ? {} : { logs }), services: { web } };
  const { PATH } = process.env;
  return judge(config, "homeostat.json", { folder, env: { PATH }, clock: simClock() });
}

test("without a word there are bounds", async () => {
  const { logs } = await load(undefined);
  const { web } = logs.services;
  assert.deepEqual(web, {
    ...{ sizeBytes: 50_000_000, ageMs: 604_800_000, keep: 10 },
    ...{ totalBytes: 1_000_000_000, rate: 1_000, forward: true },
    templates: { on: true, rate: 2_000, learnMs: 3_600_000, from: "warn", calmMs: 30_000 },
  });
  assert.deepEqual(logs.forward, []);
});

test("a service's own word wins; addresses get their usual ports", async () => {
  const forward = [
    { syslog: "udp://127.0.0.1" },
    { syslog: "tls://[::1]:6515", ca: "ca.pem" },
    { stdout: "json" },
  ];
  const all = { size: "64MiB", keep: 3, age: "1d", total: "2GB", rate: 5, forward };
  const templates = { learn: "1m", from: "any" };
  const { logs } = await load(
    { ...all, templates: { calm: 0, learn: "2m" } },
    { keep: 4, total: "1GiB", forward: false, templates },
  );
  assert.deepEqual(logs.services.web, {
    ...{ sizeBytes: 67_108_864, ageMs: 86_400_000, keep: 4 },
    ...{ totalBytes: 1_073_741_824, rate: 5, forward: false },
    templates: { on: true, rate: 2_000, learnMs: 60_000, from: "any", calmMs: 0 },
  });
  assert.equal(logs.totalBytes, 2e9);
  const caFile = join(folder, "ca.pem");
  assert.deepEqual(logs.forward, [
    { kind: "syslog", protocol: "udp", host: "127.0.0.1", port: 514 },
    { kind: "syslog", protocol: "tls", host: "::1", port: 6_515, caFile },
    { kind: "stdout", json: true },
  ]);
});

const bad: readonly (readonly [logs: unknown, own: unknown, path: string, told: RegExp])[] = [
  [{ size: "5" }, undefined, "logs.size", /an amount such as "50MB"/],
  [{ size: "0KB" }, undefined, "logs.size", /from 1KB/],
  [{ keep: -1 }, undefined, "logs.keep", /from 0 to 10000/],
  [{ age: "1s" }, undefined, "logs.age", /from 1m/],
  [{ rate: 0 }, undefined, "logs.rate", /from 1 to/],
  [{ total: "1MB" }, undefined, "logs.total", /at least size, "50MB".*"1MB"/],
  [undefined, { size: "2GB" }, "services.web.logs.size", /at most total, "1GB".*"2GB"/],
  [undefined, { forward: [] }, "services.web.logs.forward", /true or false/],
  [{ forward: {} }, undefined, "logs.forward", /a list of settings/],
  [{ forward: [{}] }, undefined, "logs.forward[0]", /one of syslog and stdout.*none/],
  [{ forward: [{ stdout: true, syslog: "udp://a" }] }, undefined, "logs.forward[0]", /both/],
  [{ forward: [{ syslog: "http://a" }] }, undefined, "logs.forward[0].syslog", /udp:\/\/logs/],
  [{ forward: [{ syslog: "udp://a:70000" }] }, undefined, "logs.forward[0].syslog", /udp:\/\/logs/],
  [{ forward: [{ stdout: false }] }, undefined, "logs.forward[0].stdout", /true or "json"/],
  [
    { forward: [{ syslog: "udp://a", ca: "x" }] },
    undefined,
    "logs.forward[0].ca",
    /begins with tls/,
  ],
  [
    { forward: [{ syslog: "tls://a", ca: "x" }] },
    undefined,
    "logs.forward[0].ca",
    /a file that exists/,
  ],
  [{ templates: { learn: "1ms" } }, undefined, "logs.templates.learn", /from 1s/],
  [undefined, { templates: { from: "all" } }, "services.web.logs.templates.from", /"any"/],
  [{ sise: "1MB" }, undefined, "logs.sise", /size/],
];

for (const [logs, own, path, told] of bad) {
  test(`${JSON.stringify(logs ?? own)} is told at ${path}`, async () => {
    const error = await load(logs, own).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof HomeostatError);
    const problems = error.details as readonly Problem[];
    assert.deepEqual(
      problems.map((it) => it.path),
      [path],
    );
    const [{ expected, got } = { expected: "", got: "" }] = problems;
    assert.match(`${expected} · ${got}`, told);
  });
}
