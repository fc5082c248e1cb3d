// What a config may say about channels: every wrong value is told with its place and without its secret.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { simClock } from "../testing/sim-clock.ts";
import { judge } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { Resolved } from "./resolve.ts";
import { waysText } from "./resolve-notify.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-notify-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const key = "0123456789abcdef0123456789abcdef";
const token = "12345678:AAAAbbbbCCCCddddEEEE";
writeFileSync(join(folder, "token.txt"), `${token}\n`);
writeFileSync(join(folder, "empty.txt"), "\n");

function load(notify: unknown): Promise<Resolved> {
  const config = {
    ...(notify === undefined ? {} : { notify }),
    services: { web: { command: "sleep 5" } },
  };
  const env = { PATH: process.env.PATH, PD_KEY: key, BAD: "short-secret" };
  return judge(config, "homeostat.json", { folder, env, clock: simClock() });
}

const pager = { kind: "pagerduty", routingKey: `\${PD_KEY}` };
const chat = { kind: "telegram", tokenFile: "token.txt", chats: [7] };
const hook = { kind: "webhook", url: "https://hooks.slack.com/services/T0/B0/XYZSECRET" };

test("secrets come from the environment and from files; the rest has defaults", async () => {
  const { notify } = await load({ channels: { pager, chat, hook } });
  const url = "https://events.pagerduty.com";
  assert.deepEqual(notify, {
    channels: [
      { name: "pager", kind: "pagerduty", url, severity: "critical", routingKey: key },
      {
        ...{ name: "chat", kind: "telegram", url: "https://api.telegram.org", token },
        ...{ chats: [7], commands: false, users: [] },
      },
      { ...hook, name: "hook", form: "json", headers: {} },
    ],
    ...{ urgent: ["pager", "chat", "hook"], info: ["chat", "hook"], escalateAfterMs: 120_000 },
    url: "http://127.0.0.1:7700",
  });
  const none = await load(undefined);
  assert.deepEqual([none.notify.channels, none.notify.urgent, none.notify.info], [[], [], []]);
});

test("which ways are independent of each other is told", async () => {
  const ways = async (notify: unknown): Promise<string> => waysText((await load(notify)).notify);
  const two = "pager (pagerduty, events.pagerduty.com) and chat (telegram, api.telegram.org)";
  assert.equal(
    await ways({ channels: { pager, chat, hook }, urgent: ["pager", "chat"], info: ["chat"] }),
    `urgent: ${two}, independent of each other; after 120 s undelivered to hook\ninfo: chat (telegram, api.telegram.org)`,
  );
  assert.match(
    await ways({ channels: { pager, second: pager } }),
    /1 independent way: pager and second both go by events.pagerduty.com\ninfo: nobody$/,
  );
  assert.match(await ways({ channels: { chat } }), /^urgent: chat \(.*\), one way\n/);
  assert.match(await ways(undefined), /nobody is told/);
});

const of = (channel: unknown): unknown => ({ channels: { it: channel } });
const bad: readonly (readonly [notify: unknown, path: string, told: RegExp])[] = [
  [{ channels: {} }, "notify.channels", /1 to 20 channels, got none/],
  [of({ ...pager, kind: "pager-duty" }), "notify.channels.it.kind", /"pagerduty", "telegram" or/],
  [of({ kind: "pagerduty" }), "notify.channels.it.routingKey", /routingKey or routingKeyFile/],
  [of({ ...pager, routingKeyFile: "x" }), "notify.channels.it.routingKey", /got both/],
  [
    of({ ...pager, routingKey: `\${NONE}` }),
    "notify.channels.it.routingKey",
    /a variable that is set .*\$\{NONE\}/,
  ],
  [
    of({ ...pager, routingKey: `\${BAD}` }),
    "notify.channels.it.routingKey",
    /32 characters, got text of 12/,
  ],
  [
    of({ ...pager, routingKey: "XYZSECRET\nsecond line" }),
    "notify.channels.it.routingKey",
    /text of 1 to 4096 characters without line breaks, got text of 21/,
  ],
  [of({ ...pager, token }), "notify.channels.it.token", /which pagerduty does not have/],
  [
    of({ ...pager, url: "events.pagerduty.com" }),
    "notify.channels.it.url",
    /an http or https address/,
  ],
  [of({ ...chat, tokenFile: "none.txt" }), "notify.channels.it.tokenFile", /a file that exists/],
  [of({ ...chat, tokenFile: "empty.txt" }), "notify.channels.it.tokenFile", /a file with one line/],
  [
    of({ kind: "telegram", token: "ABC:XYZSECRET", chats: [7] }),
    "notify.channels.it.token",
    /a token such as/,
  ],
  [of({ ...chat, chats: undefined }), "notify.channels.it.chats", /chats of the channel/],
  [of({ ...chat, chats: ["ops"] }), "notify.channels.it.chats[0]", /the number of a chat/],
  [of({ ...chat, commands: true }), "notify.channels.it.users", /users who may/],
  [of({ kind: "webhook" }), "notify.channels.it.url", /url of the channel/],
  [of({ ...hook, url: "hooks.slack.com/XYZSECRET" }), "notify.channels.it.url", /an http or https/],
  [of({ ...hook, form: "ntfy" }), "notify.channels.it.topic", /the topic of ntfy/],
  [of({ ...hook, secret: "short" }), "notify.channels.it.secret", /8 characters or more/],
  [
    of({ ...hook, headers: { "x y": "1" } }),
    'notify.channels.it.headers["x y"]',
    /the name of a header/,
  ],
  [of({ ...hook, routingkey: key }), "notify.channels.it.routingkey", /"routingKey"/],
  [{ channels: { Pager: pager } }, "notify.channels.Pager", /a name of small letters/],
  [{ channels: { pager }, urgent: ["pagr"] }, "notify.urgent[0]", /"pager", got "pagr"/],
  [{ channels: { pager }, urgent: [] }, "notify.urgent", /one channel at least/],
  [{ channels: { pager }, info: ["pager", "pager"] }, "notify.info[1]", /each channel once/],
  [{ channels: { pager }, escalateAfter: "1ms" }, "notify.escalateAfter", /from 1s/],
  [
    {
      channels: {
        a: { ...chat, commands: true, users: [1] },
        b: { kind: "telegram", token, chats: [8], commands: true, users: [1] },
      },
    },
    "notify.channels.b.commands",
    /one channel of a bot/,
  ],
];

for (const [notify, path, told] of bad) {
  test(`a wrong ${path} is told: ${told.source.slice(0, 30)}`, async () => {
    const error = await load(notify).then(
      () => assert.fail("it was taken"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof HomeostatError);
    const problems = error.details as readonly Problem[];
    assert.deepEqual(
      problems.map((it) => it.path),
      [path],
      error.message,
    );
    assert.match(`${problems[0]?.expected}, got ${problems[0]?.got}`, told);
    assert.ok(!/XYZSECRET|short-secret|AAAAbbbb/.test(error.message), error.message);
  });
}
