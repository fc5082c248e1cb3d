// A daemon that tells people: pages and their end, orders by chat, channels that hang or refuse, kills.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { UndeliveredView } from "../../src/protocol/api-channels.ts";
import type { NotifyConfig } from "../../src/wiring/config-notify.ts";
import { type PagerDutyStub, pagerdutyStub } from "./support/pagerduty-stub.ts";
import { exited, type Project, until } from "./support/project.ts";
import { type TelegramStub, telegramStub } from "./support/telegram-stub.ts";
import { healing, incident, project, service, tell } from "./support/trial.ts";

const key = "0123456789abcdef0123456789abcdef";
const wrong = "ffffffffffffffffffffffffffffffff";
const token = "12345678:AAAAbbbbCCCCddddEEEEffffGGGGhhhh";
const [ada, eve, chat] = [42, 666, 7];

interface Scene {
  readonly here: Project;
  readonly pager: PagerDutyStub;
  readonly bot: TelegramStub;
}

interface Wish {
  readonly mode?: "auto" | "suggest";
  readonly notify?: Omit<NotifyConfig, "channels">;
  readonly channels?: NotifyConfig["channels"];
}

/** In mode auto what ended is not started, so that people are called; the token lies in a file. */
async function scene(
  t: TestContext,
  { mode = "auto", notify = {}, channels = {} }: Wish = {},
): Promise<Scene> {
  const pager = await pagerdutyStub(key);
  const bot = await telegramStub({ token, chats: [chat], limits: [2, 20] });
  t.after(() => pager[Symbol.asyncDispose]());
  t.after(() => bot[Symbol.asyncDispose]());
  const here = await project(t, (folder) => {
    writeFileSync(join(folder, "token.txt"), `${token}\n`, { mode: 0o600 });
    return {
      healing: { ...healing, mode, modes: { start: mode } },
      services: { app: service({ restart: mode === "auto" ? { when: "never" } : {} }) },
      notify: {
        ...notify,
        channels: {
          pager: { kind: "pagerduty", routingKey: key, url: pager.url },
          chat: {
            ...{ kind: "telegram", tokenFile: "token.txt", chats: [chat], url: bot.url },
            ...{ commands: true, users: [ada] },
          },
          ...channels,
        },
      },
    };
  });
  return { here, pager, bot };
}

async function fallsIll({ here }: Scene): Promise<void> {
  await tell(here, "app/1", "/end?n=3").catch(() => {});
  await incident(here, "app", ({ incident: { actions, approvals } }) => {
    return actions.some(({ kind }) => kind === "page") || approvals.length > 0;
  });
}

const there = <T>(what: string, find: () => T | undefined | false): Promise<T> =>
  until(what, 20_000, async () => find() || undefined);

/** Most of a test is waiting. */
describe("people", { concurrency: 4, timeout: 90_000 }, () => {
  test("a page reaches both channels and its end resolves it; orders come by chat", async (t) => {
    const all = await scene(t);
    const { here, pager, bot } = all;
    await here.up();
    await here.healthy();
    bot.write(ada, "/pause in the night before", 3_600);
    bot.write(ada, "/status");
    await there("the state", () =>
      bot.sent.find(({ text }) => /^trial: The service is/.test(text)),
    );
    assert.match(bot.sent[0]?.text ?? "", /too long ago/);
    bot.write(ada, "/pause for lunch");
    await there("the stop", () => bot.sent.find(({ text }) => /is stopped by user42/.test(text)));
    assert.equal((await here.view()).paused?.reason, "for lunch");
    bot.write(ada, "/resume@homeostat_bot");
    await there("going on", () => bot.sent.find(({ text }) => /Healing goes on/.test(text)));
    assert.equal((await here.view()).paused, undefined);
    await fallsIll(all);
    const page = await there("the page", () => pager.events[0]);
    assert.equal(page.event_action, "trigger");
    assert.match(page.dedup_key, /^homeostat\/trial@[^/]+\/1$/);
    assert.match(page.payload?.summary ?? "", /^trial: app\/1.*code 3/);
    assert.equal(page.payload?.severity, "critical");
    const { seen, done, next } = page.payload?.custom_details ?? {};
    assert.match(seen ?? "", /app\/1: .*detected in/);
    assert.equal(done, "nothing yet");
    assert.match(next ?? "", /It needs you: no machine can mend this/);
    assert.match(page.links?.[0]?.href ?? "", /^http:\/\/127\.0\.0\.1:\d+\/#\/incidents\/1$/);
    const told = await there("the chat", () => bot.sent.find(({ text }) => text.includes("🚨")));
    assert.match(told.text, /Seen: app\/1.*\nCause: .*\nDone: nothing yet/s);
    await incident(here, "app", ({ state }) => state === "escalated");
    await here.post("/api/services/app/start");
    await there("the end", () => pager.events.find((it) => it.event_action === "resolve"));
    await there("the end in the chat", () => bot.sent.find(({ text }) => text.includes("✅")));
    assert.deepEqual([...pager.incidents.keys()], [page.dedup_key]);
    assert.deepEqual([pager.refused, bot.refused], [[], []]);
    assert.equal((await here.view()).undelivered, undefined);
    assert.ok(!here.log().includes(key) && !here.log().includes(token));
  });

  test("channels that hang and that refuse delay no other, are shown and stood in for", async (t) => {
    const other = await pagerdutyStub(key);
    t.after(() => other[Symbol.asyncDispose]());
    const { url } = other;
    const all = await scene(t, {
      notify: { urgent: ["pager", "refused", "chat"], escalateAfter: "1s" },
      channels: {
        refused: { kind: "pagerduty", routingKey: wrong, url },
        spare: { kind: "pagerduty", routingKey: key, url },
      },
    });
    const { here, pager, bot } = all;
    for (let i = 0; i < 50; i++) pager.next.push("hang");
    await here.up();
    await here.healthy();
    await fallsIll(all);
    await there("the chat", () => bot.sent.find(({ text }) => text.includes("🚨")));
    // A request that hangs is given up after 10 s.
    assert.equal(pager.next.length, 49, "the chat waited for the pager");
    await there("the stand-in", () => other.events[0]);
    const of = (list: readonly UndeliveredView[] = [], name: string): UndeliveredView | undefined =>
      list.find(({ channel }) => channel === name);
    const list = await until("both undelivered", 20_000, async () => {
      const { undelivered } = await here.view();
      return of(undelivered, "pager") && of(undelivered, "refused") ? undelivered : undefined;
    });
    assert.match(of(list, "refused")?.reason ?? "", /HTTP 400.*routing_key.*invalid/);
    assert.equal(of(list, "refused")?.refused, true);
    assert.equal(of(list, "pager")?.urgent, true);
    const stoodIn = list.map(({ passedOn }) => passedOn);
    assert.ok(stoodIn.includes("spare"), `${stoodIn}`);
    const status = await here.cli("status");
    assert.match(status.out, /Undelivered for .*: page of incident 1, by pager/);
    const tests = await here.cli("notify", "test", "refused", "--json");
    assert.equal(tests.code, 75);
    assert.deepEqual(
      JSON.parse(tests.out).tests.map(({ ok }: { ok: boolean }) => ok),
      [false],
    );
    assert.equal(here.log().split("telling by refused failed").length - 1, 1);
    assert.equal(other.refused.length, 2, "the page once, the test once");
    assert.ok(!`${here.log()}${status.out}${tests.out}${tests.err}`.includes(wrong));
  });

  test("a question has buttons that work for those who may, and for nobody else", async (t) => {
    const all = await scene(t, { mode: "suggest", notify: { urgent: ["pager"] } });
    const { here, bot } = all;
    await here.up();
    await here.healthy();
    await fallsIll(all);
    const asked = await there("the question", () => bot.sent.find((it) => it.buttons.length > 0));
    const [yes = "", no = ""] = asked.buttons;
    assert.match(`${yes}, ${no}`, /^approve P1 \d+, deny P1 \d+$/);
    assert.match(asked.text, /Asked: P1: start app\/1/);
    bot.press(eve, yes);
    bot.write(eve, "/pause");
    bot.press(ada, "approve P1 5");
    await there("the refusal", () => bot.answered.find((it) => /no question of now/.test(it)));
    bot.press(ada, yes);
    await there("the answer", () => bot.answered.find((it) => /approved by user42/.test(it)));
    await there("the end", () => bot.sent.find(({ text }) => text.includes("✅")));
    assert.equal(bot.answered.length, 2);
    const warnings = here.log().split("heard somebody who may not order").length - 1;
    assert.equal(warnings, 1, "one warning for all that a stranger tries");
    const given = here.journal().filter(({ type }) => /^operator\./.test(type));
    assert.deepEqual(
      given.map(({ type }) => type),
      ["operator.approved"],
    );
  });

  test("a daemon killed before page and end were told: the next one tells, by the same key", async (t) => {
    const all = await scene(t);
    const { here, pager } = all;
    const hang = (): void => {
      for (let i = 0; i < 8; i++) pager.next.push("hang");
    };
    const killed = async (daemon: Awaited<ReturnType<Project["up"]>>): Promise<void> => {
      await there("a request on its way", () => pager.next.length < 8);
      daemon.kill("SIGKILL");
      await exited(daemon, 10_000);
      pager.next.length = 0;
    };
    hang();
    const first = await here.up();
    await here.healthy();
    await fallsIll(all);
    await killed(first);
    assert.equal(pager.events.length, 0);
    const second = await here.up();
    const page = await there("the page", () => pager.events[0]);
    assert.equal(page.event_action, "trigger");
    await incident(here, "app", ({ state }) => state === "escalated");
    hang();
    await here.post("/api/services/app/start");
    await killed(second);
    await here.up();
    await there("the end", () => pager.events.find((it) => it.event_action === "resolve"));
    assert.deepEqual([...pager.incidents.keys()], [page.dedup_key]);
  });
});
