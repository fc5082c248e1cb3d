// The watchdog's roll as cronitor hears it, and what a missing option does to the watch.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { watchdogWorld } from "../../../test/process/support/watchdog-world.ts";
import { keptLog, scriptedFetch } from "../../../test/support/outside-world.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { type CronitorOptions, cronitorReporter } from "./cronitor.ts";

const key = "a3f9c1d2e4b5468790";
const given = { key, monitor: "dev-7", host: "dev 7" };
const signal = new AbortController().signal;

test("tells state, host, how many live and how many are missing", async () => {
  const server = scriptedFetch();
  const clock = simClock();
  const reporter = cronitorReporter({ ...given, env: "production", clock, fetch: server.fetch });
  await reporter.report({ state: "ok", count: 7, missing: [] }, signal);
  await reporter.report({ state: "fail", count: 5, missing: ["poll#2", "mqtt#4"] }, signal);
  const [good, bad] = server.requests.map(({ url }) => url);
  assert.equal(good?.origin, "https://cronitor.link");
  assert.equal(good?.pathname, `/p/${key}/dev-7`);
  assert.deepEqual(
    [...(good?.searchParams ?? [])],
    [
      ["state", "ok"],
      ["host", "dev 7"],
      ["metric", "count:7"],
      ["metric", "error_count:0"],
      ["env", "production"],
    ],
  );
  assert.equal(bad?.searchParams.get("state"), "fail");
  assert.deepEqual(bad?.searchParams.getAll("metric"), ["count:5", "error_count:2"]);
  assert.equal(bad?.searchParams.get("message"), "missing: poll#2, mqtt#4");
  assert.equal(server.requests[0]?.method, "GET");
});

test("a job's monitor is told complete; the message and the address stay within bounds", async () => {
  const server = scriptedFetch();
  const reporter = cronitorReporter({ ...given, good: "complete", fetch: server.fetch });
  await reporter.report({ state: "ok", count: 1, missing: [] }, signal);
  const missing = Array.from({ length: 900 }, (_, i) => `poll#${i}`);
  await reporter.report({ state: "fail", count: 1, missing }, signal);
  const [good, bad] = server.requests.map(({ url }) => url.searchParams);
  assert.equal(good?.get("state"), "complete");
  assert.equal(bad?.get("message")?.length, 2_000);
  assert.deepEqual(bad?.getAll("metric"), ["count:1", "error_count:900"]);
});

test("429 is honoured: no request before its time, and the watch is told why", async () => {
  const clock = simClock();
  const busy = new Response("", { status: 429, headers: { "retry-after": "40" } });
  const server = scriptedFetch(busy, 200);
  const reporter = cronitorReporter({ ...given, clock, fetch: server.fetch });
  const report = async (): Promise<unknown> =>
    reporter.report({ state: "ok", count: 1, missing: [] }, signal);
  for (let i = 0; i < 3; i++) {
    await assert.rejects(report(), /cronitor monitor dev-7 at cronitor.link: HTTP 429/);
    await clock.advance(10_000);
  }
  assert.equal(server.requests.length, 1);
  await clock.advance(10_000);
  await report();
  assert.equal(server.requests.length, 2);
});

describe("fault: nanny dies when the cronitor option is missing", () => {
  const options: readonly Partial<CronitorOptions>[] = [
    { key },
    { key, monitor: "" },
    { monitor: "dev-7" },
    { ...given, url: "cronitor" },
    { ...given, everyMs: 0 },
    { ...given, monitr: "x" } as Partial<CronitorOptions>,
  ];

  test("it is said when the reporter is made, not in a turn of the watch; the key is never shown", async () => {
    // pylib reads the option inside the loop of the thread that watches the others, T-4.
    const config = new Map<string, string>();
    const nanny = async (): Promise<void> => {
      for (;;) {
        if (!config.has("cronitor_monitor_key")) throw new Error("NoOptionError");
        await simClock().sleep(60_000);
      }
    };
    await assert.rejects(nanny(), /NoOptionError/, "the imitation's watch is over");

    for (const wrong of options) {
      assert.throws(
        () => cronitorReporter(wrong as CronitorOptions),
        (error) => {
          assert.equal((error as { code?: string }).code, "OPTION_INVALID");
          assert.match(String(error), /cronitor: /);
          return !inspect(error).includes(key);
        },
      );
    }
    assert.throws(() => cronitorReporter({ key } as CronitorOptions), {
      message: "cronitor: monitor must be a text of visible characters, got none",
    });
  });

  test("cronitor that is away, refuses or hangs costs the watch nothing and tells no key", async () => {
    const answers = [
      new Error(`getaddrinfo ENOTFOUND cronitor.link/p/${key}/dev-7`),
      404,
      () => new Promise<Response>(() => {}),
    ];
    for (const answer of answers) {
      const { fetch, requests } = scriptedFetch(answer);
      const clock = simClock();
      const kept = keptLog();
      const reporters = [cronitorReporter({ ...given, clock, fetch })];
      const world = watchdogWorld({ clock, log: kept.log, reporters });
      world.watch.loop("poll", { everyMs: 1_000 }).beat();
      await clock.advance(12_000);
      assert.equal(requests.length, 1);
      assert.equal(world.stopping.causes.length, 1, "the loss of the loop is seen all the same");
      assert.equal(
        kept.said("warn").filter((line) => /reporter cronitor failed/.test(line)).length,
        1,
      );
      assert.ok(!inspect(kept.entries, { depth: 20, showHidden: true }).includes(key));
    }
  });
});
