// Orders by chat: who may, what is understood, and how a poll bears silence, refusals and nonsense.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { keptLog, type Scripted, scriptedFetch } from "../../test/support/outside-world.ts";
import { seeded } from "../testing/seeded.ts";
import { simClock } from "../testing/sim-clock.ts";
import { telegramApi } from "./telegram-api.ts";
import { type ChatOrders, listen } from "./telegram-listen.ts";

const token = "12345678:AAAAbbbbCCCCddddEEEE";
const epochSeconds = 1_767_225_600;

function rig(polls: readonly Scripted[]) {
  const clock = simClock();
  const kept = keptLog();
  const heard: string[] = [];
  const left = [...polls];
  const server = scriptedFetch(async (request) => {
    if (!request.url.pathname.endsWith("/getUpdates")) return new Response('{"ok":true}');
    const next = left.shift();
    if (next === undefined) return new Promise<Response>(() => {});
    if (next instanceof Error) throw next;
    if (typeof next === "function") return next(request);
    return typeof next === "number" ? new Response("", { status: next }) : next;
  });
  const orders: ChatOrders = {
    status: () => "all is well",
    pause: (by, reason) => `${heard.push(`pause ${by}: ${reason}`)} paused`,
    resume: (by) => `${heard.push(`resume ${by}`)} resumed`,
    decide: (id, at, by, answer) => {
      if (id === "P9") throw new Error("P9 was already given");
      return `${heard.push(`${answer} ${id} ${at} ${by}`)} decided`;
    },
  };
  const over = new AbortController();
  const world = { clock, random: seeded(1), log: kept.log };
  const api = telegramApi({ token, url: "https://api.telegram.org", clock, fetch: server.fetch });
  const run = listen({ name: "chat", api, users: [42], orders, ...world }, over.signal);
  const of = (method: string) =>
    server.requests
      .filter(({ url }) => url.pathname.endsWith(`/${method}`))
      .map(({ body }) => JSON.parse(String(body)));
  return { clock, kept, heard, of, run, end: () => over.abort(new Error("over")) };
}

const updates = (...list: readonly unknown[]): Response =>
  new Response(JSON.stringify({ ok: true, result: list }));
const from = (id: number) => ({ id, username: id === 42 ? "ada" : "eve" });
const write = (update_id: number, user: number, text: string, ago = 0) => {
  const date = epochSeconds - ago;
  return { update_id, message: { from: from(user), chat: { id: 7 }, text, date } };
};
const press = (update_id: number, user: number, data: string) => {
  const message = { chat: { id: 7 }, date: 1 };
  return { update_id, callback_query: { id: `q${update_id}`, from: from(user), data, message } };
};

test("commands and buttons of those who may; each update is taken once", async () => {
  const all = rig([
    updates(
      write(10, 42, "/status"),
      write(11, 42, "/pause@my_bot for\nlunch"),
      write(12, 42, "good morning"),
      press(13, 42, "approve P3 123"),
      press(14, 42, "deny P9 5"),
      press(15, 42, "approve; rm -rf /"),
      write(16, 42, "/resume", 600),
      write(17, 42, "/dance"),
    ),
  ]);
  await all.clock.advance(20_000);
  assert.deepEqual(all.heard, [
    "pause ada (42) by Telegram: for\nlunch",
    "approve P3 123 ada (42) by Telegram",
  ]);
  assert.deepEqual(
    all.of("getUpdates").map(({ offset }) => offset),
    [0, 18],
  );
  assert.deepEqual(
    all.of("answerCallbackQuery").map(({ text }) => text),
    ["2 decided", "P9 was already given", "This button says nothing to me."],
  );
  const said = all.of("sendMessage").map(({ text }) => text);
  assert.equal(said[0], "all is well");
  assert.match(said[5], /too long ago/);
  assert.match(said[6], /I know \/status/);
  all.end();
  await all.run;
});

test("strangers get nothing, and the log one line of each", async () => {
  const all = rig([
    updates(write(1, 666, "/pause"), press(2, 666, "approve P3 123"), write(3, 666, "/status")),
    updates(write(4, 666, "/resume"), write(5, 667, "/status")),
  ]);
  await all.clock.advance(5_000);
  assert.deepEqual(all.heard, []);
  assert.deepEqual([...all.of("sendMessage"), ...all.of("answerCallbackQuery")], []);
  assert.equal(all.kept.said("warn").length, 2);
  all.end();
  await all.run;
});

test("silence, refusals, floods and nonsense end nothing, and are told once", async () => {
  const flood =
    '{"ok":false,"error_code":429,"description":"slow","parameters":{"retry_after":30}}';
  const all = rig([
    () => new Promise<Response>(() => {}),
    new TypeError(`Failed to parse URL from https://api.telegram.org/bot${token}/getUpdates`),
    new Response(flood, { status: 429 }),
    new Response("<html>", { status: 200 }),
    updates({ update_id: 5 }, 7, null, { update_id: 6, message: { text: 5 } }),
    updates(write(8, 42, "/status")),
  ]);
  await all.clock.advance(39_999);
  assert.equal(all.of("getUpdates").length, 1);
  await all.clock.advance(3_000);
  assert.equal(all.of("getUpdates").length, 3);
  await all.clock.advance(28_000);
  assert.equal(all.of("getUpdates").length, 3, "it was asked to wait 30 s");
  await all.clock.advance(5_000);
  assert.equal(all.of("sendMessage").length, 1);
  assert.equal(all.of("getUpdates").at(-1).offset, 9);
  assert.deepEqual(all.kept.said("warn"), ["chat hears no orders: no answer within 40000 ms"]);
  assert.deepEqual(all.kept.said("info"), ["chat hears orders again"]);
  assert.ok(!inspect(all.kept.entries, { depth: 9 }).includes("AAAAbbbb"));
  all.end();
  await all.run;
});

test("a bot that is refused asks seldom", async () => {
  const all = rig([401, 409, 401]);
  await all.clock.advance(1_000);
  assert.equal(all.of("getUpdates").length, 1);
  await all.clock.advance(300_000);
  assert.equal(all.of("getUpdates").length, 2);
  assert.equal(all.kept.said("warn").length, 1);
  all.end();
  await all.run;
});
