// The spawner's memory: one living process an instance, and ends that are kept until they are taken.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { type HeldEnd, keptEndsMax } from "../../protocol/spawner.ts";
import type { StartSpec } from "../platform.ts";
import { type Children, keepChildren } from "./children.ts";

const bootId = "boot";
const spec = (target: string): StartSpec => ({
  ...{ target, project: "/p", run: `run of ${target}`, command: ["x"], cwd: "/", env: {} },
  logFile: "/log",
});

interface Rig {
  children: Children;
  told: HeldEnd[];
  /** Ends the process with this pid. */
  end(pid: number, code: number): void;
  nowMs: number;
}

function rig(): Rig {
  const told: HeldEnd[] = [];
  const processes = new Map<number, EventEmitter>();
  const self: Rig = {
    told,
    nowMs: 0,
    end: (pid: number, code: number) => void processes.get(pid)?.emit("exit", code, null),
    children: keepChildren({
      spawn: async () => {
        const child = new EventEmitter();
        const pid = processes.size + 2;
        processes.set(pid, child);
        const identity = { pid, startTicks: pid, bootId };
        return { identity, child: child as unknown as ChildProcess };
      },
      now: () => self.nowMs,
      onEnd: (end) => void told.push(end),
    }),
  };
  return self;
}

test("an end is told at once and kept with its age until it was taken", async () => {
  const it = rig();
  const identity = await it.children.start(spec("web/1"));
  assert.deepEqual(
    it.children.held().map(({ target, run }) => [target, run]),
    [["web/1", "run of web/1"]],
  );
  it.end(identity.pid, 3);
  assert.deepEqual(it.told, [{ identity, code: 3, signal: null, agoMs: 0 }]);
  assert.deepEqual(it.children.held(), []);
  it.nowMs = 1_500.4;
  assert.deepEqual(it.children.ends(), [{ identity, code: 3, signal: null, agoMs: 1_500 }]);
  it.children.taken([{ ...identity, startTicks: 1 }]);
  assert.equal(it.children.ends().length, 1, "that was another process of the same pid");
  it.children.taken([identity]);
  assert.deepEqual(it.children.ends(), []);
});

test("an instance has one living process, also when two orders come at once", async () => {
  const it = rig();
  const first = it.children.start(spec("web/1"));
  await assert.rejects(it.children.start(spec("web/1")), /it is being started/);
  const { pid } = await first;
  await assert.rejects(it.children.start(spec("web/1")), /runs already as process 2/);
  await it.children.start({ ...spec("web/1"), project: "/another" });
  it.end(pid, 0);
  await it.children.start(spec("web/1"));
  assert.equal(it.children.held().length, 2);
});

test("more ends than can be kept: the oldest go, and are counted", async () => {
  const it = rig();
  for (let n = 0; n < keptEndsMax + 3; n++) {
    const { pid } = await it.children.start(spec(`web/${n}`));
    it.end(pid, 0);
  }
  assert.equal(it.children.ends().length, keptEndsMax);
  assert.equal(it.children.dropped, 3);
  assert.equal(it.children.ends()[0]?.identity.pid, 5);
});
