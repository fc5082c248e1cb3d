// Services that run elsewhere are asked at their period, and whoever waits for them is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import type { Probe } from "../probes/probe.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import { createExternals } from "./external.ts";

function scene() {
  const clock = simClock();
  const told: Reading[] = [];
  let answer: "good" | "bad" | "broken" = "bad";
  let asked = 0;
  const probe: Probe = {
    name: "fake",
    check: async ({ target }) => {
      asked += 1;
      if (answer === "broken") throw new Error("no such program");
      return [reading(target, metrics.probe, answer === "good" ? 1 : 0, clock.now())];
    },
  };
  const schedule = { probe, periodMs: 10_000, timeoutMs: 1_000 };
  const externals = createExternals({
    services: [{ name: "db", probe: schedule }, { name: "front" }],
    ...{ clock, random: seeded(1), log: silentLog },
    observe: (readings) => void told.push(...readings),
  });
  const stop = new AbortController();
  const say = async (next: typeof answer, ms: number): Promise<boolean | undefined> => {
    answer = next;
    await clock.advance(ms);
    return externals.isReady("db");
  };
  return { ...{ externals, told, stop, say }, asked: () => asked };
}

test("it is ready when it has answered well, and asked no more often than was said", async () => {
  const { externals, say, asked, stop, told } = scene();
  assert.equal(externals.isReady("db"), false);
  externals.watch(stop.signal);
  assert.equal(await say("bad", 1_000), false);
  assert.equal(asked(), 1);
  assert.equal(await say("good", 10_000), true);
  assert.equal(asked(), 2);
  assert.deepEqual(
    told.map(({ target, value }) => [target, value]),
    [
      ["db", 0],
      ["db", 1],
    ],
  );
  stop.abort();
  await say("bad", 60_000);
  assert.equal(asked(), 2);
});

test("a probe that cannot ask holds nobody up, and is told as broken", async () => {
  const { externals, say, stop, told } = scene();
  externals.watch(stop.signal);
  assert.equal(await say("broken", 1_000), true);
  assert.deepEqual([told[0]?.metric, told[0]?.value], [metrics.probeWorks.name, 0]);
  assert.equal(await say("good", 10_000), true);
  assert.deepEqual([told[1]?.metric, told[1]?.value], [metrics.probeWorks.name, 1]);
  stop.abort();
});

test("what only a watcher tells of is waited for by nobody; what is here is not known", () => {
  const { externals } = scene();
  assert.equal(externals.isReady("front"), true);
  assert.equal(externals.isReady("web"), undefined);
});
