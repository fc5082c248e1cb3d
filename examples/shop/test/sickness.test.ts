// Every switch makes its service sick in the way it says, and only when that is allowed.
import assert from "node:assert/strict";
import test from "node:test";
import { plainPicture, resizeThumbnail } from "../services/thumbnails.ts";
import { ask, openShop, until } from "./shop.ts";

test("block: the answer comes, then nothing more, and only SIGKILL ends it", async () => {
  await using shop = openShop();
  const catalog = await shop.start("catalog");
  const told = await ask(`${catalog.url}/_sick/block`, {});
  assert.deepEqual(told.json, { sick: "block", blocked: "for ever" });
  await assert.rejects(ask(`${catalog.url}/health`, undefined, 600), { name: "TimeoutError" });
  catalog.child.kill("SIGTERM");
  await assert.rejects(ask(`${catalog.url}/health`, undefined, 300), { name: "TimeoutError" });
  catalog.child.kill("SIGKILL");
  assert.equal(await catalog.exited, "SIGKILL");
});

test("the function that blocks is right for originals larger than their thumbnail", () => {
  const original = plainPicture(4, 4);
  original.pixels.set([1, 0, 2, 0], 0);
  original.pixels.set([3, 0, 4, 0], 8);
  assert.deepEqual([...resizeThumbnail(original, 2, 2).pixels], [1, 2, 3, 4]);
});

test("gc: one pause, then all is well", async () => {
  await using shop = openShop();
  const payments = await shop.start("payments");
  await ask(`${payments.url}/_sick/gc`, { ms: 2_500 });
  const start = performance.now();
  assert.equal((await ask(`${payments.url}/health`)).status, 200);
  const paused = performance.now() - start;
  // It has begun before it could be asked.
  assert.ok(paused > 1_000, `the answer took ${paused} ms`);
  const again = performance.now();
  await ask(`${payments.url}/health`);
  assert.ok(performance.now() - again < 1_000);
});

test("fail-probe: the next answers of /health are 500, and no other", async () => {
  await using shop = openShop();
  const { url } = await shop.start("recommendations");
  await ask(`${url}/_sick/fail-probe`, { times: 2 });
  const health = async () => (await ask(`${url}/health`)).status;
  assert.deepEqual([await health(), await health(), await health()], [500, 500, 200]);
  await ask(`${url}/_sick/fail-probe`, {});
  assert.equal((await ask(`${url}/recommendations/1`)).status, 200);
  assert.deepEqual([await health(), await health()], [500, 200]);
});

test("slow: the model store drags until it is switched off, and /health does not show it", async () => {
  await using shop = openShop();
  const { url } = await shop.start("recommendations");
  const took = async (path: string) => {
    const start = performance.now();
    assert.equal((await ask(url + path)).status, 200);
    return performance.now() - start;
  };
  await took("/health");
  assert.equal((await ask(`${url}/_sick/slow`, {})).json.slowMs, 1_200);
  const [slow, health] = await Promise.all([took("/recommendations/1"), took("/health")]);
  assert.ok(slow >= 1_190 && health < 600, `slow ${slow}, health ${health}`);
  await ask(`${url}/_sick/slow`, { on: false });
  assert.ok((await took("/recommendations/1")) < 600);
});

test("slow over 1.5 s: web gives up waiting and shows the page without recommendations", async () => {
  await using shop = openShop();
  const { web, recommendations } = await shop.startAll({ worker: false });
  await ask(`${recommendations.url}/_sick/slow`, { ms: 3_000 });
  const start = performance.now();
  assert.match((await ask(web.url)).text, /data-recommendations="off"/);
  const took = performance.now() - start;
  assert.ok(took >= 1_490 && took < 2_700, `${took} ms`);
});

test("stall: the worker lives and answers, ships nothing, says so, and ignores SIGTERM", async () => {
  await using shop = openShop();
  const { web, worker } = await shop.startAll();
  await ask(`${worker.url}/_sick/stall`, {});
  const health = () => ask(`${worker.url}/health`);
  assert.equal((await health()).status, 200, "nothing waits yet");
  await ask(`${web.url}/checkout`, { items: [{ id: 5, qty: 1 }] });
  await ask(`${web.url}/checkout`, { items: [{ id: 6, qty: 1 }] });
  assert.equal((await health()).status, 200, "not stalled before 2 s");
  await until(async () => (await health()).status === 503, "the worker says it is stalled", 4_000);
  const { json } = await health();
  assert.equal(json.status, "stalled");
  assert.match(String(json.reason), /^no job finished for [23]\.\d s, 2 waiting$/);

  worker.child.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal((await health()).status, 503, "it still answers");
  assert.equal((await ask(`${worker.url}/stats`)).json.waiting, 2);
  worker.child.kill("SIGKILL");
  assert.equal(await worker.exited, "SIGKILL");
  const fresh = await shop.start("worker");
  await until(async () => (await ask(`${fresh.url}/stats`)).json.shipments === 2, "shipped");
});

test("without SHOP_SICKNESS=allowed, and for a switch it has not, a service answers 404", async () => {
  await using shop = openShop();
  const safe = await shop.start("catalog", { SHOP_SICKNESS: "" });
  assert.equal((await ask(`${safe.url}/_sick/block`, {})).status, 404);
  assert.equal((await ask(`${safe.url}/health`)).status, 200);
  const catalog = await shop.start("catalog");
  const unknown = await ask(`${catalog.url}/_sick/stall`, {});
  assert.deepEqual(unknown.json, { error: "one of block,gc,fail-probe" });
});
