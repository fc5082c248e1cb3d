// How messages wait for a syslog server that is away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createBacklog } from "../kernel/backlog.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import type { LinkEvents } from "./syslog-link.ts";
import { createOutbox } from "./syslog-outbox.ts";

/** A server that the test switches on and off. */
function server() {
  const got: string[] = [];
  const dialled: number[] = [];
  const clock = simClock();
  const backlog = createBacklog(60);
  const told: string[] = [];
  let on: LinkEvents | undefined;
  const state = { up: true, takes: true, holding: false };
  const outbox = createOutbox({
    backlog,
    clock,
    random: seeded(1),
    away: ({ message }) => void told.push(message),
    back: () => void told.push("back"),
    dial: (events) => {
      on = events;
      dialled.push(clock.now());
      clock.sleep(1).then(() => (state.up ? events.ready() : events.down(new Error("refused"))));
      return {
        write: (message, sent) => {
          if (!state.takes) return false;
          got.push(String(message));
          sent();
          return true;
        },
        hold: (hold) => {
          state.holding = hold;
        },
        end: () => {},
      };
    },
  });
  const say = (text: string): void => {
    backlog.push(Buffer.from(text));
    outbox.pump();
  };
  return { got, dialled, clock, backlog, told, state, outbox, say, events: () => on };
}

test("messages wait while the server is away; the attempts grow apart; told once", async () => {
  const world = server();
  world.state.up = false;
  for (let i = 0; i < 3; i++) world.say(`early ${i}`);
  await world.clock.advance(120_000);
  assert.deepEqual(world.told, ["refused"]);
  assert.ok(
    world.dialled.length >= 8 && world.dialled.length <= 14,
    `${world.dialled.length} attempts`,
  );
  world.say("while it was away");
  world.state.up = true;
  await world.clock.advance(31_000);
  assert.deepEqual(world.got, ["early 0", "early 1", "early 2", "while it was away"]);
  assert.deepEqual(world.told, ["refused", "back"]);
  for (let i = 0; i < 20; i++) world.say(`late ${i}`);
  assert.equal(world.got.length, 24);
  assert.equal(world.backlog.dropped, 0);
});

test("a server that takes the connection and drops it is not dialled in a tight loop", async () => {
  const world = server();
  world.say("1");
  for (let second = 0; second < 60; second++) {
    await world.clock.advance(1_000);
    world.events()?.down(new Error("closed"));
    world.say("again");
  }
  assert.ok(world.dialled.length < 15, `${world.dialled.length} attempts in a minute`);
  assert.deepEqual(world.told, ["closed"]);
});

test("what was under way when the connection broke or stalled is sent again", async () => {
  const world = server();
  world.state.takes = false;
  world.say("first");
  world.say("second");
  await world.clock.advance(29_000);
  assert.deepEqual(world.told, []);
  world.state.takes = true;
  await world.clock.advance(3_000);
  assert.deepEqual(world.told, ["nothing was read for 30 s"]);
  assert.deepEqual(world.got, ["first", "second"]);
  await world.clock.advance(3_000);
  assert.deepEqual(world.told, ["nothing was read for 30 s", "back"]);
});

test("who waits for the last message keeps the connection, not longer", async () => {
  const world = server();
  world.say("1");
  let done = false;
  world.outbox.emptied().then(() => {
    done = true;
  });
  assert.equal(world.state.holding, true);
  await world.clock.advance(1);
  assert.equal(done, true);
  assert.equal(world.state.holding, false);
  world.outbox.close();
  world.say("after");
  await world.clock.advance(60_000);
  assert.deepEqual(world.got, ["1"]);
  assert.equal(world.dialled.length, 1);
});
