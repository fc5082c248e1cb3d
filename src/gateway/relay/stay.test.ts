// A stay in the waiting room: it ends once, looks again when that is of use, and polls for nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import { createDeadlines } from "./deadlines.ts";
import { createWaitingRoom } from "./hold.ts";
import { Stay, type Waiting } from "./stay.ts";

const never = Number.NEGATIVE_INFINITY;

function scene(...ups: readonly (readonly [isOpen: boolean, untilMs: number])[]) {
  const clock = simClock();
  const room = createWaitingRoom(createDeadlines(clock), 1);
  const counters = { held: 0, unserved: 0 };
  const upstreams = ups.map(([isOpen, untilMs]) => ({ isOpen, ejection: { untilMs } }));
  const heard: string[] = [];
  const serving = { clock, room, counters, upstreams } as unknown as Waiting;
  const stay = (): Stay => {
    const made: Stay = new Stay(serving, clock.now() + 1_000, {
      again: () => {
        heard.push(`again ${clock.now()}`);
        made.wait();
      },
      unserved: (why) => void heard.push(`${why} ${clock.now()}`),
    });
    made.wait();
    return made;
  };
  return { clock, room, counters, heard, stay };
}

test("one that nobody is ejected for sleeps until its time is up", async () => {
  const { clock, counters, heard, stay } = scene([true, never], [false, 300]);
  stay();
  await clock.advance(2_000);
  assert.deepEqual(heard, ["no instance became ready 1000"]);
  assert.deepEqual(counters, { held: 1, unserved: 1 });
});

test("it looks again when an ejected one may be tried, and when it is woken", async () => {
  const { clock, room, heard, stay } = scene([true, 300]);
  stay();
  await clock.advance(400);
  room.wake(1);
  await clock.advance(1_000);
  assert.deepEqual(heard, ["again 300", "again 400", "no instance became ready 1000"]);
});

test("there may be no room, and who has left hears nothing", async () => {
  const { clock, heard, stay } = scene();
  const first = stay();
  stay();
  await clock.advance(10);
  assert.deepEqual(heard, ["1 requests wait already 0"]);
  first.leave();
  await clock.advance(2_000);
  assert.equal(heard.length, 1);
});
