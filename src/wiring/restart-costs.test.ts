// What a restart is measured to have cost, from events and counters.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, InputDraft } from "../model/event.ts";
import type { GatewayStats, RouteStats } from "../protocol/gateway.ts";
import { simClock } from "../testing/sim-clock.ts";
import { measureRestarts } from "./restart-costs.ts";

function scene() {
  const clock = simClock();
  const told: InputDraft[] = [];
  const counts = { held: 5, unserved: 1, lostUnsafe: 0, retries: 2 };
  let hear: (event: Event) => void = () => {};
  const stats = async (): Promise<GatewayStats> => {
    const others = { overBudget: 0, spilled: 0, interrupted: {} };
    const route: RouteStats = {
      ...{ service: "web", requests: 9, degraded: 0, clients: 0 },
      ...counts,
      ...others,
    };
    return { version: 1, routes: [route], instances: [] };
  };
  const costs = measureRestarts({
    ...{ clock, stats, figures: () => ({ cpuMs: 412.4 }) },
    loop: {
      emit: (draft) => void told.push(draft),
      subscribe: (listener) => {
        hear = (event) => listener([event], undefined as never);
        return () => {};
      },
    },
  });
  const emit = (type: Event["type"], data: object = {}, subject = "web/1"): void => {
    hear({ seq: 1, atMs: clock.now(), time: "", type, subject, data } as unknown as Event);
  };
  const identity = { pid: 1, startTicks: 1, bootId: "b" };
  const start = (): void => emit("instance.started", { identity });
  return { ...{ clock, costs, counts, told, emit, start } };
}

test("a restart costs from the order to end until it is ready, with the requests meanwhile", async () => {
  const { clock, costs, counts, told, emit, start } = scene();
  await costs.stats();
  emit("instance.stopping");
  await clock.advance(200);
  emit("instance.exited");
  await clock.advance(100);
  start();
  Object.assign(counts, { held: 9, unserved: 2, lostUnsafe: 1, retries: 3 });
  await clock.advance(700);
  emit("instance.ready");
  await clock.advance(300);
  const requests = { lost: 2, held: 4, repeated: 1 };
  const data = { awayMs: 1_000, startMs: 700, cpuMs: 412, requests };
  assert.deepEqual(told, [{ type: "restart.cost", subject: "web/1", data }]);
});

test("a first start has no way down; one that was taken over is no start", async () => {
  const { clock, told, emit, start } = scene();
  emit("instance.ready", {}, "web/2");
  start();
  await clock.advance(700);
  emit("instance.ready");
  await clock.advance(1_000);
  const data = { startMs: 700, cpuMs: 412 };
  assert.deepEqual(told, [{ type: "restart.cost", subject: "web/1", data }]);
});

test("a gateway that began anew meanwhile says nothing of requests", async () => {
  const { clock, costs, counts, told, emit, start } = scene();
  await costs.stats();
  emit("instance.exited");
  start();
  Object.assign(counts, { held: 0, unserved: 0, retries: 0 });
  emit("instance.ready");
  await clock.advance(300);
  assert.deepEqual(told[0]?.data, { awayMs: 0, startMs: 0, cpuMs: 412 });
});
