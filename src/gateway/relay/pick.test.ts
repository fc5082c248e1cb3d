// Who is asked next: one that is ready, a spare when none of these works, never one that drains.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UpstreamState } from "../../protocol/gateway.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { createStats } from "../stats.ts";
import type { Asked } from "./asked.ts";
import { Instance } from "./instance.ts";
import { defaultLimits } from "./limits.ts";
import { pick } from "./pick.ts";
import { createSweep } from "./sweep.ts";

const head = { method: "GET", text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" } as Asked["head"];
const asked: Asked = { head, peer: { address: "192.0.2.7", port: 1, isSecure: false } };
const open = (): never => {
  throw new Error("nothing is carried here");
};

function scene(...states: readonly UpstreamState[]) {
  const clock = simClock();
  const counters = createStats().instance("web");
  const parts = { counters, clock, limits: defaultLimits, sweep: createSweep(clock, 20), open };
  const upstreams = states.map(
    (state, i) => new Instance({ instance: `web/${i + 1}`, port: i + 1, state }, parts),
  );
  const random = seeded(1);
  const pickMany = (failed: readonly Instance[] = []): string => {
    const once = (): string =>
      pick({ upstreams, random }, asked, new Set(failed), clock.now())?.instance ?? "none";
    return [...new Set(Array.from({ length: 30 }, once))].toSorted().join();
  };
  return { upstreams, pickMany };
}

test("a spare gets nothing while one that is ready works, however busy that is", () => {
  const { upstreams, pickMany } = scene("ready", "spare");
  for (let n = 0; n < 50; n++) upstreams[0]?.enter();
  assert.equal(pickMany(), "web/1");
});

test("the one with the fewest requests in flight is taken, by chance among equals", () => {
  const { upstreams, pickMany } = scene("ready", "ready", "ready", "hung");
  assert.equal(pickMany(), "web/1,web/2,web/3");
  upstreams[1]?.enter();
  assert.equal(pickMany(), "web/1,web/3");
  upstreams[0]?.enter();
  assert.equal(pickMany(), "web/3");
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
