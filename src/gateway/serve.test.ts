// Who is asked next: one that is ready, a spare when none of these works, never one that drains.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UpstreamState } from "../protocol/gateway.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import { pick, type Serving } from "./serve.ts";
import { createStats } from "./stats.ts";
import { createUpstream, type LiveUpstream } from "./upstream.ts";

function scene(...states: readonly UpstreamState[]) {
  const stats = createStats();
  const upstreams = states.map((state, i) =>
    createUpstream({ instance: `web/${i + 1}`, port: i + 1, state }, stats.instance("web")),
  );
  const serving = { upstreams, clock: simClock(), random: seeded(1) } as unknown as Serving;
  const pickMany = (failed: readonly LiveUpstream[] = []): string =>
    [
      ...new Set(
        Array.from({ length: 30 }, () => pick(serving, new Set(failed))?.instance ?? "none"),
      ),
    ]
      .toSorted()
      .join();
  return { upstreams, pickMany };
}

test("a spare gets nothing while one that is ready works, however busy that is", () => {
  const { upstreams, pickMany } = scene("ready", "spare");
  for (let n = 0; n < 50; n++) upstreams[0]?.enter();
  assert.equal(pickMany(), "web/1");
});

test("a spare takes over from the moment the last ready one fails, without a word of the daemon", () => {
  const { upstreams, pickMany } = scene("ready", "ready", "spare", "draining", "hung");
  const [first, second, spare] = upstreams;
  assert.ok(first && second && spare);
  first.failed(0);
  assert.equal(pickMany([first]), "web/2");
  second.failed(0);
  assert.equal(pickMany([first, second]), "web/3");
  spare.failed(0);
  assert.equal(pickMany([first, second, spare]), "none");
  assert.equal(pickMany(), "web/1,web/2,web/3", "whoever is asked anew may try all");
  second.worked();
  assert.equal(pickMany(), "web/2", "it is the spare's turn no more");
});

test("what hangs or drains gets nothing new", () => {
  assert.equal(scene("hung", "draining").pickMany(), "none");
});

test("each that waits for an answer is told once that it may leave", () => {
  const [up] = scene("ready").upstreams;
  assert.ok(up);
  let left = 0;
  const stay = up.onAbandon(() => {
    left += 1;
    stay();
  });
  up.onAbandon(() => {
    left += 10;
  })();
  up.abandon();
  up.abandon();
  assert.equal(left, 1);
});
