// The table says what is missed, what is not there, and what never came.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/model/event.ts";
import { stageRows } from "./stages.ts";
import {
  atLeast,
  atMost,
  figuresOf,
  notInstalled,
  notYet,
  ours,
  print,
  shown,
  spread,
  verdict,
} from "./table.ts";

const twenty = Array.from({ length: 20 }, (_, i) => 20 - i);

test("a goal is for our median, and a peer's figure misses nothing", () => {
  const row = { ...atMost("wait (ms)", { [ours]: spread(twenty), monit: 900 }, 11), n: 20 };
  assert.deepEqual(row.cells[ours], { median: 11, p95: 20 });
  assert.equal(row.ok, true);
  assert.equal(atMost("wait (ms)", { [ours]: 11.5, monit: 1 }, 11).ok, false);
  assert.equal(atLeast("requests", { [ours]: 29_999 }, 30_000).ok, false);
  assert.deepEqual(figuresOf([row]), [
    { name: "wait (ms)", value: 11, goal: "≤ 11", ok: true },
    { name: "wait (ms), p95", value: 20, goal: "", ok: true },
    { name: "monit: wait (ms)", value: 900, goal: "", ok: true },
  ]);
});

test("what was not measured is no success", () => {
  assert.equal(atMost("wait (ms)", {}, 3).ok, false);
  assert.equal(atMost("wait (ms)", { [ours]: spread([]) }, 3).ok, false);
  assert.equal(atMost("wait (ms)", { [ours]: Number.POSITIVE_INFINITY }, 3).ok, false);
});

test("what is not built is a missed goal, and who is not installed is counted", () => {
  const rows = [
    atMost("wait (ms)", { [ours]: 2, s6: Number.POSITIVE_INFINITY }, 3),
    notYet("spare (ms)", "≤ 5"),
    shown("runit", { runit: notInstalled }),
  ];
  assert.equal(
    print(rows, [ours, "runit", "s6", "pm2"]),
    [
      "figure; median [p95]  n  homeostat          runit     s6  goal  ok",
      "wait (ms)                        2                 never  ≤ 3   yes",
      "spare (ms)                 not yet                        ≤ 5   NO",
      "runit                               not installed",
    ].join("\n"),
  );
  const text = "1 of 2 goals are met; 1 of the others wait for what is not built yet; ";
  assert.equal(verdict(rows), `${text}1 supervisors are not installed`);
});

test("a step is timed from its own blow to the first event after it", () => {
  const event = (type: string, subject: string, ms: number): Event =>
    ({ type, subject, time: new Date(ms).toISOString() }) as Event;
  const events = [
    event("instance.exited", "web/1", 900),
    event("instance.exited", "web/2", 1_001),
    event("instance.exited", "web/1", 1_004),
    event("instance.exited", "web/1", 2_010),
  ];
  const blows = [1_000, 2_000].map((wallMs) => ({ target: "web/1", wallMs }));
  const rows = stageRows(events, blows, ["instance.exited", "instance.ready"]);
  assert.deepEqual(
    rows.map(({ cells }) => cells[ours]),
    [{ median: 10, p95: 10 }, "none"],
  );
});
