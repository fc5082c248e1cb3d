// What a new daemon learns from the journal: who ran, who rests, and whether it begins anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fold } from "../controller/fold.ts";
import { emptyState } from "../controller/state.ts";
import type { Draft, Event } from "../model/event.ts";
import type { Exit } from "../model/instance.ts";
import { memoryStore } from "../stores/memory.ts";
import type { Past } from "../supervisor/spec.ts";
import { pastOf } from "./past.ts";

const subject = "shop";
const why = { rule: "test", text: "", value: 1, limit: 1, unit: "count" } as const;
const born = (bootId = "boot"): Draft => ({
  type: "daemon.started",
  subject,
  data: { pid: 1, bootId, version: "1", offsetMs: 0 },
});
const runs = (target: string): Draft => ({
  type: "instance.started",
  subject: target,
  data: { identity: { pid: 7, startTicks: 7, bootId: "boot" }, run: "r", by: "boot" },
});
const ends = (target: string, over: Partial<Exit>): Draft => ({
  type: "instance.exited",
  subject: target,
  data: {
    code: 0,
    signal: null,
    expected: true,
    uptimeMs: 5,
    text: "",
    lastLines: [],
    ...over,
  },
});
const died: Draft = { type: "daemon.stopped", subject, data: { reason: "down" } };

/** One event a second. */
function past(drafts: readonly Draft[], bootId = "boot"): Past {
  const store = memoryStore();
  const events = drafts.map(
    (draft, i) => ({ seq: i + 1, atMs: (i + 1) * 1_000, time: "", ...draft }) as Event,
  );
  store.append(events);
  return pastOf(events.reduce(fold, emptyState), store, bootId);
}

test("an empty journal and one that ended well begin anew", () => {
  assert.equal(past([]).anew, true);
  const well = past([born(), runs("app/1"), ends("app/1", { stopped: true }), died]);
  assert.equal(well.anew, true);
  assert.equal(well.runs.size + well.resting.size, 0);
});

test("what was ready is so still after a daemon that died over its own start", () => {
  const ready: Draft = { type: "instance.ready", subject: "app/1", data: { tookMs: 1 } };
  assert.equal(past([born(), runs("app/1")]).runs.get("app/1")?.ready, false);
  assert.equal(past([born(), runs("app/1"), ready]).runs.get("app/1")?.ready, true);
  assert.equal(past([born(), runs("app/1"), ready, born()]).runs.get("app/1")?.ready, true);
});

test("after a death the runs are known since their start", () => {
  const { anew, runs: known } = past([born(), runs("app/1")]);
  assert.equal(anew, false);
  assert.equal(anew, false);
  assert.deepEqual(known.get("app/1"), {
    identity: { pid: 7, startTicks: 7, bootId: "boot" },
    sinceMs: 2_000,
    stopping: false,
    ready: false,
  });
});

test("what was ready counts as ready, unless it is being stopped", () => {
  const ready: Draft = { type: "instance.ready", subject: "app/1", data: { tookMs: 5 } };
  const stopping: Draft = { type: "instance.stopping", subject: "app/1", data: { by: "A1" } };
  assert.equal(past([born(), runs("app/1"), ready]).runs.get("app/1")?.ready, true);
  assert.equal(past([born(), runs("app/1"), ready, stopping]).runs.get("app/1")?.ready, false);
});

test("a stop that was under way is told apart", () => {
  const stopping: Draft = { type: "instance.stopping", subject: "app/1", data: { by: "A1" } };
  assert.equal(past([born(), runs("app/1"), stopping]).runs.get("app/1")?.stopping, true);
});

test("what ended by itself rests, what was stopped does not", () => {
  const journal = [
    born(),
    ...["done/1", "crashed/1", "stopped/1"].map(runs),
    ends("done/1", {}),
    ends("crashed/1", { code: 1, expected: false }),
    ends("stopped/1", { stopped: true }),
  ];
  assert.deepEqual([...past(journal).resting], ["done/1", "crashed/1"]);
  // A machine that was started anew, and a person who began anew, want all of it.
  assert.deepEqual([...past(journal, "the next boot").resting], []);
  assert.deepEqual([...past([...journal, died]).resting], []);
});

test("a start that the daemon died over is no rest: it is brought to its end", () => {
  const incident = "1";
  const opened: Draft = {
    type: "incident.opened",
    subject: "app",
    incident,
    data: { id: incident, service: "app" },
  };
  const intended: Draft = {
    type: "action.intended",
    subject: "app/1",
    incident,
    data: { id: "A1", incident, kind: "start", target: "app/1", ladder: 1, rung: 0, why },
  };
  const begun: Draft = {
    type: "action.started",
    subject: "app/1",
    incident,
    data: { action: "A1" },
  };
  const crashed = ends("app/1", { code: 1, expected: false });
  const before = [born(), runs("app/1"), crashed, opened, intended];
  assert.deepEqual([...past(before).resting], ["app/1"], "it never began: the guards decide again");
  assert.deepEqual([...past([...before, begun]).resting], []);
});

test("a machine that was started anew begins anew, whatever the journal says", () => {
  const { anew, runs: known } = past([born(), runs("app/1")], "the next boot");
  assert.equal(anew, true);
  assert.equal(known.get("app/1")?.identity?.bootId, "boot");
});

test("what people stopped stays so, over any kind of end; completed jobs count in one life", () => {
  const policy = {
    project: subject,
    services: {
      init: { name: "init", replicas: 1, restart: {}, job: { retries: 0, overlap: "skip" } },
    },
  };
  const applied = { type: "config.applied", subject, data: { policy } } as unknown as Draft;
  const journal: readonly Draft[] = [
    born(),
    applied,
    { type: "operator.stopped", subject: "init", data: { by: "ada" } },
    runs("init/1"),
    ends("init/1", {}),
  ];
  for (const [before, completed] of [
    [past(journal), ["init"]],
    [past([...journal, died]), []],
    [past(journal, "the next boot"), []],
  ] as const) {
    assert.deepEqual([...(before.held ?? [])], [["init", "ada"]]);
    assert.deepEqual([...(before.completed ?? [])], completed);
  }
});
