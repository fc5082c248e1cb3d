// Syslog messages by the grammar of RFC 5424, and how they wait for a server that is away.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSyslog } from "../../../test/support/syslog-grammar.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { createAlarm } from "../parts/alarm.ts";
import { createBacklog } from "./backlog.ts";
import type { LinkEvents } from "./link.ts";
import { createOutbox } from "./outbox.ts";
import { type SyslogHeader, syslogMessage } from "./rfc5424.ts";
import type { Line } from "./sink.ts";
import { syslogSink } from "./syslog.ts";

const header: SyslogHeader = {
  facility: "local3",
  hostname: "host-1",
  processId: "42",
  maxBytes: 2_048,
};
const line: Line = {
  at: Date.UTC(2026, 10, 21, 3),
  level: "warn",
  app: "shop",
  thread: "worker-1",
  logger: "db.pool",
  message: "slow",
  fields: { ms: 5, why: 'a "b" ]c\\' },
};

test("a line is a message of RFC 5424", () => {
  assert.equal(
    syslogMessage(line, header).toString(),
    "<156>1 2026-11-21T03:00:00.000Z host-1 shop 42 db.pool - " +
      'worker-1 [WARN] slow logger=db.pool ms=5 why="a \\"b\\" ]c\\\\"',
  );
  const found = parseSyslog(syslogMessage(line, { ...header, structuredDataId: "app@12345" }));
  assert.deepEqual([found.facility, found.severity], [19, 4]);
  assert.equal(found.text, "worker-1 [WARN] slow logger=db.pool");
  assert.deepEqual(Object.fromEntries(found.data.get("app@12345") ?? []), {
    ms: "5",
    why: 'a "b" ]c\\',
  });
});

test("whatever a line holds, its message keeps to the grammar and to its length", () => {
  const text = fc.string({ unit: "binary", maxLength: 200 }).map((value) => value.toWellFormed());
  const property = fc.property(
    text,
    text,
    fc.dictionary(text, text),
    fc.boolean(),
    (a, b, fields, apart) => {
      const given = { ...line, app: a, message: b, logger: a, fields };
      const id = apart ? { structuredDataId: "app@12345" } : {};
      const whole = parseSyslog(syslogMessage(given, { ...header, ...id, maxBytes: 1_000_000 }));
      if (!apart) assert.ok(whole.text.includes("[WARN]"));
      const cut = syslogMessage(given, { ...header, maxBytes: 480 });
      assert.ok(cut.length <= 480);
      new TextDecoder("utf-8", { fatal: true }).decode(cut);
    },
  );
  fc.assert(property, { numRuns: 300, seed: 3 });
});

test("an address, facility or id that cannot be is refused at the start", () => {
  const address = "udp://localhost";
  for (const wrong of [
    "localhost",
    "http://a",
    "udp://",
    "udp://a:0",
    "udp://a:70000",
    "udp://a/b",
  ]) {
    assert.throws(() => syslogSink({ address: wrong }), { code: "OPTION_INVALID" }, wrong);
  }
  assert.throws(() => syslogSink({ address, facility: "local9" as "local1" }), /facility/);
  assert.throws(() => syslogSink({ address, structuredDataId: "app" }), /structuredDataId/);
  assert.throws(() => syslogSink({ address, maxMessageBytes: 100 }), /480/);
  for (const right of [address, "tcp://[::1]:601", "tls://a.b-c:6514", "TLS://a/"]) {
    assert.equal(syslogSink({ address: right }).name, "syslog");
  }
});

test("a backlog keeps order and bound, and counts what it gave up", () => {
  const backlog = createBacklog(10);
  const of = (text: string): Buffer => Buffer.from(text);
  for (const text of ["aaaa", "bbbb", "cccc"]) backlog.push(of(text));
  assert.deepEqual([backlog.size, backlog.dropped], [2, 1]);
  assert.deepEqual(backlog.take(5).map(String), ["bbbb"]);
  backlog.restore([of("bbbb")]);
  assert.deepEqual(backlog.take(100).map(String), ["bbbb", "cccc"]);
  backlog.push(of("larger than ten"));
  assert.deepEqual([backlog.size, backlog.dropped], [0, 2]);
  for (let i = 0; i < 5_000; i++) backlog.push(of("x"));
  assert.deepEqual([backlog.size, backlog.dropped], [10, 4_992]);
});

test("an alarm can be put off, brought forward and cleared", async () => {
  const clock = simClock();
  const rung: number[] = [];
  const alarm = createAlarm(clock, () => rung.push(clock.now()));
  alarm.ringIn(100);
  await clock.advance(50);
  alarm.ringIn(100);
  await clock.advance(60);
  assert.deepEqual(rung, []);
  await clock.advance(100);
  assert.deepEqual(rung, [150]);
  alarm.ringIn(1_000);
  alarm.ringIn(10);
  await clock.advance(5_000);
  assert.deepEqual(rung, [150, 220]);
  alarm.ringIn(10);
  alarm.off();
  await clock.advance(5_000);
  assert.equal(rung.length, 2);
});

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
