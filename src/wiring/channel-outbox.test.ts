// Each channel tells for itself: what hangs, throws or is refused delays nobody, and nothing is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { keptLog } from "../../test/support/outside-world.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Notice, Notifier } from "../notifiers/notifier.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import type { Kept, KeptState } from "./channel-kept.ts";
import { createOutbox, type OutboxOptions } from "./channel-outbox.ts";

type Send = Notifier["send"];

const notice: Notice = { incident: "1", title: "web is down", text: "it ended", urgent: true };
const hangs: Send = () => new Promise(() => {});
const away: Send = async () => {
  throw new HomeostatError("NOT_DELIVERED", "pager: HTTP 503");
};
const refuses: Send = async () => {
  throw new HomeostatError("OPTION_INVALID", "pager: HTTP 400: bad key");
};

function rig(sends: Readonly<Record<string, Send>>, state: KeptState = { pending: [], told: {} }) {
  const clock = simClock();
  const log = keptLog();
  const got: string[] = [];
  const kept = { state, save: (next: KeptState) => Object.assign(kept, { state: next }) };
  const channels = Object.entries(sends).map(([name, send]): Notifier => {
    const heard: Send = async (it, ctx) => {
      await send(it, ctx);
      got.push(`${name}: ${it.over ? "over" : it.urgent ? it.text : `info ${it.text}`}`);
    };
    return { name, send: send.length === 0 && send !== hangs ? (send as Send) : heard };
  });
  const options: OutboxOptions = {
    ...{ channels, clock, random: seeded(1), log: log.log, escalateAfterMs: 120_000 },
    kept: kept as Kept,
  };
  const box = createOutbox(options);
  const over = new AbortController();
  const start = (): void => void box.run(over.signal);
  return { clock, log, got, kept, box, start, sends: channels };
}

const well: Send = async (_notice, _ctx) => {};

test("one that hangs and one that throws at once delay no other, and are tried again", async () => {
  let times = 0;
  const throwing = ((_notice: Notice) => {
    times += 1;
    throw new RangeError("broken");
  }) as unknown as Send;
  const { box, clock, got, start, kept } = rig({ pager: hangs, broken: throwing, chat: well });
  start();
  const ways = ["pager", "broken", "chat"].map((name) =>
    box.tell(name, notice).then(() => "told", String),
  );
  await clock.advance(0);
  assert.deepEqual(got, ["chat: it ended"]);
  assert.equal(kept.state.pending.length, 2, "what is not told is written down");
  await clock.advance(30_000);
  const [pager, broken, chat] = await Promise.all(ways);
  assert.match(pager ?? "", /no answer within 30000 ms/);
  assert.deepEqual([broken, chat], ["RangeError: broken", "told"]);
  await clock.advance(30_000);
  assert.ok(times >= 3 && times <= 5, `${times} attempts in a minute`);
});

test("it is tried until it is told, ever more seldom", async () => {
  const at: number[] = [];
  const { box, clock, start, got, log } = rig({
    pager: async (_notice, ctx) => {
      at.push(clock.now());
      if (at.length < 6) await away(notice, ctx);
    },
  });
  start();
  box.post("pager", notice);
  await clock.advance(320_000);
  assert.equal(at.length, 6);
  const waits = at.slice(1).map((each, i) => each - (at[i] ?? 0));
  assert.ok(
    waits.every((wait, i) => i === 0 || wait > (waits[i - 1] ?? 0) * 0.9),
    `${waits}`,
  );
  assert.deepEqual([got, box.pending], [["pager: it ended"], []]);
  assert.deepEqual(log.said("warn").length, 1, "the outage is told once");
  assert.deepEqual(log.said("info").length, 1, "and its end");
});

test("undelivered for long, a page goes to the next channel, once; a refused one at once", async () => {
  const { box, clock, start, got, kept } = rig({ pager: away, chat: well, mail: well, sms: well });
  start();
  box.post("pager", notice);
  box.post("chat", notice);
  await clock.advance(119_000);
  assert.deepEqual(got, ["chat: it ended"]);
  await clock.advance(200_000);
  assert.deepEqual(got.slice(1), ["mail: it ended\n(pager could not be reached: pager: HTTP 503)"]);
  assert.equal(kept.state.pending[0]?.passedOn, "mail");
  const second = rig({ pager: refuses, mail: well });
  second.start();
  second.box.post("pager", notice);
  await second.clock.advance(1_000);
  assert.equal(second.got.length, 1);
  await second.clock.advance(60_000);
  assert.equal(second.kept.state.pending[0]?.attempts, 1, "what is refused is not tried again");
});

test("a notice that nobody needs to be woken for goes to nobody else, and grows old", async () => {
  const calm = { ...notice, urgent: false };
  const sinceAt = simClock().wall() - 3_590_000;
  const pending = [{ channel: "chat", notice: calm, sinceAt, attempts: 9, reason: "away" }];
  const { clock, start, got, kept, box } = rig({ chat: away, mail: well }, { pending, told: {} });
  start();
  await clock.advance(5_000);
  assert.equal(box.pending.length, 1);
  await clock.advance(10_000);
  assert.deepEqual([got, kept.state.pending], [[], []]);
});

test("newer words replace older ones, and a page stays a page until its end", async () => {
  let isUp = false;
  const flaky: Send = async (it, ctx) => {
    if (!isUp) await away(it, ctx);
  };
  const { box, clock, start, got } = rig({ chat: flaky });
  start();
  box.post("chat", notice);
  box.post("chat", { ...notice, text: "restarted", urgent: false });
  isUp = true;
  await clock.advance(60_000);
  assert.deepEqual(got, ["chat: restarted"]);
  assert.equal(box.pending.length, 0);
});

test("the end goes to all who know: told, on their way, and those who want to hear of it", async () => {
  const { box, clock, start, got, kept } = rig({ pager: well, spare: away, chat: well, log: well });
  start();
  box.post("pager", notice);
  box.post("spare", notice);
  await clock.advance(0);
  assert.deepEqual(kept.state.told, { "1": ["pager"] });
  box.end({ ...notice, urgent: false, over: true }, ["chat"]);
  await clock.advance(300);
  assert.deepEqual(got.toSorted(), ["chat: over", "pager: it ended", "pager: over"]);
  assert.deepEqual(kept.state.told, {});
  assert.deepEqual(
    kept.state.pending.map(({ channel, notice: { over } }) => [channel, over]),
    [["spare", true]],
  );
});

test("the next daemon goes on with what is written down; what was refused is tried anew", async () => {
  const pending = [
    { channel: "pager", notice, sinceAt: 0, attempts: 3, refused: true, reason: "bad key" },
    { channel: "gone", notice, sinceAt: 0, attempts: 1 },
  ] as const;
  const { box, clock, start, got, log } = rig({ pager: well }, { seq: 7, pending, told: {} });
  start();
  await clock.advance(0);
  assert.deepEqual([got, box.pending], [["pager: it ended"], []]);
  assert.match(log.said("warn")[0] ?? "", /gone.*is no channel/);
});

test("however much is to be told, it is bounded, and pages are kept", async () => {
  const { box, clock, kept } = rig({ chat: away });
  box.post("chat", notice);
  for (let i = 0; i < 520; i++)
    box.post("chat", { ...notice, incident: `${i + 2}`, urgent: false });
  await clock.advance(0);
  assert.equal(box.pending.length, 500);
  assert.equal(kept.state.pending[0]?.notice.urgent, true);
});
