// Tests of the waiting room and the deadlines it lives on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import { createDeadlines } from "./deadlines.ts";
import { createWaitingRoom, type WaitEnd } from "./hold.ts";

function room(limit = 10) {
  const clock = simClock();
  const waitingRoom = createWaitingRoom(createDeadlines(clock), limit);
  const ends: string[] = [];
  const leaves: (() => void)[] = [];
  const enter = (name: string, untilMs: number): Promise<WaitEnd> => {
    const wait = waitingRoom.wait(untilMs, (leave) => leaves.push(leave));
    void wait.then((end) => ends.push(`${name} ${end} ${clock.now()}`));
    return wait;
  };
  return { clock, waitingRoom, ends, leaves, enter };
}

test("a wait expires at its own moment", async () => {
  const { clock, waitingRoom, ends, enter } = room();
  enter("late", 1_000);
  enter("soon", 100);
  await clock.advance(2_000);
  assert.deepEqual(ends, ["soon expired 100", "late expired 1000"]);
  assert.equal(waitingRoom.size, 0);
  assert.equal(clock.pending, 0, "no timer is left when nobody waits");
});

test("all are woken at once, in the order of arrival", async () => {
  const { clock, waitingRoom, ends, enter } = room();
  for (const name of ["a", "b", "c"]) enter(name, 1_000);
  await clock.advance(300);
  waitingRoom.wakeAll();
  await clock.advance(2_000);
  assert.deepEqual(ends, ["a woken 300", "b woken 300", "c woken 300"]);
});

test("a client that goes away makes room", async () => {
  const { clock, waitingRoom, ends, leaves, enter } = room(2);
  enter("a", 1_000);
  enter("b", 1_000);
  assert.equal(await enter("c", 1_000), "full");
  leaves[0]?.();
  leaves[0]?.();
  assert.equal(waitingRoom.size, 1);
  enter("d", 1_000);
  await clock.advance(10);
  assert.deepEqual(ends, ["c full 0", "a gone 0"]);
  assert.equal(waitingRoom.size, 2);
});

test("a deadline can be moved and cancelled", async () => {
  const clock = simClock();
  const deadlines = createDeadlines(clock, 10);
  const fired: string[] = [];
  const moved = deadlines.add(50, () => fired.push(`moved ${clock.now()}`));
  const cancelled = deadlines.add(50, () => fired.push("cancelled"));
  moved.moveTo(200);
  cancelled.cancel();
  await clock.advance(1_000);
  deadlines.add(1_100, () => fired.push(`again ${clock.now()}`));
  await clock.advance(1_000);
  assert.deepEqual(fired, ["moved 200", "again 1100"]);
});
