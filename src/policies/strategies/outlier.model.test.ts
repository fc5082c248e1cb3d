// Plays random results and waits against the ejection: the share and the limits hold at every step.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { compose } from "../compose.ts";
import { outlierEjection } from "./outlier.ts";

const bad = new Error("bad");

test("never more hosts are out than the share of those known, 20,000 steps", async () => {
  const options = fc.record({
    seed: fc.nat(),
    maxEjectedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    consecutiveFailures: fc.integer({ min: 1, max: 5 }),
    maxHosts: fc.integer({ min: 1, max: 12 }),
  });
  const play = fc.asyncProperty(options, async ({ seed, ...given }) => {
    const random = seeded(seed);
    const rates = { minimumHosts: 3, minimumCalls: 3, factor: 1 };
    const clock = simClock();
    const common = { successRate: rates, forgetMs: 60_000, clock };
    const ejection = outlierEjection({ ...given, ...common });
    const api = compose({ clock }, ejection);
    let most = 0;
    for (let i = 0; i < 500; i++) {
      const host = `${Math.floor(random() * 16)}`;
      const ok = random() < 0.4;
      await api.tryRun(async () => (ok ? "ok" : Promise.reject(bad)), { key: host });
      if (i % 10 === 0) await clock.advance(random() * 20_000);
      const { known_hosts = 0, ejected_hosts = 0 } = ejection.figures?.() ?? {};
      assert.ok(ejected_hosts <= given.maxEjectedShare * known_hosts + 1e-9);
      assert.ok(known_hosts <= given.maxHosts);
      most = Math.max(most, ejected_hosts);
    }
    assert.ok(most > 0 || given.maxEjectedShare * given.maxHosts < 2, "some were out");
  });
  await fc.assert(play, { numRuns: 40, seed: 2 });
});
