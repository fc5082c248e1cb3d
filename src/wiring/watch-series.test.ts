// What is learnt of series outlives the daemon, and another version's or a torn file is left alone.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLog } from "../kernel/log.ts";
import type { Policy } from "../model/policy.ts";
import { metrics, reading } from "../model/reading.ts";
import { simClock } from "../testing/sim-clock.ts";
import { watchSeries } from "./watch-series.ts";

function scene(t: TestContext) {
  const stateFolder = mkdtempSync(join(tmpdir(), "homeostat-watch-"));
  t.after(() => rmSync(stateFolder, { recursive: true }));
  const file = join(stateFolder, "series.models");
  const warned: string[] = [];
  const log = createLog({
    ...{ level: "warn", wall: () => 0 },
    write: ({ message }) => void warned.push(message),
  });
  const policy = { services: { web: { name: "web", limits: {} } } } as unknown as Policy;
  const clock = simClock();
  /** A daemon that lives for so many minutes; how much it has learnt at the end. */
  const live = async (minutes: number): Promise<number> => {
    const stopped = new AbortController();
    const watching = watchSeries({ clock, log, stateFolder, policy });
    assert.ok(watching);
    watching.run({ subscribe: () => () => {} }, stopped.signal);
    let learnt = 0;
    for (let i = 0; i < minutes * 6; i++) {
      await clock.advance(10_000);
      const now = [reading("web", metrics.p95, 50 + (i % 7), clock.now())];
      for (const it of watching.take(now)) {
        if (it.metric === metrics.seriesLearnt.name) learnt = it.value;
      }
    }
    stopped.abort();
    return learnt;
  };
  return { file, warned, live };
}

test("the next daemon goes on where the last one ended, in the turn in which it did", async (t) => {
  const { file, warned, live } = scene(t);
  const first = await live(40);
  assert.ok(first > 0 && existsSync(file));
  const next = await live(4);
  assert.ok(next > first, `${next} after ${first}`);
  assert.deepEqual(warned, []);
});

test("a file of another version is begun anew, a torn one with a word", async (t) => {
  const { file, warned, live } = scene(t);
  const fresh = await live(4);
  const whole = readFileSync(file);
  writeFileSync(file, whole.toString("latin1").replace("adaptive", "another!"), "latin1");
  assert.equal(await live(4), fresh);
  assert.deepEqual(warned, []);
  writeFileSync(file, "{");
  assert.equal(await live(4), fresh);
  assert.equal(warned.length, 1);
});
