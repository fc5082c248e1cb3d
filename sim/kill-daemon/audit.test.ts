// The audit of a journal finds each fault that it is there for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toCloudEvent } from "../../src/model/cloudevent.ts";
import type { Draft, Event } from "../../src/model/event.ts";
import { doubleStarts, gaps, missing, repeated } from "./audit.ts";
import { doublesIn, strays } from "./watch.ts";

const journal = (drafts: readonly Draft[]): readonly Event[] =>
  drafts.map((draft, i) => ({ seq: i + 1, atMs: i, time: "", ...draft }) as Event);
const why = { rule: "test", text: "", value: 1, limit: 1, unit: "count" } as const;
const intended = (id: string): Draft => ({
  type: "action.intended",
  subject: "web/1",
  incident: "1",
  data: { id, incident: "1", kind: "start", target: "web/1", ladder: 1, rung: 0, why },
});
const begun = (action: string): Draft => ({
  type: "action.started",
  subject: "web/1",
  data: { action },
});
const done = (action: string): Draft => ({
  type: "action.done",
  subject: "web/1",
  data: { action, receipt: { action, steps: [] } },
});
const interrupted = (action: string): Draft => ({
  type: "action.interrupted",
  subject: "web/1",
  data: { action, why },
});
const abandoned = (action: string): Draft => ({
  type: "action.abandoned",
  subject: "web/1",
  data: { action, why },
});
const runs = (pid: number, by = "boot"): Draft => ({
  type: "instance.started",
  subject: "web/1",
  data: { identity: { pid, startTicks: pid, bootId: "b" }, run: `r${pid}`, by },
});
const ended: Draft = {
  type: "instance.exited",
  subject: "web/1",
  data: { code: 1, signal: null, expected: false, uptimeMs: 1, text: "", lastLines: [] },
};

test("a sound journal has no faults", () => {
  const drafts = [
    ...[runs(1), ended, intended("A1"), begun("A1"), runs(2, "A1"), done("A1")],
    ...[ended, intended("A2"), begun("A2"), interrupted("A2"), intended("A3"), abandoned("A3")],
    ...[intended("A4"), begun("A4"), runs(3, "A4"), done("A4")],
  ];
  const events = journal(drafts);
  assert.deepEqual([...gaps(events), ...repeated(events), ...doubleStarts(events)], []);
});

test("a gap is found", () => {
  assert.equal(gaps(journal([runs(1), ended, runs(2)]).toSpliced(1, 1)).length, 1);
});

test("an event that was told and is gone or different is found", () => {
  const events = journal([runs(1), ended]);
  const told = new Map(events.map((it) => [it.seq, JSON.stringify(toCloudEvent(it, "p"))]));
  assert.deepEqual(missing(events, told, "p"), []);
  assert.equal(missing(events.slice(0, 1), told, "p").length, 1);
  assert.equal(missing(journal([runs(1), runs(2)]), told, "p").length, 1);
});

test("an action that begins twice, before its intent, or again before its end is found", () => {
  assert.equal(repeated(journal([intended("A1"), begun("A1"), begun("A1")])).length, 1);
  assert.equal(repeated(journal([begun("A1")])).length, 1);
  assert.equal(repeated(journal([intended("A1"), intended("A1")])).length > 0, true);
  assert.equal(repeated(journal([intended("A1"), begun("A1"), intended("A2")])).length, 1);
  const twice = [intended("A1"), begun("A1"), runs(1, "A1"), ended, runs(2, "A1")];
  assert.equal(repeated(journal(twice)).length, 1);
});

test("a second process that is told while the first runs is found", () => {
  assert.equal(doubleStarts(journal([runs(1), runs(2)])).length, 1);
});

test("two leaders and a process without its leader are found", () => {
  const one = { pid: 1, target: "web/1", run: "r1", leader: true, port: 0 };
  assert.deepEqual(doublesIn([one, { ...one, pid: 2, leader: false }]), []);
  assert.equal(doublesIn([one, { ...one, pid: 2, run: "r2" }]).length, 1);
  assert.equal(strays([one, { ...one, pid: 2, leader: false, run: "r0" }])[0]?.pid, 2);
});
