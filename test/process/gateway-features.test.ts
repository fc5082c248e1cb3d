// Shedding, faults, shadows and the access log on a gateway of its own process, before real servers.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import type { Fault, Shed } from "../../src/protocol/gateway-features.ts";
import { ask, freePort, ready, serveHere, sleep, startGateway, until } from "./gateway-rig.ts";

const answer = (t: TestContext): Promise<number> =>
  serveHere(t, (req, res) => res.end(`${req.method} ${req.url}`));

const shed: Shed = {
  ...{ initial: 50, min: 1, max: 10_000, retryAfterMs: 2_000, usual: "low" },
  ...{ header: "x-priority", paths: [], exempt: [] },
};

/** Works on four requests at once, each for 20 ms; the rest waits. */
function slowServer(t: TestContext): Promise<number> {
  const waiting: (() => void)[] = [];
  let busy = 0;
  const next = (): void => {
    const work = busy < 4 ? waiting.shift() : undefined;
    if (!work) return;
    busy++;
    work();
  };
  return serveHere(t, (_, res) => {
    waiting.push(async () => {
      await sleep(20);
      busy--;
      res.end("done");
      next();
    });
    next();
  });
}

test("twice the load: low priority is turned away, high is not, and answers stay quick", async (t) => {
  const rig = await startGateway(t);
  await rig.push([ready("web/1", await slowServer(t))], { shed });
  const all: Promise<{ priority: string; status: number; ms: number; retryAfter: unknown }>[] = [];
  const begunMs = systemClock.now();
  for (let i = 0; systemClock.now() - begunMs < 2_000; i++) {
    const priority = i % 5 === 0 ? "high" : "low";
    const atMs = systemClock.now();
    all.push(
      ask(rig.port, "/", { headers: { "x-priority": priority } }).then(({ status, headers }) => ({
        ...{ priority, status, ms: systemClock.now() - atMs },
        retryAfter: headers["retry-after"],
      })),
    );
    // 400 a second, caught up with when the machine was busy.
    while (systemClock.now() - begunMs < i * 2.5) await sleep(1);
  }
  const ended = await Promise.all(all);
  const of = (wanted: string, status: number) =>
    ended.filter((one) => one.priority === wanted && one.status === status);
  const served = ended.filter(({ status }) => status === 200);
  const slowest = served.map(({ ms }) => ms).sort((a, b) => a - b)[
    Math.floor(served.length * 0.99)
  ];
  const high = of("high", 200).length / ended.filter((one) => one.priority === "high").length;
  const { shed: counted, limit } = await rig.counters();
  const said = JSON.stringify({
    asked: ended.length,
    served: served.length,
    slowest,
    high,
    counted,
    limit,
  });
  t.diagnostic(said);
  assert.ok(high >= 0.98, said);
  assert.ok(of("low", 503).length >= 50, said);
  assert.ok(of("low", 503).every(({ retryAfter }) => /^[1-3]$/.test(String(retryAfter))));
  assert.equal(counted?.low, of("low", 503).length);
  assert.ok(served.length >= 200, said);
  assert.ok((slowest ?? 0) < 1_500, said);
  for (let i = 0; i < 20; i++) assert.equal((await ask(rig.port, "/")).status, 200);
});

const fault: Fault = {
  ...{ match: {}, share: 1, delayMs: 0, jitterMs: 0, forMs: 60_000 },
  untilAtMs: systemClock.wall() + 60_000,
};

test("faults: marked, delayed, cut; none of it is counted as the instance's; an end by itself", async (t) => {
  const rig = await startGateway(t);
  const upstreams = [ready("web/1", await answer(t))];
  const untilAtMs = systemClock.wall() + 1_500;
  await rig.push(upstreams, {
    faults: [
      { ...fault, match: { path: "/error" }, abort: 503 },
      { ...fault, match: { path: "/cut" }, abort: "cut" },
      { ...fault, match: { path: "/slow" }, delayMs: 300 },
      { ...fault, match: { path: "/both" }, delayMs: 100, abort: 500 },
      { ...fault, match: { path: "/short" }, abort: 503, untilAtMs },
    ],
  });
  const failed = await ask(rig.port, "/error");
  assert.equal(failed.status, 503);
  assert.equal(failed.headers["x-homeostat-fault"], "1");
  assert.equal((await ask(rig.port, "/short")).status, 503);
  await assert.rejects(ask(rig.port, "/cut"));
  const atMs = systemClock.now();
  assert.equal((await ask(rig.port, "/slow")).body, "GET /slow");
  assert.ok(systemClock.now() - atMs >= 290);
  assert.equal((await ask(rig.port, "/both")).status, 500);
  assert.equal((await ask(rig.port, "/")).status, 200);
  const { instances, routes } = await rig.link.stats();
  const { requests, failures, broken, latency } = instances[0] ?? assert.fail();
  assert.deepEqual({ requests, failures, broken }, { requests: 2, failures: 0, broken: 0 });
  // Buckets up to 181 ms: the delay is not the instance's.
  assert.equal(
    latency.slice(0, 35).reduce((sum, count) => sum + count, 0),
    2,
  );
  assert.deepEqual(routes[0]?.faults, { delayed: 2, aborted: 4 });
  await until("its end", async () => (await ask(rig.port, "/short")).status === 200);
  assert.ok(systemClock.wall() >= untilAtMs);
  await rig.push(upstreams);
  assert.equal((await ask(rig.port, "/error")).status, 200);
});

test("a client that leaves while a fault delays it is not asked for any more", async (t) => {
  const rig = await startGateway(t);
  const seen: unknown[] = [];
  const port = await serveHere(t, (req, res) => {
    seen.push(req.url);
    res.end();
  });
  await rig.push([ready("web/1", port)], { faults: [{ ...fault, delayMs: 150 }] });
  const impatient = AbortSignal.timeout(50);
  await assert.rejects(ask(rig.port, "/left", { signal: impatient }));
  await ask(rig.port, "/stayed");
  assert.deepEqual(seen, ["/stayed"]);
});

test("a shadow gets safe requests and disturbs nobody", async (t) => {
  const rig = await startGateway(t);
  const seen: IncomingMessage[] = [];
  const shadowPort = await serveHere(t, (req, res) => {
    seen.push(req);
    res.writeHead(req.url === "/bad" ? 500 : 200).end("x".repeat(100_000));
  });
  const upstreams = [ready("web/1", await answer(t))];
  const shadow = { port: shadowPort, share: 1, atOnce: 8, timeoutMs: 5_000 };
  await rig.push(upstreams, { shadow });
  const headers = { cookie: "a=b", "x-request-id": "one" };
  assert.equal((await ask(rig.port, "/a?b", { headers })).body, "GET /a?b");
  await ask(rig.port, "/bad", { method: "HEAD" });
  await ask(rig.port, "/c", { method: "POST", body: "act" });
  await ask(rig.port, "/d", { headers: { "content-length": "4" }, body: "body" });
  await ask(rig.port, "/e", { headers: { "x-homeostat-shadow": "1" } });
  await until("the copies come", () => seen.length === 2);
  assert.deepEqual(
    seen.map(({ method, url }) => `${method} ${url}`),
    ["GET /a?b", "HEAD /bad"],
  );
  assert.equal(seen[0]?.headers["x-homeostat-shadow"], "1");
  assert.equal(seen[0]?.headers["x-request-id"], "one");
  assert.equal(seen[0]?.headers.cookie, "a=b");
  const shadowed = async (): Promise<unknown> => (await rig.counters()).shadow;
  await until("they are counted", async () => (await rig.counters()).shadow?.failed === 1);
  assert.deepEqual(await shadowed(), { sent: 2, failed: 1, dropped: 0 });
  const { instances } = await rig.link.stats();
  assert.deepEqual(
    instances.map(({ instance }) => instance),
    ["web/1"],
  );
});

test("a shadow that hangs or is not there costs the original nothing", async (t) => {
  const rig = await startGateway(t);
  const upstreams = [ready("web/1", await answer(t))];
  let asked = 0;
  // One says nothing, the others begin and do not end.
  const hangs = await serveHere(t, (_, res) => void (asked++ === 0 || res.write("x")));
  await rig.push(upstreams, { shadow: { port: hangs, share: 1, atOnce: 3, timeoutMs: 400 } });
  const atMs = systemClock.now();
  for (let i = 0; i < 10; i++) assert.equal((await ask(rig.port, "/")).status, 200);
  assert.ok(systemClock.now() - atMs < 5_000);
  await until("they are given up", async () => (await rig.counters()).shadow?.failed === 3);
  const { sent, dropped } = (await rig.counters()).shadow ?? assert.fail();
  assert.ok(sent >= 3 && sent + dropped === 10, `${sent} ${dropped}`);
  const nobody = await freePort();
  await rig.push(upstreams, { shadow: { port: nobody, share: 1, atOnce: 3, timeoutMs: 400 } });
  assert.equal((await ask(rig.port, "/")).status, 200);
});

test("the access log: what failed is there, also what the gateway said last", async (t) => {
  const rig = await startGateway(t);
  const folder = await mkdtemp(join(tmpdir(), "homeostat-access-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "access.log");
  const port = await serveHere(t, (req, res) => {
    res.writeHead(req.url?.startsWith("/bad") ? 500 : 200).end("ok");
  });
  const accessLog = { file, sample: 0, errors: true, query: false, slowMs: 60_000 };
  await rig.push([ready("web/1", port)], { accessLog });
  const lines = async (): Promise<readonly Record<string, unknown>[]> => {
    const text = await readFile(file, "utf8").catch(() => "");
    return text.split("\n").flatMap((line) => (line === "" ? [] : JSON.parse(line)));
  };
  await ask(rig.port, "/good");
  await ask(rig.port, "/bad?secret=1", { headers: { "x-request-id": "mine" } });
  await until("the line is written", async () => (await lines()).length === 1);
  const [line] = await lines();
  const { service, client, method, path, status, outcome, instance, tries, id } = line ?? {};
  assert.deepEqual(
    { service, client, method, path, status, outcome, instance, tries, id },
    {
      ...{ service: "web", client: "127.0.0.1", method: "GET", path: "/bad", status: 500 },
      ...{ outcome: "answered", instance: "web/1", tries: 1, id: "mine" },
    },
  );
  assert.match(String(line?.trace), /^[\da-f]{32}$/);
  // Moved away as a rotation does: the next line begins a new file.
  await rm(file);
  await ask(rig.port, "/bad/last");
  assert.equal(await rig.gateway.end("SIGTERM"), 0);
  assert.deepEqual(
    (await lines()).map((one) => one.path),
    ["/bad/last"],
  );
});
