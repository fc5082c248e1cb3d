// Dependencies, jobs and profiles as they are written, and what supervisor and loop are given.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../testing/sim-clock.ts";
import { judge } from "./load.ts";
import type { Resolved } from "./resolve.ts";

function load(services: object, profiles: readonly string[] = []): Promise<Resolved> {
  const env = { PATH: process.env.PATH };
  return judge({ services }, "homeostat.yaml", { folder: "/", env, clock: simClock(), profiles });
}

const idle = { command: "true" };

test("a list means ready, a map says what; the loop sees the names of both", async () => {
  const { policy, services } = await load({
    a: { ...idle, dependsOn: ["db"] },
    b: { ...idle, dependsOn: { db: { logged: "Ready" }, init: "completed", a: "ready" } },
    init: { ...idle, job: {} },
    db: idle,
  });
  assert.deepEqual(policy.services.a?.dependsOn, ["db"]);
  assert.deepEqual(policy.services.b?.dependsOn, ["db", "init", "a"]);
  assert.equal(services.a?.conditions, undefined);
  assert.deepEqual(services.b?.conditions, { db: { logged: "Ready" }, init: "completed" });
});

test("a job has its defaults; with a schedule it does not run at the start", async () => {
  const schedule = "*/5 * * * *";
  const { policy, services } = await load({
    init: { ...idle, job: {} },
    tick: { ...idle, job: { schedule, timezone: "UTC", timeLimit: "5m", overlap: "replace" } },
  });
  assert.deepEqual(services.init?.job, { onStart: true, timeLimitMs: 86_400_000 });
  assert.deepEqual(policy.services.init?.job, { retries: 2, overlap: "skip" });
  const { timetable, ...job } = services.tick?.job ?? {};
  assert.deepEqual(job, { onStart: false, timeLimitMs: 300_000 });
  assert.equal(timetable?.cron.text, schedule);
  assert.deepEqual(policy.services.tick?.job, {
    ...{ retries: 2, overlap: "replace", schedule: `${schedule} UTC` },
  });
});

test("services with profiles run with one of them, all others always", async () => {
  const services = {
    web: { ...idle, partOf: "backend" },
    mail: { ...idle, profiles: ["dev", "test"] },
    tool: { ...idle, profiles: ["dev"], dependsOn: ["mail"] },
  };
  const names = async (...profiles: string[]) =>
    Object.keys((await load(services, profiles)).policy.services);
  assert.deepEqual(await names(), ["web"]);
  assert.deepEqual(await names("test"), ["web", "mail"]);
  assert.deepEqual(await names("dev", "test"), ["web", "mail", "tool"]);
  await assert.rejects(names("dve"), /--profile {2}expected "dev", got "dve"/);
});
