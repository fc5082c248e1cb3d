// Balancing over sockets: repeats under a budget, what a kill interrupts, ejection for 5xx, and releases.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Upstream } from "../../src/protocol/gateway.ts";
import type { RetryBlock } from "../../src/protocol/gateway-balancing.ts";
import {
  type Answer,
  ask,
  raw,
  ready,
  serveHere,
  startGateway,
  startInstance,
  until,
} from "./gateway-rig.ts";

const retry: RetryBlock = {
  ...{ tries: 3, budget: 0.2, minPerSecond: 10, on: ["reset", "hung"] },
  ...{ methods: [], idempotencyKey: false },
};
const of = (release: string, instance: string, port: number): Upstream => ({
  ...ready(instance, port),
  release,
});
const tally = (answers: readonly Answer[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { body } of answers) counts[body] = (counts[body] ?? 0) + 1;
  return counts;
};

test("what a killed instance had in hand is counted, and a POST goes on where the app says it may", async (t) => {
  const rig = await startGateway(t);
  const [one, two] = await Promise.all([startInstance(t, "web/1"), startInstance(t, "web/2")]);
  const said = { retry: { ...retry, idempotencyKey: true } };
  await rig.push([ready("web/1", one.port)], said);
  const waiting = (method: string, headers = {}): Promise<Answer> =>
    ask(rig.port, "/?hang=web/1", { method, headers });
  const asked = [
    ...[waiting("GET"), waiting("GET"), waiting("POST")],
    waiting("POST", { "idempotency-key": "7" }),
  ];
  const half = raw(t, rig.port);
  half.socket.write("GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("one answer has begun", () => half.received().endsWith("half of it"));
  await until("they wait", async () => (await rig.link.inflight("web/1")) === 5);
  await rig.push([ready("web/1", one.port), ready("web/2", two.port)], said);
  await one.end("SIGKILL");
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.deepEqual(statuses, [200, 200, 502, 200]);
  await until("the answer that had begun is cut", () => half.socket.destroyed);
  const { interrupted, lostUnsafe, retries, overBudget } = await rig.counters();
  assert.deepEqual(interrupted, {
    "GET waiting repeated": 2,
    "POST waiting lost": 1,
    "POST waiting repeated": 1,
    "GET answering lost": 1,
  });
  assert.deepEqual(
    { lostUnsafe, retries, overBudget },
    { lostUnsafe: 1, retries: 3, overBudget: 0 },
  );
  const killed = (await rig.link.stats()).instances.find(({ instance }) => instance === "web/1");
  assert.equal(killed?.ejections, 1, "five at once are one");
});

test("requests that kill whatever has them are repeated no more when the budget is spent", async (t) => {
  let reached = 0;
  const bad = (): Promise<number> =>
    serveHere(t, (req, res) => {
      reached++;
      if (req.url === "/bad") req.socket.resetAndDestroy();
      else res.end("ok");
    });
  const upstreams = [ready("web/1", await bad()), ready("web/2", await bad())];
  const rig = await startGateway(t);
  await rig.push(upstreams, { retry: { ...retry, budget: 0.1, minPerSecond: 1 }, holdMs: 20 });
  for (let i = 0; i < 40; i++) assert.equal((await ask(rig.port, "/bad")).status, 503);
  const { requests, retries, overBudget, unserved } = await rig.counters();
  assert.ok(retries <= 10 + 0.1 * requests, `${retries} repeats of ${requests} requests`);
  // One that waits for nobody in the end was paid for as well.
  assert.ok(retries >= 5, `${retries} repeats`);
  assert.ok(overBudget > 0 && overBudget <= unserved, `${overBudget} of ${unserved}`);
  assert.equal(reached, requests + retries, "nothing else came");
});

test("with the budget spent, what never reached a process still waits for the only instance", async (t) => {
  const rig = await startGateway(t);
  const none = { retry: { ...retry, budget: 0, minPerSecond: 0 } };
  const first = await startInstance(t, "web/1");
  await rig.push([ready("web/1", first.port)], none);
  assert.equal((await ask(rig.port, "/")).status, 200);
  await first.end("SIGKILL");
  const asked = Array.from({ length: 20 }, (_, i) =>
    ask(rig.port, "/", { method: i % 2 === 0 ? "GET" : "POST" }),
  );
  await until("they wait", async () => (await rig.counters()).held >= 20);
  const again = await startInstance(t, "web/1", first.port);
  await rig.push([ready("web/1", again.port)], none);
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.equal((await rig.counters()).overBudget, 0);
});

test("an instance that answers 5xx is left out, the last one is not", async (t) => {
  const one = await serveHere(t, (_, res) => res.writeHead(500).end("bad"));
  const two = await serveHere(t, (_, res) => res.end("good"));
  const rig = await startGateway(t);
  const outlier = {
    ...{ failures: 3, intervalMs: 10_000, firstMs: 60_000, maxMs: 60_000, maxShare: 0.5 },
  };
  const over = { outlier, balance: { kind: "round-robin" } as const };
  await rig.push([ready("web/1", one), ready("web/2", two)], over);
  const answers: Answer[] = [];
  for (let i = 0; i < 30; i++) answers.push(await ask(rig.port, "/"));
  assert.deepEqual(tally(answers), { bad: 3, good: 27 });
  await rig.push([ready("web/1", one)], over);
  assert.equal((await ask(rig.port, "/")).body, "bad", "a bad answer is better than none");
});

test("releases share exactly by weight, a field names one, and a cookie keeps a client at its own", async (t) => {
  const stable = await serveHere(t, (_, res) => res.end("stable"));
  const canary = await serveHere(t, (_, res) => res.end("canary"));
  const upstreams = [of("web", "web/1", stable), of("next", "next/1", canary)];
  const rig = await startGateway(t);
  const weights = { web: 90, next: 10 };
  const override = "x-release";
  await rig.push(upstreams, { split: { weights, override } });
  const many = (n: number, headers = {}): Promise<readonly Answer[]> =>
    Promise.all(Array.from({ length: n }, () => ask(rig.port, "/", { headers })));
  assert.deepEqual(tally(await many(200)), { stable: 180, canary: 20 });
  assert.deepEqual(tally(await many(5, { "x-release": "next" })), { canary: 5 });
  const sticky = { by: "cookie", name: "hs-release" } as const;
  await rig.push(upstreams, { split: { weights: { web: 50, next: 50 }, sticky } });
  for (let i = 0; i < 8; i++) {
    const { headers, body } = await ask(rig.port, "/");
    const [set = ""] = headers["set-cookie"] ?? [];
    assert.match(set, /^hs-release=[0-9a-f]{8}; Path=\/; HttpOnly; SameSite=Lax$/);
    const again = await many(5, { cookie: set.split(";")[0] ?? "" });
    assert.deepEqual(tally(again), { [body]: 5 });
    assert.equal(again[0]?.headers["set-cookie"], undefined, "who has one gets no other");
  }
  const draining = upstreams.map((up) =>
    up.release === "next" ? { ...up, state: "draining" as const } : up,
  );
  await rig.push(draining, { split: { weights } });
  assert.deepEqual(tally(await many(20)), { stable: 20 });
  assert.equal((await rig.counters()).spilled, 2);
});

test("the cookie comes with chunks, with HTTP/1.0 and beside the instance's own", async (t) => {
  const port = await serveHere(t, (_, res) => {
    res.setHeader("set-cookie", "own=1");
    res.write("one ");
    res.end("two");
  });
  const rig = await startGateway(t);
  const sticky = { by: "cookie", name: "hs-release" } as const;
  await rig.push([of("web", "web/1", port)], { split: { weights: { web: 1 }, sticky } });
  const { headers, body } = await ask(rig.port, "/");
  assert.equal(body, "one two");
  assert.equal(headers["set-cookie"]?.length, 2);
  const { socket, received } = raw(t, rig.port);
  socket.write("GET / HTTP/1.0\r\n\r\n");
  await until("it is answered", () => received().endsWith("\r\n\r\none two"));
  assert.match(received(), /\r\nSet-Cookie: hs-release=[0-9a-f]{8}; /);
});
