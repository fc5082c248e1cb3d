// Who is left out for bad answers, for how long, and never too many of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Field, field, ready } from "../../../../test/support/gateway-instances.ts";
import type { OutlierBlock } from "../../../protocol/gateway-balancing.ts";
import type { Ending, EndingKind } from "../exchange.ts";
import type { Instance } from "../instance.ts";

const rules: OutlierBlock = {
  ...{ failures: 5, intervalMs: 10_000, firstMs: 10_000, maxMs: 60_000, maxShare: 0.5 },
};

const ended = (status: number, kind: EndingKind = "answered"): Ending => {
  const tally = { status, failed: status >= 500, broken: kind !== "answered", waitedMs: 1 };
  return { kind, text: "", tally };
};
const times = (n: number, up: Instance, ending: Ending): void => {
  for (let i = 0; i < n; i++) up.heard(ending);
};

function made(n: number, over: Partial<OutlierBlock> = {}): Field {
  const all = field();
  all.apply(ready(n), { outlier: { ...rules, ...over } });
  return all;
}

const out = ({ upstreams, clock }: Field): readonly string[] =>
  upstreams.filter((up) => up.isEjected(clock.now())).map(({ instance }) => instance);

test("five bad answers in a row leave an instance out; a good one between them does not", () => {
  const all = made(3);
  const [one, two] = all.upstreams;
  assert.ok(one && two);
  for (const kind of ["gone", "faulty", "stale", "handedOver"] as const) {
    times(9, two, ended(0, kind));
  }
  assert.deepEqual(out(all), [], "what is the client's doing says nothing");
  times(4, one, ended(500));
  times(1, one, ended(404));
  times(4, one, ended(502));
  assert.deepEqual(out(all), []);
  times(1, one, ended(0, "late"));
  assert.deepEqual(out(all), ["web/1"]);
  assert.equal(all.counters("web/1").ejections, 1);
  one.worked();
  assert.deepEqual(out(all), ["web/1"], "an answer does not end it");
});

test("each ejection in a row is longer, up to a bound; time among the others is forgiven", async () => {
  const all = made(3);
  const [one] = all.upstreams;
  assert.ok(one);
  const lengths: number[] = [];
  for (let i = 0; i < 8; i++) {
    times(5, one, ended(500));
    const from = all.clock.now();
    lengths.push(one.ejectedUntilMs - from);
    await all.clock.advance(one.ejectedUntilMs - from);
  }
  assert.deepEqual(
    lengths,
    [10, 20, 30, 40, 50, 60, 60, 60].map((s) => s * 1_000),
  );
  await all.clock.advance(40_000);
  times(5, one, ended(500));
  assert.equal(one.ejectedUntilMs - all.clock.now(), 30_000);
});

test("a success rate far below that of the others is left out at the end of an interval", async () => {
  const all = made(6, { failures: 0, successRate: { factor: 1.9, instances: 5, requests: 100 } });
  const round = (bad: number): void => {
    for (const [i, up] of all.upstreams.entries()) {
      for (let n = 0; n < 120; n++) up.heard(ended(i === 2 && n % 10 < bad ? 500 : 200));
    }
  };
  round(4);
  assert.deepEqual(out(all), []);
  await all.clock.advance(10_000);
  all.upstreams[0]?.heard(ended(200));
  assert.deepEqual(out(all), ["web/3"]);
  const few = made(4, { failures: 0, successRate: { factor: 1, instances: 5, requests: 1 } });
  times(9, few.instance("web/1"), ended(500));
  await few.clock.advance(10_000);
  for (const up of few.upstreams) up.heard(ended(200));
  assert.deepEqual(out(few), [], "too few to be compared");
});

test("without the block nothing but failed connections leaves an instance out", () => {
  const all = field();
  all.apply(ready(3));
  const [one] = all.upstreams;
  assert.ok(one);
  times(50, one, ended(500));
  assert.deepEqual(out(all), []);
  one.failed(0);
  assert.deepEqual([out(all), all.counters("web/1").ejections], [["web/1"], 1]);
});

const stepOf = fc.oneof(
  fc.record({ at: fc.nat(9), bad: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ at: fc.nat(9), good: fc.constant(1) }),
  fc.record({ waitMs: fc.nat(15_000) }),
  fc.record({ at: fc.nat(9), state: fc.constantFrom("ready", "spare", "draining") }),
);

test("however they answer, no more than the share is out, and never all", async () => {
  const play = fc.asyncProperty(
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom(0.2, 0.5, 1),
    fc.array(stepOf, { maxLength: 60 }),
    async (n, maxShare, steps) => {
      const successRate = { factor: 0.5, instances: 2, requests: 1 };
      const all = made(n, { failures: 3, maxShare, successRate });
      for (const step of steps) {
        const before = out(all);
        if ("waitMs" in step) await all.clock.advance(step.waitMs);
        else {
          const up = all.upstreams[step.at % n];
          if (!up) continue;
          if ("bad" in step) times(step.bad, up, ended(500));
          else if ("good" in step) up.heard(ended(200));
          else up.state = step.state as "ready";
        }
        const now = out(all);
        const fresh = now.filter((name) => !before.includes(name));
        const open = all.upstreams.filter(({ isOpen }) => isOpen);
        const outOpen = open.filter((up) => now.includes(up.instance)).length;
        if (fresh.length === 0) continue;
        assert.ok(outOpen <= maxShare * open.length + 1e-9, `${outOpen} of ${open.length}`);
        assert.ok(outOpen < open.length, "one is always left");
      }
    },
  );
  await fc.assert(play, { seed: 6, numRuns: 40 });
});
