// Logs with a real daemon: a line of a kind that was never there is told, and what is known is kept.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ServiceView } from "../../src/protocol/api.ts";
import { until } from "./support/project.ts";
import { project } from "./support/trial.ts";

const entry = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

test("the kinds of lines of standard input are shown, the most frequent first", () => {
  const input =
    "ERROR job 1 failed\nINFO up\nERROR job 2 failed\n    at x (/a.js:1:2)\nERROR job 3 fa";
  const args = ["--conditions=source", entry, "templates", "--json"];
  const { stdout } = spawnSync(process.execPath, args, { input, encoding: "utf8" });
  const rows: readonly Readonly<Record<string, unknown>>[] = JSON.parse(stdout);
  assert.deepEqual(
    rows.map(({ count, severity, text }) => [count, severity, text]),
    [
      [2, "error", "ERROR job <*> failed"],
      [1, "info", "INFO up"],
      [1, "error", "ERROR job <*> fa"],
    ],
  );
});

/** Writes what it always writes, and once what it finds in the file `say`. */
const talk = `i=0; while :; do i=$((i+1)); echo "INFO request $i took \${i}ms"
if mv say said 2>/dev/null; then cat said; fi; sleep 0.1; done`;
test("new kinds of lines are told in status, of instances and of files of others, and are kept", async (t) => {
  const idle = ["/bin/sh", "-c", "while :; do sleep 1; done"];
  const it = await project(t, () => ({
    services: { web: { command: ["/bin/sh", "-c", talk] }, front: { command: idle } },
    logs: { templates: { learn: "1s", calm: "1s" } },
    sources: { logs: [{ file: "nginx.log", service: "front" }] },
  }));
  const file = join(it.folder, "nginx.log");
  writeFileSync(file, "");
  const daemon = await it.up();
  await it.healthy();
  const service = async (name: string): Promise<ServiceView | undefined> =>
    (await it.view()).services.find((one) => one.name === name);
  await until("the usual lines are learnt", 30_000, async () => {
    appendFileSync(file, "2026/11/21 10:00:00 [notice] 7#7: signal process started\n");
    const both = await Promise.all([service("web"), service("front")]);
    return both.every((one) => one?.logs?.["log.new_templates"] === 0) ? true : undefined;
  });

  writeFileSync(join(it.folder, "said.new"), "ERROR db pool of 31 is gone, password=hunter2\n");
  renameSync(join(it.folder, "said.new"), join(it.folder, "say"));
  renameSync(file, `${file}.1`);
  appendFileSync(file, "2026/11/21 10:00:01 [crit] 7#7: *4 SSL_do_handshake() failed\n");
  const noteOf = (name: string): Promise<string> =>
    until(`${name} is told`, 30_000, async () => (await service(name))?.note);
  const [web, front] = await Promise.all([noteOf("web"), noteOf("front")]);
  assert.match(web, /^web: a line of severity error that its log never had \(1 kinds known after/);
  assert.match(web, /"ERROR db pool of <\*> is gone, password=\*\*\*"/);
  assert.doesNotMatch(web, /hunter2/);
  assert.match(front, /\[crit\] <\*>#<\*>: \*<\*> SSL_do_handshake/);
  const said = await it.cli("status");
  assert.match(said.out, /web\/1 +healthy.*ERROR db pool/);
  assert.deepEqual((await it.view()).incidents, [], "it is quiet");

  const { host = {} } = await it.view();
  assert.ok((host["host.memory_used"] ?? -1) > 0 && (host["host.memory_used"] ?? 2) < 1);
  assert.ok(Object.keys(host).some((name) => name.startsWith('host.disk_used{mount="')));
  const metrics = await until("its templates are counted", 30_000, async () => {
    const text = await (await fetch(`${it.url}/metrics`)).text();
    return /^homeostat_log_templates\{service="web"\} 2$/m.test(text) ? text : undefined;
  });
  assert.match(metrics, /^homeostat_host_memory_used_ratio 0\.\d/m);
  assert.match(metrics, /^homeostat_log_lines_per_second\{service="web",severity="info"\} \d/m);

  daemon.kill("SIGTERM");
  await until("the daemon has ended", 30_000, async () => daemon.exitCode ?? undefined);
  const kept = JSON.parse(readFileSync(join(it.state, "log-templates.json"), "utf8"));
  const severities = kept.services.web.templates.map(([first]: readonly string[]) => first);
  assert.deepEqual(severities.toSorted(), ["error", "info"]);
});
