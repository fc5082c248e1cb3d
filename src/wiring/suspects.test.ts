// A capture begins one bad answer before the verdict, is given once, and is left when all is well.
import assert from "node:assert/strict";
import { test } from "node:test";
import { metrics, reading } from "../model/reading.ts";
import { instanceName } from "../model/target.ts";
import type { Asked, EarlyCapture } from "../platforms/capture.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import { resolve } from "./resolve.ts";
import { createSuspects, type Suspects } from "./suspects.ts";

interface Rig {
  readonly suspects: Suspects;
  /** Pids of captures that were begun, and of those that were dropped. */
  readonly begun: number[];
  readonly dropped: number[];
  /** Pids by target. */
  readonly pids: Map<string, number>;
  readonly clock: SimClock;
  /** Pids of whose good answers the memory of who was asked has heard, while it `waits`. */
  readonly turned: number[];
  waits: boolean;
  say(target: string, ...values: readonly number[]): void;
  /** The summary of what is given. */
  wanted(target: string): Promise<string>;
}

/** No process has a pid beyond 2^22: whoever really looks finds that it is gone. */
const firstPid = 2 ** 22 + 1;

function rig(failures: number, found: "blocked" | "nothing" = "blocked", more: object = {}): Rig {
  const services = Object.fromEntries(
    ["a", "b", "c", "d", "e"].map((name) => [
      name,
      { command: ["x"], port: 1_000, probe: { http: "/", failures }, ...more },
    ]),
  );
  const resolved = resolve({ project: "p", services }, { folder: "/p", file: "homeostat.json" });
  const pids = new Map(Object.keys(services).map((it, i) => [instanceName(it, 1), firstPid + i]));
  const [begun, dropped]: [number[], number[]] = [[], []];
  const begin = ({ pid }: { readonly pid: number }): EarlyCapture => {
    begun.push(pid);
    const over = Promise.withResolvers<void>();
    return {
      now: async () =>
        found === "nothing"
          ? undefined
          : { kind: "blocked-stack", summary: "early", lines: [], blocked: true, tookMs: 1 },
      over: over.promise,
      drop: () => {
        dropped.push(pid);
        over.resolve();
      },
    };
  };
  const bootId = "b";
  const [clock, turned]: [SimClock, number[]] = [simClock(), []];
  const nobody = { isDeaf: () => false, note: () => true, opened: () => {}, closed: () => {} };
  const asked: Asked = {
    ...{ ...nobody, left: [], isWaiting: () => self.waits },
    turned: (pid) => void turned.push(pid),
  };
  const suspects = createSuspects({
    ...{ resolved, begin, clock, asked, logFile: () => "/nowhere" },
    background: new AbortController().signal,
    running: () =>
      [...pids].map(([target, pid]) => ({ target, identity: { pid, startTicks: 1, bootId } })),
  });
  const self: Rig = {
    ...{ suspects, begun, dropped, pids, clock, turned, waits: false },
    say: (target, ...values) => {
      for (const value of values) suspects.note([reading(target, metrics.probe, value, 0)]);
    },
    wanted: async (target) => {
      const { signal } = new AbortController();
      return (await suspects.capture({ kind: "blocked-stack", target }, signal)).summary;
    },
  };
  return self;
}

test("it begins one bad answer before the verdict, and is given once", async () => {
  const it = rig(3);
  it.say("a/1", 1, 0);
  assert.deepEqual(it.begun, []);
  it.say("a/1", 0);
  assert.deepEqual(it.begun, [firstPid]);
  it.say("a/1", 0, 0);
  assert.deepEqual(it.begun, [firstPid], "one in a row");
  assert.equal(await it.wanted("a/1"), "early");
  assert.equal(await it.wanted("a/1"), `process ${firstPid} is gone`);
});

test("a good answer ends it, and a verdict at the first bad answer leaves no time for it", async () => {
  const it = rig(2);
  it.say("a/1", 0, 1);
  assert.deepEqual([it.begun, it.dropped], [[firstPid], [firstPid]]);
  assert.equal(await it.wanted("a/1"), `process ${firstPid} is gone`);
  const hasty = rig(1);
  hasty.say("a/1", 0, 0);
  assert.deepEqual(hasty.begun, []);
});

test("what an earlier process did is no evidence, and nothing found is looked for again", async () => {
  const it = rig(2);
  it.say("a/1", 0);
  it.pids.set("a/1", firstPid + 100);
  assert.equal(await it.wanted("a/1"), `process ${firstPid + 100} is gone`);
  assert.deepEqual(it.dropped, [firstPid]);
  const nothing = rig(2, "nothing");
  nothing.say("a/1", 0);
  assert.equal(await nothing.wanted("a/1"), `process ${firstPid} is gone`);
});

test("only the first few of many are begun, and only by an instance's own probe", async () => {
  const it = rig(2);
  for (const target of it.pids.keys()) it.say(target, 0);
  assert.deepEqual(it.begun.length, 4);
  it.say("a/1", 1);
  await Promise.resolve();
  it.say("e/1", 1, 0);
  assert.deepEqual(it.begun.length, 5, "room again");
  const other = rig(2);
  other.suspects.note([reading("a/1", metrics.probeReady, 0, 0)]);
  other.say("a", 0);
  assert.deepEqual(other.begun, []);
});

test("a run is asked early once a minute, however often it answers badly", async () => {
  const it = rig(2);
  for (let n = 0; n < 25; n++) it.say("a/1", 0, 1);
  assert.deepEqual(it.begun, [firstPid]);
  it.pids.set("a/1", firstPid + 100);
  it.say("a/1", 0, 1);
  assert.deepEqual(it.begun, [firstPid, firstPid + 100], "another run");
  await it.clock.advance(59_000);
  it.say("a/1", 0, 1);
  assert.equal(it.begun.length, 2);
  await it.clock.advance(2_000);
  it.say("a/1", 0, 1);
  assert.equal(it.begun.length, 3);
});

test("it takes at least half of the bad answers that count", () => {
  for (const failures of [1, 2, 3, 4, 10]) {
    const it = rig(failures);
    it.say("a/1", ...Array.from({ length: Math.ceil(failures / 2) - 1 }, () => 0));
    assert.deepEqual(it.begun, [], `${failures}`);
  }
});

test("good answers of those who were asked are told on, and nobody is asked who must not be", async () => {
  const it = rig(2);
  it.say("a/1", 1);
  assert.deepEqual(it.turned, []);
  it.waits = true;
  it.say("a/1", 0, 1);
  it.say("b/1", 0);
  assert.deepEqual(it.turned, [firstPid]);
  const off = rig(2, "blocked", { capture: false });
  off.say("a/1", 0);
  assert.deepEqual(off.begun, []);
  assert.equal(await off.wanted("a/1"), `process ${firstPid} is gone`);
});
