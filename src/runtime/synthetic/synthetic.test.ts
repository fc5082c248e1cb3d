// Scenarios run beside one another in their own beat, fail with everything one needs, and always clean up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { createLog } from "../../kernel/log.ts";
import { seeded } from "../../testing/seeded.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import type { Told } from "../parts/bus.ts";
import { createSynthetic, type Fetch, type SyntheticOptions } from "./synthetic.ts";

type Answers = Readonly<Record<string, (init: RequestInit) => Response>>;

/** An app that answers by method and path, and remembers what it was asked. */
function shop(answers: Answers): { fetch: Fetch; asked: { line: string; headers: Headers }[] } {
  const asked: { line: string; headers: Headers }[] = [];
  const fetch: Fetch = async (url, init) => {
    const { pathname, search } = new URL(url);
    asked.push({ line: `${init.method} ${pathname}${search}`, headers: new Headers(init.headers) });
    return answers[`${init.method} ${pathname}`]?.(init) ?? new Response("no", { status: 404 });
  };
  return { fetch, asked };
}

function world(answers: Answers = {}, options: Partial<SyntheticOptions> = {}) {
  const clock = simClock();
  const lines: string[] = [];
  const told: Told[] = [];
  const { fetch, asked } = shop(answers);
  const log = createLog({
    level: "debug",
    wall: clock.wall,
    write: ({ level, message }) => void lines.push(`${level} ${message}`),
  });
  const bus = {
    publish: (event: Told) => {
      told.push(event);
      return { id: "", time: "", severity: "info", data: undefined, ...event } as const;
    },
  };
  const around = { clock, random: seeded(5), log, bus, fetch };
  const synthetic = createSynthetic({ baseUrl: "http://shop.test/app", ...around, ...options });
  return { clock, synthetic, lines, told, asked };
}

const text = (body: string) => () => new Response(body);

test("each request carries the marker, one trace and its own span", async () => {
  const { synthetic, asked } = world({ "GET /app/": text("hi"), "GET /app/cart": text("cart") });
  synthetic.register("visit", async (client) => {
    (await client.get("/")).expectStatus(200).expectText("hi");
    (await client.get("cart", { query: { page: 2 } })).expectText(/^cart$/);
  });
  const { ok, traceId, requests } = await synthetic.run("visit");
  assert.ok(ok);
  assert.match(traceId, /^[\da-f]{32}$/);
  assert.deepEqual(
    asked.map(({ line }) => line),
    ["GET /app/", "GET /app/cart?page=2"],
  );
  const parents = asked.map(({ headers }) => headers.get("traceparent") ?? "");
  for (const parent of parents) assert.match(parent, new RegExp(`^00-${traceId}-[\\da-f]{16}-01$`));
  assert.notEqual(parents[0], parents[1]);
  assert.ok(asked.every(({ headers }) => headers.get("x-homeostat-synthetic") === "visit"));
  assert.equal(requests.length, 2);
});

test("fault: synthetic scenarios run serially, a slow one delays all", async () => {
  interface Tester {
    readonly clock: SimClock;
    register(name: string, scenario: () => unknown, everyMs: number): void;
    start(): void;
  }
  // The article's tester: one thread that looks which scenario is due, and runs one after the other.
  const article = (): Tester => {
    const clock = simClock();
    const scenarios: { run: () => unknown; everyMs: number; lastAt: number }[] = [];
    const loop = async (): Promise<void> => {
      for (;;) {
        for (const one of scenarios) {
          if (clock.now() - one.lastAt < one.everyMs) continue;
          await one.run();
          one.lastAt = clock.now();
        }
        await clock.sleep(1_000);
      }
    };
    return {
      clock,
      register: (_, run, everyMs) =>
        void scenarios.push({ run, everyMs, lastAt: Number.NEGATIVE_INFINITY }),
      start: () => void loop(),
    };
  };
  const ours = (): Tester => {
    const { clock, synthetic } = world({}, { firstWithinMs: 0 });
    return {
      clock,
      register: (name, run, everyMs) =>
        void synthetic.register(name, async () => void (await run()), {
          everyMs,
          timeoutMs: 60_000,
        }),
      start: () => void synthetic.start(),
    };
  };
  const shows = /the quick one ran 1 times in 30 s/;
  await onlyOursHolds<Tester>({ imitation: article, ours, shows }, async (tester) => {
    const { clock, register, start } = tester;
    let quick = 0;
    register("quick", () => void quick++, 1_000);
    register("slow", () => clock.sleep(60_000), 1_000);
    start();
    await clock.advance(30_000);
    assert.ok(quick >= 30, `the quick one ran ${quick} times in 30 s`);
  });
});

test('fault: search test needs both "No results found" AND "Error"', async () => {
  type SearchTest = (body: string) => Promise<string | undefined>;
  /** Undefined when the page is right, else what is wrong with it. */
  const article: SearchTest = async (body) =>
    body.includes("No results found") && body.includes("Error") ? undefined : "failed";
  const ours: SearchTest = async (body) => {
    const { synthetic, told } = world({ "GET /app/search": text(body) });
    synthetic.register("search", async (client) => {
      (await client.get("/search")).expectAnyText("No results found", "Error");
    });
    const { ok, reason } = await synthetic.run("search");
    const failures = told.filter(({ type }) => type === "synthetic.failure");
    assert.deepEqual(
      failures.map(({ source }) => source),
      ok ? [] : ["search"],
    );
    return reason;
  };
  const subjects = { imitation: () => article, ours: () => ours };
  const shows = /a page that is right is called wrong/;
  await onlyOursHolds<SearchTest>({ ...subjects, shows }, async (test) => {
    for (const right of ["<p>No results found</p>", "<p>Error: try later</p>"]) {
      assert.equal(await test(right), undefined, "a page that is right is called wrong");
    }
    assert.match((await test("<p>Something else</p>")) ?? "", /./);
  });
  assert.match(
    (await ours("<p>Something else</p>")) ?? "",
    /GET http:\/\/shop\.test\/app\/search: expected text "No results found" or "Error", got "<p>Something else/,
  );
});

test("a failure names step, URL, expected, got and the seed that repeats it", async () => {
  const { synthetic, lines } = world({
    "GET /app/buy": () => new Response("sold out", { status: 409 }),
  });
  const bought: number[] = [];
  synthetic.register("buy", async (client) => {
    client.step("buy something");
    bought.push(client.inputs.integer(1, 1_000_000));
    (await client.get("/buy")).expectStatus(200, 201);
  });
  const { reason = "", seed, traceId } = await synthetic.run("buy");
  const expected = `buy something: GET http://shop.test/app/buy: expected status 200 or 201, got 409 with "sold out" (seed ${seed}, trace ${traceId})`;
  assert.equal(reason, expected);
  assert.ok(lines.includes(`error synthetic buy failed: ${expected}`));
  await synthetic.run("buy");
  await synthetic.run("buy", { seed });
  assert.equal(bought[2], bought[0]);
  assert.notEqual(bought[1], bought[0]);
});

test("counts, last run, last failure and latency are shown; the end of a failure is told", async () => {
  let broken = false;
  const { synthetic, clock, told } = world({}, { firstWithinMs: 0 });
  synthetic.register(
    "work",
    async ({ sleep }) => {
      await sleep(40);
      if (broken) throw new Error("broken");
    },
    { everyMs: 1_000, severity: "critical" },
  );
  assert.equal(synthetic.status()[0]?.status, "unknown");
  synthetic.start();
  await clock.advance(1_500);
  broken = true;
  await clock.advance(2_000);
  broken = false;
  const during = synthetic.status()[0];
  assert.deepEqual([during?.status, during?.failuresInRow], ["unhealthy", 2]);
  await clock.advance(1_000);
  const { lastFailure, lastRunAt, lastSuccessAt, ...rest } = synthetic.status()[0] ?? {};
  assert.deepEqual(rest, {
    name: "work",
    status: "healthy",
    running: false,
    runs: 5,
    successes: 3,
    failures: 2,
    failuresInRow: 0,
    latencyMs: 40,
  });
  assert.match(lastFailure?.reason ?? "", /^broken \(seed/);
  assert.deepEqual([lastRunAt, lastSuccessAt], ["2026-01-01T00:00:04.000Z", lastRunAt]);
  const failure = ["synthetic.failure", "critical"];
  assert.deepEqual(
    told.map(({ type, severity }) => [type, severity]),
    [failure, failure, ["synthetic.recovered", undefined]],
  );
});

test("the cleanup runs after success, failure and time-out, the last first, with time of its own", async () => {
  for (const how of ["ends", "throws", "hangs"]) {
    const { synthetic, clock, asked } = world({
      "POST /app/orders": () =>
        new Response("", { headers: { "set-cookie": "session=9; Path=/" } }),
      "DELETE /app/orders": text("gone"),
      "DELETE /app/user": text("gone"),
    });
    synthetic.register(
      "order",
      async (client) => {
        client.cleanup((own) => own.delete("/user"));
        await client.post("/orders", { json: { item: 1 } });
        client.cleanup(async (own) => (await own.delete("/orders")).expectText("gone"));
        if (how === "throws") throw new Error("no");
        if (how === "hangs") await new Promise(() => {});
      },
      { timeoutMs: 1_000 },
    );
    const running = synthetic.run("order");
    await clock.advance(1_100);
    const { ok, reason = "" } = await running;
    assert.equal(ok, how === "ends");
    if (how === "hangs") assert.match(reason, /^not done within 1000 ms/);
    assert.deepEqual(
      asked.map(({ line }) => line),
      ["POST /app/orders", "DELETE /app/orders", "DELETE /app/user"],
    );
    assert.equal(asked[1]?.headers.get("cookie"), "session=9", "the same session");
  }
});

test("a cleanup that fails or hangs makes the run fail and keeps none of the others from theirs", async () => {
  const { synthetic, clock } = world();
  const cleaned: string[] = [];
  synthetic.register(
    "dirty",
    ({ cleanup }) => {
      cleanup(() => new Promise(() => {}));
      cleanup(() => void cleaned.push("first"));
      cleanup(() => {
        throw new Error("locked");
      });
    },
    { cleanupMs: 500 },
  );
  const running = synthetic.run("dirty");
  await clock.advance(600);
  const { ok, reason = "" } = await running;
  assert.equal(ok, false);
  assert.match(reason, /^cleanup: locked; cleanup: not done within 500 ms/);
  assert.deepEqual(cleaned, ["first"]);
});

test("a scenario that does not heed its signal never runs twice at once, and is not forgotten", async () => {
  const { synthetic, clock } = world({}, { firstWithinMs: 0 });
  const hung = Promise.withResolvers<void>();
  let begun = 0;
  let cleaned = 0;
  synthetic.register(
    "deaf",
    async ({ cleanup }) => {
      begun++;
      await hung.promise;
      cleanup(() => void cleaned++);
    },
    { everyMs: 1_000, timeoutMs: 100 },
  );
  synthetic.start();
  await clock.advance(5_500);
  assert.equal(begun, 1);
  const [status] = synthetic.status();
  assert.ok(status && status.failures === 6 && status.running);
  assert.match(status.lastFailure?.reason ?? "", /has not come back.*does not heed its signal/);
  const stopping = synthetic.stop(1_000);
  await clock.advance(1_000);
  assert.deepEqual(await stopping, ["deaf"], "stop waits no longer than its limit");
  hung.resolve();
  await clock.advance(1);
  assert.equal(cleaned, 1, "what it asks for late is done");
});

test("stop ends what runs, lets it clean up, and counts it neither way", async () => {
  const { synthetic, clock, asked, told } = world(
    { "DELETE /app/x": text("") },
    { firstWithinMs: 0 },
  );
  synthetic.register("long", async ({ sleep, cleanup }) => {
    cleanup((own) => own.delete("/x"));
    await sleep(60_000);
  });
  synthetic.start();
  await clock.advance(100);
  assert.deepEqual(await synthetic.stop(), []);
  const [status] = synthetic.status();
  assert.deepEqual([status?.runs, status?.failures, status?.running], [0, 0, false]);
  assert.equal(asked.length, 1);
  assert.deepEqual(told, []);
  await clock.advance(1_000_000);
  assert.equal(synthetic.status()[0]?.runs, 0);
});

test("a check for health looks anew, so that it can verify a recovery; a fresh success may serve", async () => {
  const { synthetic, clock } = world();
  let runs = 0;
  let broken = true;
  synthetic.register("work", async ({ sleep }) => {
    runs++;
    const seen = broken;
    await sleep(100);
    if (seen) throw new Error("broken");
  });
  const signal = new AbortController().signal;
  const look = synthetic.check("work");
  const underWay = synthetic.run("work");
  await clock.advance(50);
  broken = false;
  // The run under way began before the recovery: its failure says nothing of now.
  const both = Promise.all([look({ signal }), look({ signal })]);
  await clock.advance(500);
  assert.equal((await underWay).ok, false);
  assert.deepEqual(await both, [true, true]);
  assert.equal(runs, 2, "those who ask together share a run");
  assert.equal(await synthetic.check("work", { maxAgeMs: 60_000 })({ signal }), true);
  assert.equal(runs, 2);
  broken = true;
  const answer = look({ signal });
  await clock.advance(200);
  assert.deepEqual((await answer) as object, {
    status: "unhealthy",
    reason: synthetic.status()[0]?.lastFailure?.reason,
  });
});

test("a run that somebody asks for counts for the beat", async () => {
  const { synthetic, clock } = world({}, { firstWithinMs: 0 });
  const at: number[] = [];
  synthetic.register("work", () => void at.push(clock.now()), { everyMs: 1_000 });
  synthetic.start();
  await clock.advance(500);
  await synthetic.run("work");
  await clock.advance(1_200);
  assert.deepEqual(at, [0, 500, 1_500]);
});

test("what cannot be is refused at once", async () => {
  const { synthetic } = world();
  const refused = (code: string) => (error: unknown) => (error as { code?: string }).code === code;
  for (const baseUrl of ["shop", "ftp://shop", "http://me:pw@shop"]) {
    assert.throws(() => createSynthetic({ baseUrl }), refused("OPTION_INVALID"));
  }
  const handle = synthetic.register("one", () => {});
  assert.throws(() => synthetic.register("one", () => {}), refused("OPTION_INVALID"));
  assert.throws(() => synthetic.register("a b", () => {}), refused("OPTION_INVALID"));
  assert.throws(() => synthetic.register("b", () => {}, { everyMs: 0 }), refused("OPTION_INVALID"));
  handle[Symbol.dispose]();
  await assert.rejects(synthetic.run("one"), refused("UNKNOWN_ID"));
  assert.throws(() => synthetic.check("one"), refused("UNKNOWN_ID"));
});
