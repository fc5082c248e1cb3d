// A heartbeat to a dead man's switch: what it says, when it is tried again, and what it keeps to itself.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { keptLog, type Scripted, scriptedFetch } from "../../../test/support/outside-world.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { Checked } from "../parts/health.ts";
import { heartbeatPing } from "./heartbeat.ts";
import type { HeartbeatOptions } from "./heartbeat-options.ts";

const secret = "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278";
const url = `https://hc-ping.com/${secret}`;
const host = () => ({ name: "dev-7", upSeconds: 273_600, load: [0.12, 0.1, 0.05] });

function world(answers: Scripted[] = [200], options: Partial<HeartbeatOptions> = {}) {
  const clock = simClock();
  const server = scriptedFetch(...answers);
  const kept = keptLog();
  const around = { clock, random: seeded(7), log: kept.log, fetch: server.fetch, host };
  return { clock, server, kept, heartbeat: heartbeatPing({ url, ...around, ...options }) };
}

const paths = ({ requests }: { requests: readonly { url: URL }[] }): readonly string[] =>
  requests.map((request) => request.url.href.slice(url.length));

describe("one ping", () => {
  test("says host, uptime and health; names and states, no reasons", async () => {
    const check = (name: string, more: Partial<Checked> = {}): Checked => ({
      ...{ name, status: "healthy", critical: true, since: "" },
      ...more,
    });
    const reason = "connect to postgres://app:hunter22@db failed";
    const checks = [check("api"), check("db", { status: "unhealthy", reason, critical: false })];
    const { heartbeat, server } = world([200], { health: { list: () => checks } });
    assert.deepEqual(await heartbeat.send(), { ok: true, attempts: 1, tookMs: 0 });
    const [request] = server.requests;
    assert.equal(request?.method, "POST");
    assert.equal(
      String(request?.body),
      "dev-7 up 3 d 4 h, load 0.12 0.10 0.05\n" +
        "health: 1 of 2 checks healthy; unhealthy: db (not critical)",
    );
  });

  test("start, fail, log and exit codes stand behind the path, before a query", async () => {
    const { heartbeat, server } = world();
    for (const kind of ["ok", "start", "fail", "log", 0, 255] as const) await heartbeat.send(kind);
    assert.deepEqual(paths(server), ["", "/start", "/fail", "/log", "/0", "/255"]);
    const slug = world([200], { url: `${url}/nightly/?create=1` });
    const rid = "728b3763-ef47-4e87-af4d-a34b6c4e3c0b";
    await slug.heartbeat.send("start", { rid, body: "begun" });
    assert.deepEqual(paths(slug.server), [`/nightly/start?create=1&rid=${rid}`]);
    assert.equal(String(slug.server.requests[0]?.body), "begun");
    for (const kind of [-1, 256, 1.5, "okay"]) {
      await assert.rejects(heartbeat.send(kind as "ok"), { code: "OPTION_INVALID" });
    }
    await assert.rejects(heartbeat.send("ok", { rid: "7" }), { code: "OPTION_INVALID" });
  });

  test("a body is cut at 10,000 bytes, between two characters", async () => {
    const { heartbeat, server } = world([200], { body: () => `x${"ü".repeat(9_000)}` });
    await heartbeat.send();
    const body = server.requests[0]?.body ?? Buffer.alloc(0);
    assert.equal(body.length, 9_999);
    assert.ok(!String(body).includes("�"));
  });

  test("a body that cannot be had does not hold the ping back", async () => {
    const body = (): string => {
      throw new Error(`no body for ${url}`);
    };
    const { heartbeat, server, kept } = world([200], { body });
    assert.equal((await heartbeat.send()).ok, true);
    assert.equal(String(server.requests[0]?.body), "");
    assert.match(kept.said("warn")[0] ?? "", /cannot say how the app is: no body for \*\*\*$/);
  });
});

describe("a ping that is not taken", () => {
  test("is tried 5 more times, the pauses growing", async () => {
    const { heartbeat, server, clock } = world([503]);
    const at: number[] = [];
    server.answers = [
      () => {
        at.push(clock.now());
        return new Response("", { status: 503 });
      },
    ];
    const sent = heartbeat.send();
    await clock.advance(60_000);
    assert.deepEqual(
      { ...(await sent), tookMs: 0 },
      {
        ...{ ok: false, attempts: 6, tookMs: 0, reason: "HTTP 503", wrong: false },
      },
    );
    const pauses = at.slice(1).map((each, i) => each - (at[i] ?? 0));
    for (const [i, pause] of pauses.entries()) {
      assert.ok(pause >= 500 * 2 ** i && pause <= 1_000 * 2 ** i, pauses.join());
    }
  });

  test("waits as long as it is asked to, and gives up when that is beyond the limit", async () => {
    const busy = (seconds: number): Response =>
      new Response("", { status: 429, headers: { "retry-after": String(seconds) } });
    const { heartbeat, server, clock } = world([busy(20), 200]);
    const sent = heartbeat.send();
    await clock.advance(19_999);
    assert.equal(server.requests.length, 1);
    await clock.advance(1);
    assert.deepEqual(await sent, { ok: true, attempts: 2, tookMs: 20_000 });
    const later = world([busy(3_600)]);
    assert.equal((await later.heartbeat.send()).attempts, 1);
  });

  test("an attempt ends after 10 s, all of them after the limit, and a signal ends it at once", async () => {
    const hangs = () => new Promise<Response>(() => {});
    const { heartbeat, clock, server } = world([hangs]);
    const sent = heartbeat.send();
    await clock.advance(120_000);
    const { ok, attempts, reason, tookMs } = await sent;
    assert.deepEqual([ok, attempts, reason], [false, 6, "no answer within 10000 ms"]);
    assert.ok(tookMs <= 120_000);
    const short = world([hangs], { totalMs: 15_000 });
    const brief = short.heartbeat.send();
    await short.clock.advance(15_000);
    assert.equal((await brief).ok, false);
    const over = new AbortController();
    const ended = heartbeat.send("ok", { signal: over.signal });
    over.abort(new Error("app stops"));
    assert.equal((await ended).attempts, 1);
    assert.equal(server.requests.length, 7);
  });

  test("is not tried again when the address is wrong, also where that is answered with 200", async () => {
    const answers: readonly (readonly [Scripted, string])[] = [
      [404, "HTTP 404"],
      [new Response("not found", { status: 404 }), "HTTP 404: not found"],
      [
        new Response(null, { status: 301, headers: { location: "https://x/" } }),
        "HTTP 301: a redirect, which is not followed",
      ],
      [new Response("OK (not found)"), "there is no such check"],
    ];
    for (const [answer, reason] of answers) {
      const sent = await world([answer]).heartbeat.send();
      assert.deepEqual([sent.ok, sent.wrong, sent.attempts, sent.reason], [false, true, 1, reason]);
    }
    const { heartbeat, clock } = world([new Response("OK (rate limited)"), new Response("OK")]);
    const sent = heartbeat.send();
    await clock.advance(1_000);
    assert.deepEqual([(await sent).ok, (await sent).attempts], [true, 2]);
  });
});

describe("at intervals", () => {
  test("the first within 30 s, then never later than promised; a fleet spreads", async () => {
    const { heartbeat, server, clock } = world();
    const at: number[] = [];
    server.answers = [
      () => {
        at.push(clock.now());
        return new Response("OK");
      },
    ];
    const running = heartbeat.start();
    heartbeat.start();
    await clock.advance(3_600_000);
    assert.ok((at[0] ?? 1e9) <= 30_000);
    const gaps = at.slice(1).map((each, i) => each - (at[i] ?? 0));
    assert.ok(
      gaps.every((gap) => gap >= 270_000 && gap <= 300_000),
      gaps.join(),
    );
    assert.ok(new Set(gaps).size > 5);
    running[Symbol.dispose]();
    const { length } = at;
    await clock.advance(3_600_000);
    assert.equal(at.length, length);
  });

  test("an outage is told once, its end once", async () => {
    const { heartbeat, server, clock, kept } = world([new Error("getaddrinfo EAI_AGAIN")]);
    heartbeat.start();
    await clock.advance(3_600_000);
    assert.ok(server.requests.length > 50);
    assert.deepEqual(kept.said("warn"), [
      "heartbeat to hc-ping.com failed: getaddrinfo EAI_AGAIN (attempt 6)",
    ]);
    server.answers = [200];
    await clock.advance(600_000);
    assert.deepEqual(kept.said("info"), ["heartbeat to hc-ping.com works again"]);
  });

  test("an app that says it fails is told as /fail", async () => {
    let fails = false;
    const { heartbeat, server, clock } = world([200], { isFailing: () => fails });
    heartbeat.start();
    await clock.advance(40_000);
    fails = true;
    await clock.advance(300_000);
    assert.deepEqual(paths(server), ["", "/fail"]);
  });
});

describe("as a reporter of the watchdog", () => {
  const ok = { state: "ok", count: 3, missing: [] } as const;
  const fail = { state: "fail", count: 2, missing: ["poll#2"] } as const;
  const signal = new AbortController().signal;

  test("a failing roll is told at once and names what is missing, a good one at the interval", async () => {
    const { heartbeat, server, clock } = world();
    const reporter = heartbeat.reporter();
    assert.equal(reporter.everyMs, 15_000);
    const pass = async (roll: typeof ok | typeof fail, ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 15_000) {
        await reporter.report(roll, signal);
        await clock.advance(15_000);
      }
    };
    await pass(ok, 600_000);
    assert.deepEqual(paths(server), ["", ""]);
    await pass(fail, 30_000);
    await pass(ok, 15_000);
    assert.deepEqual(paths(server), ["", "", "/fail", ""]);
    assert.match(String(server.requests[2]?.body), /watchdog: 2 live, missing: poll#2$/);
    assert.match(String(server.requests[3]?.body), /watchdog: all 3 live$/);
  });

  test("what did not get through is told again 15 s later; a wrong address only at the interval", async () => {
    const { heartbeat, server, clock } = world([503, 200]);
    const reporter = heartbeat.reporter();
    await assert.rejects(async () => reporter.report(ok, signal), /hc-ping.com: HTTP 503/);
    await clock.advance(15_000);
    await reporter.report(ok, signal);
    assert.equal(server.requests.length, 2);
    const wrong = world([404]);
    const other = wrong.heartbeat.reporter();
    for (let i = 0; i < 20; i++) {
      await assert.rejects(async () => other.report(fail, signal), { code: "OPTION_INVALID" });
      await wrong.clock.advance(15_000);
    }
    assert.equal(wrong.server.requests.length, 1);
  });
});

describe("fault: HC_PING_URL printed to syslog", () => {
  test("base_job wrote the address each minute; ours never does, whatever fails and however", async () => {
    const syslog: string[] = [];
    const baseJob = (HC_PING_URL: string): void => void syslog.push(`HC_PING_URL: ${HC_PING_URL}`);
    baseJob(url);
    assert.ok(syslog.join().includes(secret), "the imitation tells it");

    const echo = new Error(`fetch of ${url}/fail failed`, { cause: new Error(`see ${secret}`) });
    const answers: Scripted[] = [
      echo,
      Object.assign(new TypeError("Invalid URL"), { input: url, cause: { input: url } }),
      new Response(`no check ${secret}`, { status: 404 }),
      new Response(`no check ${encodeURIComponent(url)}`, { status: 503 }),
    ];
    const shown: unknown[] = [];
    for (const answer of answers) {
      const { heartbeat, clock, kept } = world([answer]);
      heartbeat.start();
      const reporter = heartbeat.reporter();
      const roll = { state: "fail", count: 0, missing: [] } as const;
      shown.push(await Promise.resolve(reporter.report(roll, AbortSignal.any([]))).catch((e) => e));
      await clock.advance(900_000);
      shown.push(kept.entries, heartbeat, reporter);
      const sent = heartbeat.send();
      await clock.advance(120_000);
      shown.push(await sent);
    }
    for (const wrong of [`ftp://x/${secret}`, secret, `https://u:${secret}@x/`]) {
      shown.push(assert.throws(() => heartbeatPing({ url: wrong }), { code: "OPTION_INVALID" }));
      try {
        heartbeatPing({ url: wrong });
      } catch (error) {
        shown.push(error, (error as Error).stack);
      }
    }
    // As somebody does who gives the address in place of the options.
    assert.throws(
      () => heartbeatPing(url as unknown as HeartbeatOptions),
      (error) => !inspect(error).includes(secret),
    );
    const text = inspect(shown, { depth: 20, showHidden: true, maxStringLength: null });
    assert.ok(text.length > 5_000);
    assert.ok(!text.includes(secret), text.slice(text.indexOf(secret) - 300, text.indexOf(secret)));
  });
});
