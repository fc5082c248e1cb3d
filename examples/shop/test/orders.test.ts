// Orders are shipped exactly once: under dead workers, under slow ones, and with two at work.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { LEASE_MS, openOrders } from "../services/orders.ts";
import { ask, openShop, until } from "./shop.ts";

const order = { items: [{ id: 1, qty: 1 }], totalCents: 100, paymentId: "p" };

test("a lease that ran out passes the job on, and its old holder does not ship", () => {
  const state = mkdtempSync(join(tmpdir(), "shop-"));
  const orders = openOrders(state);
  const id = orders.place(order, 1_000);
  assert.deepEqual(orders.waiting(1_500), { count: 1, since: 1_000 });
  const first = orders.claim("a", 2_000);
  assert.deepEqual({ ...first }, { id, attempts: 1 });
  assert.equal(orders.claim("b", 2_000 + LEASE_MS - 1), undefined);
  assert.deepEqual(orders.waiting(2_000 + LEASE_MS - 1), { count: 0, since: 0 });
  assert.deepEqual(orders.waiting(9_000), { count: 1, since: 2_000 + LEASE_MS });
  const second = orders.claim("b", 2_000 + LEASE_MS);
  assert.ok(first && second);
  assert.equal(second.attempts, 2);
  assert.equal(orders.ship(first, "a", 8_000), false);
  assert.equal(orders.ship(second, "b", 8_000), true);
  assert.equal(orders.ship(second, "b", 8_000), false);
  assert.equal(orders.claim("c", 99_000), undefined);
  assert.deepEqual(orders.counts(99_000), { waiting: 0, claimed: 0, done: 1, shipments: 1 });
  orders.close();
  rmSync(state, { recursive: true });
});

test("a job claimed by a worker that was killed -9 is shipped once by the next", async () => {
  await using shop = openShop();
  const orders = openOrders(shop.state);
  const placed = Array.from({ length: 60 }, () => orders.place(order, Date.now()));
  const worker = await shop.start("worker");
  await until(() => orders.counts(Date.now()).done >= 10, "the first ten are done");
  // Between two jobs there is a moment without a claim: hold it still until it is within one.
  await until(async () => {
    worker.child.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 5));
    const within = orders.counts(Date.now()).claimed === 1;
    if (!within) worker.child.kill("SIGCONT");
    return within;
  }, "the worker is within a job");
  worker.child.kill("SIGKILL");
  await worker.exited;
  const left = orders.counts(Date.now());
  assert.equal(left.claimed, 1);
  assert.ok(left.waiting > 0);

  const next = await shop.start("worker");
  await until(() => orders.counts(Date.now()).shipments === 60, "all are shipped", 15_000);
  assert.match(next.out(), /took over order \d+, attempt 2/);
  assert.equal(next.out().match(/took over/g)?.length, 1);
  assert.deepEqual(shippedOrders(shop.state), placed);
  assert.equal((await ask(`${next.url}/stats`)).json.waiting, 0);
  orders.close();
});

test("services that open new files at the same moment do not get in each other's way", async () => {
  await using shop = openShop();
  const catalogs = await Promise.all([1, 2, 3].map(() => shop.start("catalog")));
  const [catalog] = catalogs;
  assert.ok(catalog);
  for (const { url } of catalogs) {
    assert.equal(JSON.parse((await ask(`${url}/products`)).text).length, 100);
  }
  const orders = openOrders(shop.state);
  for (let i = 0; i < 40; i++) orders.place(order, Date.now());
  const workers = await Promise.all([1, 2, 3].map(() => shop.start("worker")));
  await until(() => orders.counts(Date.now()).done === 40, "all are shipped");
  const stats = await Promise.all(workers.map(({ url }) => ask(`${url}/stats`)));
  const shipped = stats.map(({ json }) => Number(json.shipped));
  assert.equal(
    shipped.reduce((sum, n) => sum + n, 0),
    40,
  );
  assert.equal(shippedOrders(shop.state).length, 40);
  orders.close();
});

function shippedOrders(state: string): unknown[] {
  const db = new DatabaseSync(join(state, "orders.db"), { readOnly: true });
  const rows = db.prepare("SELECT order_id FROM shipments ORDER BY order_id").all();
  db.close();
  return rows.map((row) => row.order_id);
}
