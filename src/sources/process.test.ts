// What the process source emits over time, and what it forgets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import type { Reading } from "../model/reading.ts";
import { simClock } from "../testing/sim-clock.ts";
import { type MeasuredInstance, type ProcessFigures, processSource } from "./process.ts";

const instance = (target: string, pid: number): MeasuredInstance => ({
  target,
  identity: { pid, startTicks: pid * 10, bootId: "boot" },
});

function bench(): {
  instances: MeasuredInstance[];
  /** Pids whose figures cannot be read. */
  readonly unread: Set<number>;
  readonly said: readonly string[];
  readonly figures: Map<number, ProcessFigures>;
  readonly emitted: (readonly Reading[])[];
  readonly clock: ReturnType<typeof simClock>;
  readonly run: () => { end: () => Promise<void> };
} {
  const clock = simClock();
  const emitted: (readonly Reading[])[] = [];
  const figures = new Map<number, ProcessFigures>();
  const stop = new AbortController();
  const self = {
    instances: [] as MeasuredInstance[],
    unread: new Set<number>(),
    said: [] as string[],
    figures,
    emitted,
    clock,
    run: () => {
      const source = processSource({
        instances: () => self.instances,
        figures: ({ pid }) => {
          if (self.unread.has(pid)) throw new Error("EMFILE");
          return figures.get(pid);
        },
        intervalMs: 1_000,
      });
      const warn = (text: string): void => void self.said.push(text);
      const log = { ...silentLog, warn };
      const emit = (readings: readonly Reading[]): void => void emitted.push(readings);
      const over = source.start({ signal: stop.signal, clock, log, emit });

      return {
        end: async () => {
          stop.abort();
          await over;
        },
      };
    },
  };
  return self;
}

const at = (cpuMs: number): ProcessFigures => ({ cpuMs, rssBytes: 5_000, threads: 3, fds: 9 });
const values = (readings: readonly Reading[] | undefined): Record<string, number> =>
  Object.fromEntries(
    (readings ?? []).map(({ target, metric, value }) => [`${target} ${metric}`, value]),
  );

test("the first sample has no CPU; the second is the share of one core in between", async () => {
  const world = bench();
  world.instances = [instance("web/1", 7)];
  world.figures.set(7, at(100));
  const { end } = world.run();
  await world.clock.advance(1_000);
  assert.deepEqual(values(world.emitted[0]), {
    "web/1 process.rss": 5_000,
    "web/1 process.fds": 9,
    "web/1 process.threads": 3,
  });
  world.figures.set(7, at(1_600));
  await world.clock.advance(1_000);
  assert.equal(values(world.emitted[1])["web/1 process.cpu"], 1.5);
  assert.equal(world.emitted[1]?.[0]?.atMs, 2_000);
  await end();
});

test("a new process under the same name starts anew", async () => {
  const world = bench();
  world.instances = [instance("web/1", 7)];
  world.figures.set(7, at(90_000)).set(8, at(20));
  const { end } = world.run();
  await world.clock.advance(1_000);
  world.instances = [instance("web/1", 8)];
  await world.clock.advance(1_000);
  assert.equal(values(world.emitted[1])["web/1 process.cpu"], undefined);
  await end();
});

test("an instance that was absent for one interval has no CPU over the gap", async () => {
  const world = bench();
  world.instances = [instance("web/1", 7)];
  world.figures.set(7, at(0));
  const { end } = world.run();
  await world.clock.advance(1_000);
  world.instances = [];
  await world.clock.advance(1_000);
  assert.equal(world.emitted.length, 1);
  world.instances = [instance("web/1", 7)];
  await world.clock.advance(1_000);
  assert.equal(values(world.emitted[1])["web/1 process.cpu"], undefined);
  await end();
});

test("a process that has ended yields nothing, and hides no other", async () => {
  const world = bench();
  world.instances = [instance("web/1", 7), instance("web/2", 8)];
  world.figures.set(8, at(0));
  const { end } = world.run();
  await world.clock.advance(1_000);
  assert.deepEqual(new Set(world.emitted[0]?.map(({ target }) => target)), new Set(["web/2"]));
  await end();
});

test("it ends when the signal aborts", async () => {
  const world = bench();
  const { end } = world.run();
  await end();
  assert.equal(world.clock.pending, 0);
});

test("one that cannot be read keeps none of the others, nor itself later on, from being seen", async () => {
  const world = bench();
  world.instances = [instance("web/1", 7), instance("web/2", 8)];
  for (const pid of [7, 8]) world.figures.set(pid, at(100));
  const { end } = world.run();
  await world.clock.advance(1_000);
  world.unread.add(7);
  await world.clock.advance(2_000);
  assert.equal(values(world.emitted.at(-1))["web/2 process.cpu"], 0);
  assert.equal(values(world.emitted.at(-1))["web/1 process.rss"], undefined);
  world.unread.clear();
  world.figures.set(7, at(1_600));
  await world.clock.advance(1_000);
  assert.equal(values(world.emitted.at(-1))["web/1 process.cpu"], 0.5, "over all of the time");
  assert.deepEqual(world.said, ["figures of a process cannot be read"]);
  await end();
});
