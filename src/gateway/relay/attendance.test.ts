// Features at one request: what they say happens once, and nothing is kept for a client that has left.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Asked } from "./asked.ts";
import { Attendance } from "./attendance.ts";
import type { Account, Feature } from "./feature.ts";
import type { Serving } from "./serving.ts";

const asked = {} as Asked;
const account = { outcome: "gone", status: 0, tries: 0, instance: undefined, waitedMs: undefined };

function scene(feature: Feature) {
  const due: (() => void)[] = [];
  let cancelled = 0;
  const deadlines = {
    add: (_atMs: number, fire: () => void) => {
      due.push(fire);
      return { cancel: () => void cancelled++, moveTo: () => {} };
    },
  };
  const clock = { now: () => 7 };
  const serving = { features: { active: [feature] }, deadlines, clock } as unknown as Serving;
  const said: string[] = [];
  const to = {
    pass: (nowMs: number) => void said.push(`pass ${nowMs}`),
    refuse: () => void said.push("refuse"),
    cut: () => void said.push("cut"),
  };
  return {
    attendance: new Attendance(serving, asked, 1),
    said,
    to,
    due,
    cancelled: () => cancelled,
  };
}

test("a request that is held up goes on when its time has come", () => {
  const { attendance, said, to, due } = scene({ admit: () => ({ kind: "later", afterMs: 5 }) });
  attendance.admit(to, 1);
  assert.deepEqual(said, []);
  for (const fire of due) fire();
  assert.deepEqual(said, ["pass 7"]);
});

test("of one whose client left before that nothing is kept, and its features hear it once", () => {
  const heard: Account[] = [];
  const { attendance, said, to, due, cancelled } = scene({
    admit: () => ({ kind: "later", afterMs: 3_600_000 }),
    ended: (it) => void heard.push(it),
  });
  attendance.admit(to, 1);
  attendance.close(account as Account);
  attendance.close(account as Account);
  assert.equal(cancelled(), 1);
  for (const fire of due) fire();
  assert.deepEqual(said, []);
  assert.equal(heard.length, 1);
});
