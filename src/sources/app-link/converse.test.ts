// A connection survives whatever is sent over it, and ends when nobody speaks.
import assert from "node:assert/strict";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { healthy, hello } from "../../../test/support/link.ts";
import type { FromApp } from "../../protocol/link.ts";
import { encodeLink } from "../../protocol/link-wire.ts";
import { seeded } from "../../testing/seeded.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { converse } from "./converse.ts";
import type { Seat, Talk } from "./desk.ts";

interface Bench {
  readonly app: Duplex;
  readonly clock: SimClock;
  /** What the desk took in; "left" when the connection was over. */
  readonly taken: string[];
  readonly complaints: string[];
  /** What the app was told, one message a line. */
  readonly told: () => string;
  readonly talk: () => Talk | undefined;
  readonly send: (...messages: readonly (FromApp | string | Buffer)[]) => Promise<void>;
}

function bench(): Bench {
  const [app, own] = duplexPair();
  const clock = simClock();
  const [taken, complaints]: [string[], string[]] = [[], []];
  let told = "";
  let talk: Talk | undefined;
  app.on("data", (chunk) => {
    told += chunk;
  });
  app.on("error", () => {});
  const seat: Seat = {
    take: (message) => void taken.push(message.kind),
    leave: () => void taken.push("left"),
  };
  const admit = (_: unknown, other: Talk): Seat => {
    talk = other;
    return seat;
  };
  converse(own, { desk: { admit }, clock, complain: (why) => void complaints.push(why) });
  const send: Bench["send"] = async (...messages) => {
    for (const message of messages) {
      const isRaw = typeof message === "string" || Buffer.isBuffer(message);
      if (!app.destroyed) app.write(isRaw ? message : encodeLink(message));
    }
    for (let turn = 0; turn < 10; turn++) await clock.advance(0);
  };
  return { app, clock, taken, complaints, told: () => told, talk: () => talk, send };
}

const report: FromApp = { kind: "report", report: healthy };

test("a greeting, then reports and answers", async () => {
  const { send, taken, clock, app } = bench();
  await send(hello(), report, { kind: "answer", id: 1, done: "done" });
  assert.deepEqual(taken, ["report", "answer"]);
  await clock.advance(3_600_000);
  assert.deepEqual(taken, ["report", "answer"], "whoever is silent stays");
  app.destroy();
  await send();
  assert.deepEqual([taken.at(-1), clock.pending], ["left", 0]);
});

const misfits: readonly (readonly [string, readonly (FromApp | string | Buffer)[], RegExp])[] = [
  ["one that does not greet", [report], /it did not greet first/],
  ["one that greets twice", [hello(), hello()], /it greeted twice/],
  ["a line that is no JSON", ["GET / HTTP/1.1\r\n\r\n"], /expected a line of JSON/],
  ["a line without end", [hello(), Buffer.alloc(1_100_000, "x")], /a line is too long/],
  ["bytes of anything", [Buffer.from("\u0000\n\u0000\n")], /expected a line of JSON/],
  ["too many lines", [hello(), encodeLink(report).repeat(201)], /more than 200 lines in a second/],
];
for (const [what, messages, why] of misfits) {
  test(`${what} is refused, told why, and not read on`, async () => {
    const { send, app, told, complaints, clock, taken } = bench();
    await send(...messages, report);
    assert.match(told(), /^\{"kind":"refused","why":".*"\}\n$/);
    assert.match(told(), why);
    assert.match(complaints.join("\n"), why);
    assert.equal(complaints.length, 1);
    const before = taken.length;
    await send(report);
    assert.equal(taken.length, before);
    await clock.advance(1_000);
    assert.ok(app.destroyed || app.readableEnded, "the connection ends");
    assert.equal(clock.pending, 0);
  });
}

test("a flood of bytes is not read to its end", async () => {
  const { send, told, taken } = bench();
  await send(hello());
  const large = `{"kind":"nonsense","x":"${"x".repeat(900_000)}"}`;
  await send(`${large}\n`.repeat(10));
  assert.match(told(), /"kind":"refused"/);
  assert.deepEqual(taken, ["left"]);
});

test("random bytes never get further than a refusal", async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seeded(seed);
    const { send, told, app, clock } = bench();
    const bytes = Buffer.from(Array.from({ length: 400 }, () => Math.floor(random() * 256)));
    await send(seed % 2 === 0 ? hello() : "", bytes, "\n");
    assert.match(told(), /^(?:\{"kind":"refused".*\}\n)?$/);
    app.destroy();
    await clock.advance(10_000);
    assert.equal(clock.pending, 0, `seed ${seed} left a timer`);
  }
});

test("one that never greets may come back, after 5 s", async () => {
  const { app, clock, told, complaints, send } = bench();
  await clock.advance(4_999);
  assert.deepEqual(complaints, []);
  await clock.advance(1);
  await send();
  assert.deepEqual([told(), complaints], ["", ["no greeting within 5000 ms"]]);
  assert.ok(app.destroyed || app.readableEnded);
});

test("one that does not read is cut off", async () => {
  const { app, talk, taken, send, complaints } = bench();
  await send(hello());
  app.pause();
  const why = "x".repeat(1_000);
  const order = { kind: "order", id: 1, order: { kind: "do", name: why }, by: "ann" } as const;
  for (let n = 0; n < 1_200; n++) talk()?.say(order);
  assert.deepEqual([taken, complaints], [["left"], ["it does not read what it is told"]]);
});
