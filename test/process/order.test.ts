// Order among real processes: conditions, jobs, groups and profiles, and what people stop.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Event } from "../../src/model/event.ts";
import type { ServiceView } from "../../src/protocol/api.ts";
import type { ServiceConfig } from "../../src/wiring/config.ts";
import { exited, type Project, until } from "./support/project.ts";
import { project, service, subjects } from "./support/trial.ts";

/** Most of a test is waiting, so that all may wait together. */
const side = { concurrency: 6, timeout: 90_000 };

const shell = (line: string, over: Partial<ServiceConfig> = {}): ServiceConfig => ({
  ...{ command: ["/bin/sh", "-c", line], restart: { backoff: { first: "100ms" } } },
  ...over,
});
const idle = (over: Partial<ServiceConfig> = {}): ServiceConfig => shell("exec sleep 600", over);

function one(
  here: Project,
  name: string,
  fits: (it: ServiceView) => boolean,
): Promise<ServiceView> {
  return until(`${name} is as it should be`, 30_000, async () => {
    const found = (await here.view()).services.find((it) => it.name === name);
    return found && fits(found) ? found : undefined;
  });
}

const at = (events: readonly Event[], type: Event["type"], subject: string): number =>
  events.findIndex((it) => it.type === type && it.subject === subject);

/** What an order is refused with. */
async function refusal(here: Project, path: string): Promise<string> {
  const { status, body } = await here.post(`/api/services/${path}`);
  assert.ok(status === 404 || status === 409, `${status}`);
  return JSON.stringify(body);
}

async function replays(here: Project): Promise<void> {
  const { code, out, err } = await here.cli("replay");
  assert.equal(code, 0, err);
  assert.match(out, /byte for byte/);
}

describe("order", side, () => {
  test("each service starts when what it waits for is there, and ends before it", async (t) => {
    const here = await project(t, (folder) => ({
      services: {
        web: idle({ dependsOn: { migrate: "completed", cache: { logged: "Ready to accept" } } }),
        migrate: shell(`until [ -e ${folder}/go ]; do sleep 0.05; done; echo done`, { job: {} }),
        cache: shell("echo starting; sleep 0.4; echo Ready to accept all; exec sleep 600"),
        queue: idle({ dependsOn: { cache: "started" } }),
      },
    }));
    const daemon = await here.up();
    const waiting = await one(
      here,
      "web",
      ({ note = "" }) => /cache/.test(note) === false && /waits/.test(note),
    );
    assert.match(waiting.note ?? "", /waits for migrate to have completed; so far for \d/);
    assert.match((await here.view()).verdict.text, /web waits for migrate to have completed/);
    writeFileSync(join(here.folder, "go"), "");
    await here.healthy();
    const events = here.journal();
    const started = (name: string): number => at(events, "instance.started", `${name}/1`);
    assert.ok(started("web") > at(events, "instance.exited", "migrate/1"));
    assert.ok(started("queue") < at(events, "instance.exited", "migrate/1"));
    assert.equal(subjects(events, "symptom.raised").length, 0, "its end is no crash");
    daemon.kill("SIGTERM");
    assert.equal(await exited(daemon, 20_000), 0);
    const all = here.journal();
    const end = (name: string): number => at(all, "instance.exited", `${name}/1`);
    assert.ok(end("web") < all.findLastIndex((it) => it.type === "instance.stopping"));
    assert.ok(end("web") < at(all, "instance.stopping", "cache/1"));
    assert.deepEqual(here.marked(), []);
    assert.match(here.log(), /web goes on: it waited for/);
    await replays(here);
  });

  test("a job that fails is tried again, then told; who waits for it says why", async (t) => {
    const here = await project(t, (folder) => ({
      services: {
        web: idle({ dependsOn: { migrate: "completed" } }),
        migrate: shell(`echo no table; echo run >> ${folder}/runs; exit 3`, {
          job: { retries: 1 },
        }),
      },
    }));
    await here.up();
    const { job } = await one(here, "migrate", (it) => it.job?.state === "failed");
    assert.deepEqual(
      { code: job?.last?.code, attempts: job?.last?.attempts, lines: job?.last?.lastLines },
      { code: 3, attempts: 2, lines: ["no table"] },
    );
    await one(here, "web", ({ note = "" }) => /migrate to have completed \(it failed/.test(note));
    const { incidents } = await here.view();
    assert.deepEqual(
      incidents.map(({ title }) => title),
      ["migrate failed: exit code 3"],
    );
    const failed = await here.cli("run", "migrate");
    assert.equal(failed.code, 75);
    assert.match(failed.err, /migrate failed: exit code 3 \(.*2 runs\)/);
    assert.equal(readFileSync(join(here.folder, "runs"), "utf8").split("\n").length, 5);
    await replays(here);
  });
  test("run by people, told with their last lines, ended by their time limit", async (t) => {
    const here = await project(t, () => ({
      services: {
        report: shell("echo 42 rows", { job: { onStart: false } }),
        endless: idle({ job: { onStart: false, timeLimit: "300ms", retries: 0 } }),
        tick: shell("echo tick", { job: { schedule: "* * * * *" } }),
        lasting: idle({ job: { onStart: false } }),
        web: idle(),
      },
    }));
    await here.up();
    const { job } = await one(here, "tick", (it) => it.job?.nextAt !== undefined);
    const inMs = Date.parse(job?.nextAt ?? "") - Date.now();
    assert.ok(inMs > -5_000 && inMs <= 60_000, `in ${inMs} ms`);
    assert.equal((await one(here, "report", () => true)).job?.state, "idle");
    const ran = await here.cli("run", "report");
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /42 rows[\s\S]*report completed: exit code 0 \(.*1 run\)/);
    await here.post("/api/services/endless/run");
    const late = await one(here, "endless", (it) => it.job?.last !== undefined);
    assert.equal(late.job?.last?.text, "ended after its time limit of 300 ms");
    assert.match(await refusal(here, "web/run"), /web is no job: homeostat start web/);
    const [first, second] = await Promise.all([
      here.post("/api/services/lasting/run"),
      here.post("/api/services/lasting/run"),
    ]);
    assert.deepEqual([first.status, second.status].toSorted(), [200, 409]);
    assert.equal(subjects(here.journal(), "symptom.raised").join(), "endless/1");
  });

  test("a job goes on over the death of the daemon, and its end is its own", async (t) => {
    const here = await project(t, (folder) => ({
      services: {
        long: shell(`echo run >> ${folder}/runs; until [ -e ${folder}/go ]; do sleep 0.05; done`, {
          job: {},
        }),
        after: idle({ dependsOn: { long: "completed" } }),
      },
    }));
    const daemon = await here.up();
    await one(here, "long", (it) => it.job?.state === "running");
    daemon.kill("SIGKILL");
    await exited(daemon, 5_000);
    const again = await here.up();
    await one(here, "long", (it) => it.job?.state === "running");
    writeFileSync(join(here.folder, "go"), "");
    const done = await one(here, "long", (it) => it.job?.last !== undefined);
    assert.equal(done.job?.last?.result, "completed");
    await one(here, "after", (it) => it.health === "healthy");
    again.kill("SIGKILL");
    await exited(again, 5_000);
    await here.up();
    await here.healthy();
    assert.equal(readFileSync(join(here.folder, "runs"), "utf8"), "run\n", "it ran once");
    await replays(here);
  });
  test("stop a group, which stays down over the death of the daemon, and start it", async (t) => {
    const here = await project(t, () => ({
      services: {
        web: service({ dependsOn: ["api"], partOf: "backend" }),
        api: service({ partOf: "backend" }),
        other: service({ dependsOn: ["api"] }),
      },
    }));
    const daemon = await here.up();
    await here.healthy();
    const stopped = await here.cli("stop", "backend");
    assert.equal(stopped.code, 0, stopped.err);
    assert.match(stopped.out, /web is stopped[\s\S]*api is stopped[\s\S]*other depends on api/);
    const down = (): readonly string[] =>
      here.marked().flatMap((it) => (it.leader ? it.target : []));
    assert.equal(
      down().some((target) => /web|api/.test(target)),
      false,
    );
    const view = await one(here, "web", (it) => it.health === "stopped");
    assert.equal(view.stopped?.by, "cli");
    assert.match((await here.cli("status")).out, /api +api\/1 +stopped .*stopped by cli, .* ago/);
    daemon.kill("SIGKILL");
    await exited(daemon, 5_000);
    const again = await here.up();
    await one(here, "other", (it) => it.health === "healthy");
    again.kill("SIGTERM");
    await exited(again, 20_000);
    await here.up();
    await one(here, "web", (it) => it.health === "stopped");
    assert.match(here.log(), /web stays stopped, as cli wants it/);
    assert.match(await refusal(here, "web/restart"), /web was stopped by cli/);
    const started = await here.cli("start", "backend");
    assert.match(started.out, /api is ready[\s\S]*web is ready/);
    await here.healthy();
    const restarted = await here.post("/api/services/backend/restart");
    assert.match(
      JSON.stringify(restarted.body),
      /api\/1 replaced and ready.*web\/1 replaced and ready/,
    );
    assert.match(await refusal(here, "bakend/stop"), /no service bakend; .*groups: backend/);
    await replays(here);
  });

  test("choose profiles", async (t) => {
    const here = await project(t, () => ({
      services: { web: idle(), mail: idle({ profiles: ["dev"] }) },
    }));
    const checked = await here.cli("check", "--profile", "dev");
    assert.match(checked.out, /mail/);
    const wrong = await here.cli("up", "--profile", "dve");
    assert.equal(wrong.code, 78);
    assert.match(wrong.err, /--profile +expected "dev", got "dve"/);
  });
});
