// The load generator: an open loop, honest counting, and a whole shop that loses nothing under it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chance, nextWish } from "../customers.ts";
import { startLoad } from "../load.ts";
import { ask, cpuMs, openShop, until } from "./shop.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function listen(answer: RequestListener): Promise<{ server: Server; baseUrl: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("three seconds of customers: nothing lost, every order shipped once, little CPU", async () => {
  await using shop = openShop();
  const all = await shop.startAll();
  const before = Object.values(all).map(cpuMs);
  const load = startLoad({ baseUrl: all.web.url, ratePerS: 60, seed: 7 });
  await pause(1_500);
  const mark = load.mark();
  await pause(1_500);
  const late = load.since(mark);
  const figures = await load.stop();

  assert.ok(figures.sent > 130 && figures.sent < 240, `sent ${figures.sent}`);
  assert.deepEqual([figures.lostIdempotent, figures.lostUnsafe, figures.inflight], [0, 0, 0]);
  assert.deepEqual([figures.ok, figures.degraded, figures.errors], [figures.sent, 0, {}]);
  assert.equal(late.sent, figures.sent - mark);
  assert.ok(late.sent > 50 && late.ok + late.inflight === late.sent);
  const { p50, p95, p99, max } = figures.latency;
  assert.ok(p50 > 1 && p50 <= p95 && p95 <= p99 && p99 <= max, JSON.stringify(figures.latency));
  await until(
    async () => (await ask(`${all.worker.url}/stats`)).json.shipments === figures.ordered,
    "every order is shipped",
  );
  const used = Object.values(all).map((one, i) => (cpuMs(one) ?? 0) - (before[i] ?? 0));
  const sum = used.reduce((a, b) => a + b, 0);
  assert.ok(sum < 3_000, `the services used ${used} ms of CPU in 3 s`);
});

test("the loop is open: customers come although nobody is answered", async () => {
  const { server, baseUrl } = await listen(() => {});
  const load = startLoad({ baseUrl, ratePerS: 200, seed: 1 });
  await pause(1_000);
  const { sent, inflight, ok } = load.snapshot();
  assert.ok(sent > 130 && sent < 280, `sent ${sent}`);
  assert.deepEqual([inflight, ok], [sent, 0]);
  server.closeAllConnections();
  server.close();
  const end = await load.stop();
  assert.equal(end.lostIdempotent + end.lostUnsafe, end.sent);
  assert.ok((end.errors.ECONNRESET ?? 0) > 0, JSON.stringify(end.errors));
});

test("each end is counted for what it is", async () => {
  const { server, baseUrl } = await listen((request, response) => {
    if (request.method === "POST") response.writeHead(503).end();
    else if (request.url === "/") response.end('<body data-recommendations="off">');
    else if (request.url?.endsWith("7")) response.socket?.destroy();
    else if (request.url?.endsWith("5"))
      response.writeHead(200, { "content-length": 9 }).write("cut");
    else response.writeHead(404).end();
    if (request.url?.endsWith("5")) setTimeout(() => response.socket?.destroy(), 5);
  });
  const load = startLoad({ baseUrl, ratePerS: 400, seed: 3 });
  await pause(1_000);
  const { sent, ok, lostIdempotent, lostUnsafe, degraded, errors } = await load.stop();
  server.close();
  assert.equal(ok + lostIdempotent + lostUnsafe, sent);
  assert.equal(ok, degraded + (errors["status 404"] ?? 0));
  assert.equal(lostUnsafe, errors["status 503"]);
  assert.equal(lostIdempotent, errors.ECONNRESET);
  for (const [part, share] of [
    [degraded, 0.6],
    [lostUnsafe, 0.15],
    [lostIdempotent, 0.25 * 0.2],
  ] as const) {
    assert.ok(Math.abs(part / sent - share) < 0.08, `${part} of ${sent} is not about ${share}`);
  }
});

test("the same seed brings the same customers, in the promised mix", () => {
  const wishes = (seed: number) => {
    const random = chance(seed);
    return Array.from({ length: 5_000 }, () => nextWish(random));
  };
  assert.deepEqual(wishes(5), wishes(5));
  assert.notDeepEqual(wishes(5), wishes(6));
  const share = (path: RegExp) => wishes(5).filter((wish) => path.test(wish.path)).length / 5_000;
  assert.ok(Math.abs(share(/^\/$/) - 0.6) < 0.03);
  assert.ok(Math.abs(share(/^\/product\/([1-9]\d?|100)$/) - 0.25) < 0.03);
  assert.ok(Math.abs(share(/^\/checkout$/) - 0.15) < 0.03);
  for (const { path, order } of wishes(5)) assert.equal(order !== undefined, path === "/checkout");
});

test("a signal ends the arrivals, and a rate that is none is refused", async () => {
  const { server, baseUrl } = await listen((_, response) => response.end());
  const ending = new AbortController();
  const load = startLoad({ baseUrl, ratePerS: 300, seed: 5, signal: ending.signal });
  await until(() => load.snapshot().ok >= 60, "sixty customers");
  ending.abort();
  const { sent, inflight } = await load.stop();
  await pause(50);
  assert.deepEqual([load.snapshot().sent, inflight], [sent, 0]);
  server.close();
  assert.throws(() => startLoad({ baseUrl, ratePerS: 0, seed: 1 }), RangeError);
});

test("from the command line it prints a table or JSON, and ends with 1 when requests were lost", async () => {
  const { server, baseUrl } = await listen((_, response) => response.end());
  const file = fileURLToPath(new URL("../load.ts", import.meta.url));
  const run = (...more: string[]) =>
    promisify(execFile)(process.execPath, [file, "--rate", "50", "--seconds", "0.5", ...more]);
  const table = await run("--url", baseUrl);
  assert.match(table.stdout, /^sent +\d+$/m);
  const { ok, sent } = JSON.parse((await run("--url", baseUrl, "--json")).stdout);
  assert.ok(sent > 5 && ok === sent);
  server.close();
  server.closeAllConnections();
  await assert.rejects(run("--url", baseUrl), (error: { code: number; stdout: string }) => {
    assert.equal(error.code, 1);
    assert.match(error.stdout, /^ECONNREFUSED +\d+$/m);
    return true;
  });
});
