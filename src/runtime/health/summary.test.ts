// Liveness, readiness, startup and health as a whole, each with its own rule.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import type { CheckAnswer } from "../parts/health.ts";
import { createHealth } from "./health.ts";

test("liveness, readiness and startup are told apart", async () => {
  const clock = simClock();
  const health = createHealth({ clock, random: () => 0 });
  const answers: Record<string, CheckAnswer> = { loop: true, db: false, migrated: false };
  const add = (name: string, kinds: readonly ("live" | "ready" | "startup")[]): void => {
    health.register(name, () => answers[name], { intervalMs: 100, kinds });
  };
  add("loop", ["live"]);
  add("db", ["ready"]);
  add("migrated", ["startup"]);
  const oks = (): string =>
    (["live", "ready", "startup", "health"] as const)
      .filter((kind) => health.summary(kind).ok)
      .join(" ");
  assert.equal(oks(), "live", "nobody has looked: alive, not ready");
  health.start();
  await clock.advance(50);
  assert.equal(oks(), "live", "a dependency that is down is no reason to be restarted");
  answers.migrated = true;
  answers.db = true;
  await clock.advance(100);
  assert.equal(oks(), "live ready startup health");
  answers.migrated = false;
  answers.loop = false;
  await clock.advance(100);
  assert.equal(oks(), "ready startup", "a start that is over stays over");
  assert.deepEqual(
    health.summary("live").checks.map(({ name }) => name),
    ["loop"],
  );
  assert.equal(health.summary("live").reason, "loop is unhealthy: the check answered false");
});

test("what is not critical never fails the whole; degraded counts as healthy; both are shown", async () => {
  const health = createHealth({ clock: simClock() });
  health.register("db", () => true);
  health.register("mail", () => false, { critical: false });
  await Promise.all(health.list().map(({ name }) => health.check(name)));
  assert.deepEqual(pick(health.summary("health")), [
    true,
    "degraded",
    "mail is unhealthy: the check answered false",
  ]);
  health.register("disk", () => ({ status: "degraded", reason: "9 % free" }));
  await health.check("disk");
  assert.equal(health.healthy, true);
  assert.match(health.summary("ready").reason ?? "", /^disk is degraded: 9 % free; mail is/);
});

test("a start is over when its critical checks were well once, whatever the others say", async () => {
  let dbUp = true;
  const health = createHealth({ clock: simClock() });
  health.register("mail", () => false, { critical: false });
  health.register("db", () => dbUp);
  for (const { name } of health.list()) await health.check(name);
  dbUp = false;
  assert.equal((await health.check("db")).status, "unhealthy");
  assert.equal(health.summary("startup").ok, true);
  assert.equal(health.summary("ready").ok, false);
});

test("out of traffic is a reason of its own, until every holder has let go", () => {
  const health = createHealth({ clock: simClock() });
  assert.deepEqual(pick(health.summary("ready")), [true, "healthy", undefined]);
  const drain = health.unready("drained by the daemon");
  const pause = health.unready("paused");
  drain[Symbol.dispose]();
  drain[Symbol.dispose]();
  assert.deepEqual(pick(health.summary("ready")), [false, "unhealthy", "paused"]);
  assert.equal(health.summary("live").ok, true);
  pause[Symbol.dispose]();
  assert.equal(health.summary("ready").ok, true);
});

function pick(summary: { ok: boolean; status: string; reason?: string }): unknown[] {
  return [summary.ok, summary.status, summary.reason];
}
