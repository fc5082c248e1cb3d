// The watch over services: one reading each, nothing while one starts, points of ten seconds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { metrics, reading } from "../../model/reading.ts";
import { watchServices } from "./service-watch.ts";
import type { Watch } from "./watch.ts";

/** Finds more than 10 unusual. */
function scene() {
  let slow = 0.5;
  const points: string[] = [];
  const watch: Pick<Watch, "observe" | "learnt"> = {
    observe: ({ target, unit, atMs, value }) => {
      points.push(`${target} ${atMs} ${value}`);
      const base = { target, metric: "unusual", unit, atMs };
      return value > 10 ? { ...base, value: 0.9, note: `p95 ${value}` } : undefined;
    },
    learnt: (target) => (target === "web" ? 1 : slow),
  };
  const services = watchServices({
    watch: watch as Watch,
    watched: new Set([metrics.p95.name]),
    services: new Set(["web", "shop"]),
  });
  let atMs = 0;
  const seconds = (
    count: number,
    values: Readonly<Record<string, number>>,
    of = "unusual",
  ): string[] => {
    const said: string[] = [];
    for (let i = 0; i < count; i++) {
      atMs += 1_000;
      const now = Object.entries(values).map(([target, value]) =>
        reading(target, metrics.p95, value, atMs),
      );
      const told = services.take(now).filter(({ metric }) => metric === of);
      said.push(...told.map((it) => `${it.target} ${it.value} ${it.note ?? ""}`));
    }
    return said;
  };
  return { services, points, seconds, now: () => atMs, learn: () => (slow = 1) };
}

test("readings of ten seconds are one point, their mean", () => {
  const { points, seconds } = scene();
  seconds(5, { web: 2 });
  seconds(5, { web: 4 });
  seconds(1, { web: 100 });
  assert.deepEqual(points, ["web 1000 3"]);
});

test("what is unusual is one reading of its service, and usual again is said for a while", () => {
  const { seconds } = scene();
  const all = { "web/1": 11, "web/2": 12, "web/3": 13, "web/4": 14, web: 5, shop: 5 };
  assert.deepEqual(seconds(11, all), [
    "web 0.9 web/1: p95 11; web/2: p95 12; web/3: p95 13; and 1 more",
  ]);
  const calm = Object.fromEntries(Object.keys(all).map((target) => [target, 1]));
  // The points that began in the bad time are bad still.
  const said = seconds(40, calm);
  assert.equal(said.at(-1), "web 0 ");
  assert.equal(new Set(seconds(320, calm)).size, 1);
  seconds(40, calm);
  assert.deepEqual(seconds(60, calm), []);
});

test("while a service starts it is neither judged nor learnt", () => {
  const { services, points, seconds, now } = scene();
  seconds(5, { web: 99 });
  services.unsettle("web", now() + 30_000);
  assert.deepEqual(seconds(25, { web: 99 }), []);
  assert.deepEqual(points, [], "what had begun before is forgotten, too");
  assert.match(seconds(25, { web: 99 })[0] ?? "", /^web 0\.9/);
});

test("how far it has learnt is told each minute until all is, the mean of its series", () => {
  const { seconds, learn } = scene();
  const told = (): string[] => seconds(60, { web: 1, "web/1": 1 }, "series.learnt");
  told();
  assert.deepEqual(told(), ["web 0.75 "]);
  learn();
  assert.deepEqual(told(), ["web 1 "]);
  assert.deepEqual(told(), []);
});
