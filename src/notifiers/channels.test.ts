// What each channel sends, and how it bears what comes back: waits, refusals, floods, silence.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { type Scripted, scriptedFetch } from "../../test/support/outside-world.ts";
import { seeded } from "../testing/seeded.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import type { Notice } from "./notifier.ts";
import { type PagerDutyOptions, pagerdutyNotifier } from "./pagerduty.ts";
import { telegramNotifier } from "./telegram.ts";
import { telegramApi } from "./telegram-api.ts";
import { type WebhookOptions, webhookNotifier } from "./webhook.ts";

const key = "0123456789abcdef0123456789abcdef";
const token = "12345678:AAAAbbbbCCCCddddEEEE";
const notice: Notice = {
  ...{ incident: "12", title: "shop: web is down", text: "Seen: it ended", urgent: true },
  facts: { service: "web", seen: "it ended" },
  link: "http://127.0.0.1:7700/#/incidents/12",
};
const { signal } = new AbortController();

/** How a sending ended, once it has. */
function ended(sending: Promise<void>): { end: string } {
  const it = { end: "" };
  sending.then(
    () => Object.assign(it, { end: "told" }),
    (error: Error) => Object.assign(it, { end: error.message, error }),
  );
  return it;
}

function rig(...answers: Scripted[]) {
  const clock = simClock();
  const { fetch, requests } = scriptedFetch(...answers);
  const world = { clock, random: seeded(1), fetch };
  const bodies = () => requests.map(({ body }) => JSON.parse(String(body)));
  return { clock, requests, bodies, world };
}

describe("pagerduty", () => {
  const pager = (world: Pick<PagerDutyOptions, "clock" | "random">, more = {}) => {
    const usual = {
      name: "pager",
      routingKey: key,
      severity: "error",
      source: "shop@host",
    } as const;
    return pagerdutyNotifier({
      ...usual,
      url: "https://events.eu.pagerduty.com/",
      ...world,
      ...more,
    });
  };

  test("trigger with details and links, and resolve under the same key", async () => {
    const { bodies, requests, world } = rig(202);
    await pager(world).send(notice, { signal });
    await pager(world).send({ ...notice, urgent: false }, { signal });
    await pager(world).send({ ...notice, over: true }, { signal });
    assert.equal(requests[0]?.url.href, "https://events.eu.pagerduty.com/v2/enqueue");
    const [trigger, calm, resolve] = bodies();
    const dedup_key = "homeostat/shop@host/12";
    assert.deepEqual(trigger, {
      ...{ routing_key: key, event_action: "trigger", dedup_key },
      payload: {
        ...{ summary: notice.title, source: "shop@host", severity: "error", component: "web" },
        custom_details: notice.facts,
      },
      ...{ client: "Homeostat", client_url: notice.link },
      links: [{ href: notice.link, text: "the incident in Homeostat" }],
    });
    assert.equal(calm.payload.severity, "info");
    assert.deepEqual(resolve, { routing_key: key, event_action: "resolve", dedup_key });
  });

  test("429 and 5xx are tried again, as late as they ask, four times at the most", async () => {
    const busy = new Response("", { status: 429, headers: { "retry-after": "20" } });
    const { clock, requests, world } = rig(busy, 503, 202);
    const sent = ended(pager(world).send(notice, { signal }));
    await clock.advance(19_900);
    assert.equal(requests.length, 1);
    await clock.advance(3_000);
    assert.deepEqual([requests.length, sent.end], [3, "told"]);
    const away = rig(new TypeError("fetch failed"));
    const lost = ended(pager(away.world).send(notice, { signal }));
    await away.clock.advance(60_000);
    assert.deepEqual([away.requests.length, lost.end], [4, "pager: fetch failed"]);
  });

  test("what asks to be left alone for long is left to whoever sends", async () => {
    const { clock, requests, world } = rig(
      new Response("", { status: 429, headers: { "retry-after": "300" } }),
    );
    const sent = ended(pager(world).send(notice, { signal }));
    await clock.advance(1);
    assert.equal(requests.length, 1);
    const { error } = sent as { error?: { details: unknown; retryable: boolean } };
    assert.deepEqual([error?.details, error?.retryable], [{ retryAfterMs: 300_000 }, true]);
  });

  test("400 is told with the server's words, without the key, and not tried again", async () => {
    const text = `{"errors":["'routing_key' ${key} is invalid"]}`;
    const { clock, requests, world } = rig(new Response(text, { status: 400 }));
    const sent = ended(pager(world).send(notice, { signal }));
    await clock.advance(60_000);
    assert.equal(requests.length, 1);
    assert.match(sent.end, /^pager: HTTP 400: .*'routing_key' \*\*\* is invalid/);
    assert.equal((sent as { error?: { code: string } }).error?.code, "OPTION_INVALID");
    assert.ok(!inspect(sent, { depth: 9, showHidden: true }).includes(key));
  });

  test("a trigger that hangs is not overtaken by its end", async () => {
    const { clock, bodies, world } = rig(() => new Promise<Response>(() => {}), 202);
    const it = pager(world);
    const first = ended(it.send(notice, { signal }));
    await clock.advance(1_000);
    const end = ended(it.send({ ...notice, over: true }, { signal }));
    await clock.advance(8_000);
    assert.equal(bodies().length, 1);
    await clock.advance(10_000);
    assert.deepEqual(
      bodies().map((it) => it.event_action),
      ["trigger", "resolve"],
    );
    assert.deepEqual([first.end, end.end], ["told", "told"]);
  });
});

describe("telegram", () => {
  const bot = (world: ReturnType<typeof rig>["world"], chats: readonly number[] = [7]) => {
    const api = telegramApi({ token, url: "https://api.telegram.org", ...world });
    return telegramNotifier({ name: "chat", api, chats, buttons: true, ...world });
  };
  const ok = (): Response => new Response('{"ok":true,"result":{}}');
  const flood = new Response(
    '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}',
    { status: 429 },
  );
  /** When each request left. */
  const timed = (clock: SimClock, answer: () => Response) => {
    const at: number[] = [];
    const scripted = () => {
      at.push(clock.now());
      return answer();
    };
    return { at, scripted };
  };

  test("one message a second in a chat, 20 a minute; chats do not wait for each other", async () => {
    const { world, clock } = rig();
    const { at, scripted } = timed(clock, ok);
    const { fetch } = scriptedFetch(scripted);
    const one = bot({ ...world, fetch });
    const sent = Array.from({ length: 25 }, (_, i) =>
      ended(one.send({ ...notice, incident: `${i}` }, { signal })),
    );
    await clock.advance(59_999);
    assert.equal(at.length, 20);
    assert.deepEqual(at.slice(0, 3), [0, 1_000, 2_000]);
    await clock.advance(10_000);
    assert.equal(sent.filter(({ end }) => end === "told").length, 25);
    const two = bot({ ...world, fetch }, [8, 9]);
    await two.send(notice, { signal });
  });

  test("what has not left makes way for what is newer; its sender is told of that", async () => {
    const { world, clock, bodies } = rig(ok());
    const it = bot(world);
    await it.send({ ...notice, incident: "1" }, { signal });
    const ends = [1, 2, 3].map((n) =>
      ended(it.send({ ...notice, text: `state ${n}` }, { signal })),
    );
    await clock.advance(5_000);
    assert.deepEqual(
      ends.map(({ end }) => end),
      ["told", "told", "told"],
    );
    assert.equal(bodies().length, 2);
    assert.match(bodies()[1].text, /state 3/);
  });

  test("retry_after holds the whole chat, and what is newer by then is sent instead", async () => {
    const { world, clock, bodies } = rig(flood, ok());
    const it = bot(world);
    const first = ended(it.send({ ...notice, text: "old" }, { signal }));
    await clock.advance(2_000);
    const [newer, other] = [
      ended(it.send({ ...notice, text: "new" }, { signal })),
      ended(it.send({ ...notice, incident: "13" }, { signal })),
    ];
    await clock.advance(4_900);
    assert.equal(bodies().length, 1);
    await clock.advance(3_000);
    assert.deepEqual([first.end, newer.end, other.end], ["told", "told", "told"]);
    const texts = bodies().map(({ text }) => text);
    assert.equal(texts.length, 3);
    assert.ok(texts.slice(1).every((text) => !text.includes("old")));
  });

  test("a question has buttons; a long text is cut; the token is in no error", async () => {
    const refused = new Response(`{"description":"Unauthorized bot${token}"}`, { status: 401 });
    const { world, bodies, requests } = rig(refused, ok());
    const asks = { approval: "P3", askedAtMs: 1_700_000_000_123 };
    const it = bot(world);
    const error = await it.send({ ...notice, asks }, { signal }).catch((thrown: Error) => thrown);
    assert.match(String(error), /chat: HTTP 401: Unauthorized bot\*\*\*/);
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes("AAAAbbbb"));
    assert.equal(requests[0]?.url.pathname, `/bot${token}/sendMessage`);
    const [[yes, no]] = bodies()[0].reply_markup.inline_keyboard;
    assert.deepEqual(
      [yes.callback_data, no.callback_data],
      ["approve P3 1700000000123", "deny P3 1700000000123"],
    );
    await bot(world).send({ ...notice, text: "🛑".repeat(5_000) }, { signal });
    assert.equal(bodies()[1].text.length, 4_095);
    assert.ok(bodies()[1].text.isWellFormed());
  });

  test("a chat that was told is not told again when another failed", async () => {
    const { world, clock, bodies } = rig(ok(), new Response("", { status: 403 }), ok());
    const it = bot(world, [7, 8]);
    await assert.rejects(it.send(notice, { signal }), /chat, chat 8: HTTP 403/);
    const again = ended(it.send(notice, { signal }));
    await clock.advance(2_000);
    assert.equal(again.end, "told");
    assert.deepEqual(
      bodies().map(({ chat_id }) => chat_id),
      [7, 8, 8],
    );
  });
});

describe("webhook", () => {
  const url = "https://hooks.example.com/services/T0AAAA/B0BBBB/XYZSECRET";
  const hook = (world: Pick<WebhookOptions, "clock" | "random">, more: Partial<WebhookOptions>) =>
    webhookNotifier({ name: "hook", url, form: "json", source: "shop@host", ...world, ...more });

  test("posts what is known as JSON, signed, with headers of one's own", async () => {
    const { requests, bodies, world } = rig(204);
    const headers = { authorization: "Bearer tk_1234567890" };
    await hook(world, { secret: "shared-secret", headers }).send(notice, { signal });
    const [request] = requests;
    const hmac = createHmac("sha256", "shared-secret")
      .update(request?.body ?? "")
      .digest("hex");
    assert.equal(request?.headers.get("x-homeostat-signature"), `sha256=${hmac}`);
    assert.equal(request?.headers.get("authorization"), headers.authorization);
    const time = "2026-01-01T00:00:00.000Z";
    assert.deepEqual(bodies()[0], { source: "shop@host", time, ...notice, status: "urgent" });
  });

  test("the forms of Slack, ntfy and Alertmanager", async () => {
    const { bodies, world } = rig(200);
    await hook(world, { form: "slack" }).send(notice, { signal });
    await hook(world, { form: "ntfy", topic: "alerts" }).send(notice, { signal });
    await hook(world, { form: "alertmanager" }).send({ ...notice, over: true }, { signal });
    const [slack, ntfy, alerts] = bodies();
    const words = `🚨 ${notice.title}\n\n${notice.text}\n\n${notice.link}`;
    assert.deepEqual(slack, { text: words });
    const { topic, title, message, priority, click } = ntfy;
    const { title: of, link } = notice;
    assert.deepEqual([topic, title, message, priority, click], ["alerts", of, words, 5, link]);
    assert.deepEqual([alerts.version, alerts.status, alerts.alerts.length], ["4", "resolved", 1]);
    const [{ labels, annotations, endsAt, fingerprint }] = alerts.alerts;
    assert.deepEqual([labels.service, annotations.summary], ["web", notice.title]);
    assert.deepEqual([endsAt, fingerprint], ["2026-01-01T00:00:00.000Z", "shop@host/12"]);
  });

  test("neither address nor secret nor header is in what is told of a failure", async () => {
    const secret = "shared-secret";
    const said = `no such hook ${url}, ${secret}, tk_1234567890`;
    const { world } = rig(new Response(said, { status: 404 }));
    const options = { secret, headers: { authorization: "Bearer tk_1234567890" } };
    const error = await hook(world, options)
      .send(notice, { signal })
      .catch((it: Error) => it);
    const shown = inspect(error, { depth: 9, showHidden: true });
    assert.match(shown, /hook: HTTP 404: no such hook \*\*\*/);
    for (const hidden of ["XYZSECRET", "B0BBBB", secret, "tk_1234567890"]) {
      assert.ok(!shown.includes(hidden), hidden);
    }
    let redirect: string | undefined;
    const fetch = async (_: string, init: RequestInit): Promise<Response> => {
      redirect = init.redirect;
      return new Response("", { status: 200 });
    };
    await hook({ ...world, ...{ fetch } }, {}).send(notice, { signal });
    assert.equal(redirect, "manual", "the address is not shown to whoever it leads to");
    const moved = rig(new Response("", { status: 302, headers: { location: "https://evil" } }));
    await assert.rejects(
      hook(moved.world, {}).send(notice, { signal }),
      /a redirect, which is not/,
    );
    assert.equal(moved.requests.length, 1);
  });
});
