// Who was asked to open an inspector: for how long that is known, by whom, and of which process.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import { type Asked, keepAsked } from "./capture-asked.ts";

/** Any process that is there. */
const { pid } = process;

interface Rig {
  readonly file: string;
  readonly clock: SimClock;
  readonly said: string[];
  /** Of one daemon after the other. */
  next(): Asked;
}

function rig(t: TestContext): Rig {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-asked-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [file, clock, said]: [string, SimClock, string[]] = [join(folder, "asked"), simClock(), []];
  const log = { ...silentLog, warn: (text: string): void => void said.push(text) };
  return { file, clock, said, next: () => keepAsked({ file, clock, log }) };
}

test("the next daemon knows who was asked, until nothing is open any more", (t) => {
  const { file, next } = rig(t);
  const asked = next();
  assert.deepEqual(asked.left, []);
  assert.equal(asked.note(pid, 7, new Set(["1", "2"])), true);
  const [left] = next().left;
  assert.deepEqual([left?.pid, left?.before], [pid, ["1", "2"]]);
  const more = new Set(["1", "2", "of the inspector"]);
  assert.equal(asked.note(pid, 7, more), false, "one signal is enough");
  assert.deepEqual(next().left[0]?.before, ["1", "2"], "as it was before the first signal");
  asked.opened(pid);
  assert.equal(next().left.length, 1);
  assert.equal(asked.note(pid, 7, new Set()), true, "the next capture asks anew");
  asked.closed(pid);
  assert.deepEqual(next().left, []);
  assert.equal(readFileSync(file, "utf8"), "");
});

test("another process of that pid, or of another boot, was never asked", (t) => {
  const { file, next } = rig(t);
  next().note(pid, pid, new Set());
  const line = readFileSync(file, "utf8");
  for (const [from, to] of [
    [/"startTicks":\d+/, '"startTicks":1'],
    [/"bootId":"[^"]+"/, '"bootId":"another"'],
  ] as const) {
    writeFileSync(file, line.replace(from, to));
    assert.deepEqual(next().left, []);
  }
  writeFileSync(file, line);
  assert.equal(next().left.length, 1);
});

test("who opens nothing and goes on is asked no more; who opens late is", async (t) => {
  const { clock, next } = rig(t);
  const asked = next();
  asked.turned(pid);
  assert.equal(asked.isWaiting(), false);
  asked.note(pid, pid, new Set());
  assert.equal(asked.isWaiting(), true);
  asked.turned(pid);
  assert.equal(asked.isDeaf(pid), false, "the answer may be older than the question");
  await clock.advance(500);
  asked.turned(pid + 1);
  assert.equal(asked.isDeaf(pid), false, "it was another instance");
  asked.turned(pid);
  assert.deepEqual([asked.isDeaf(pid), asked.isWaiting()], [true, false]);
  asked.closed(pid);
  const other = next();
  assert.deepEqual([other.isDeaf(pid), other.left.length], [true, 0], "and the next one knows");
  asked.opened(pid);
  assert.equal(asked.isDeaf(pid), false);
  await clock.advance(500);
  asked.turned(pid);
  assert.equal(asked.isDeaf(pid), false, "it has opened it");
});

test("a file that cannot be read or written is told, and keeps nobody from asking", (t) => {
  const { file, said, next } = rig(t);
  for (const text of ["{", "7\n", '{"pid":1}\n', "null\n"]) {
    writeFileSync(file, text);
    assert.deepEqual(next().left, []);
  }
  assert.deepEqual(said.splice(0), Array(4).fill("who was asked for a stack cannot be read"));
  const asked = keepAsked({
    ...{ file: join(file, "no folder"), clock: simClock() },
    log: { ...silentLog, warn: (text) => void said.push(text) },
  });
  said.length = 0;
  asked.note(pid, pid, new Set());
  asked.closed(pid);
  assert.deepEqual(said, ["who is asked for a stack cannot be written down"], "once");
});
