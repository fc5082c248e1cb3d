// The services as real processes, without Homeostat: pages, checkout, payments, calm ends.
import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { ask, openShop, until, urlsOf } from "./shop.ts";

const good = {
  currency: "EUR",
  provider: { name: "acme", timeoutMs: 500 },
  limits: { max: 100_000 },
};

test("the pages show products and recommendations, and checkout gives order numbers", async () => {
  await using shop = openShop();
  const { web, catalog, worker } = await shop.startAll();

  const home = await ask(`${web.url}/`);
  assert.equal(home.status, 200);
  assert.match(home.text, /data-recommendations="on"/);
  assert.equal(home.text.match(/<li>/g)?.length, 24 + 4);
  const page = await ask(`${web.url}/product/7`);
  assert.match(page.text, /<h2>Brass Basket<\/h2>/);
  assert.equal(page.text.match(/<li>/g)?.length, 4);
  assert.equal((await ask(`${web.url}/product/101`)).status, 404);
  assert.equal((await ask(`${web.url}/nothing`)).status, 404);

  const [first, second] = JSON.parse((await ask(`${catalog.url}/products`)).text);
  const items = [
    { id: 1, qty: 2 },
    { id: 2, qty: 1 },
  ];
  const bought = await ask(`${web.url}/checkout`, { items });
  assert.deepEqual(bought, {
    status: 201,
    text: bought.text,
    json: { order: 1, totalCents: 2 * first.priceCents + second.priceCents, currency: "EUR" },
  });
  assert.equal((await ask(`${web.url}/checkout`, { items: [{ id: 101, qty: 1 }] })).status, 400);
  assert.equal((await ask(`${web.url}/checkout`, { items: [] })).status, 400);
  const dear = await ask(`${web.url}/checkout`, { items: [{ id: 2, qty: 99 }] });
  assert.deepEqual([dear.status, dear.json.error], [402, "declined: above the limit of 500000"]);

  await until(async () => (await ask(`${worker.url}/stats`)).json.shipments === 1, "shipped");
  for (const { url } of [web, catalog, worker]) {
    assert.equal((await ask(`${url}/health`)).json.status, "ok");
  }
});

test("pages go without recommendations that are degraded, failing or away; nothing else does", async () => {
  await using shop = openShop();
  const [catalog, payments] = await Promise.all([shop.start("catalog"), shop.start("payments")]);
  let answer = { status: 200, headers: { "x-homeostat-degraded": "drill" } as object };
  const gateway = createServer((_, response) => {
    response.writeHead(answer.status, { ...answer.headers }).end('{"ids":[1,2]}');
  });
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const web = await shop.start("web", {
    ...urlsOf(catalog, payments, catalog),
    RECOMMENDATIONS_URL: url,
  });
  const home = async () => /data-recommendations="(\w+)"/.exec((await ask(web.url)).text)?.[1];

  assert.equal(await home(), "off", "by header");
  answer = { status: 503, headers: {} };
  assert.equal(await home(), "off", "by status");
  answer = { status: 200, headers: {} };
  assert.equal(await home(), "on");
  gateway.close();
  gateway.closeAllConnections();
  assert.equal(await home(), "off", "refused");

  payments.child.kill("SIGKILL");
  await payments.exited;
  const order = { items: [{ id: 1, qty: 1 }] };
  const bought = await ask(`${web.url}/checkout`, order);
  assert.equal(bought.status, 502);
  assert.match(String(bought.json.error), /authorise/);
  catalog.child.kill("SIGKILL");
  await catalog.exited;
  assert.equal((await ask(web.url)).status, 502);
});

test("payments ends with 78 and one line for a config that is not valid", async () => {
  await using shop = openShop();
  const file = join(shop.state, "payments.config.json");
  const launched = (text: string) => {
    writeFileSync(file, text);
    return shop.launch("payments", { PAYMENTS_CONFIG: file });
  };

  const soon = { ...good, provider: { name: "acme", timeoutMs: "soon" } };
  const wrong = launched(JSON.stringify(soon));
  assert.equal(await wrong.exited, 78);
  assert.equal(
    wrong.err(),
    'payments.config.json: provider.timeoutMs: expected a number > 0, got "soon"\n',
  );
  const two = launched('{"currency":"EUR","limits":{"max":-1}}');
  assert.equal(await two.exited, 78);
  assert.match(two.err(), /provider\.name: .* got nothing; .*limits\.max: .* got -1\n$/);
  const broken = launched('{"currency":\n');
  assert.equal(await broken.exited, 78);
  assert.match(broken.err(), /^payments\.config\.json: .*JSON[^\n]*\n$/);
  const missing = shop.launch("payments", { PAYMENTS_CONFIG: join(shop.state, "none.json") });
  assert.equal(await missing.exited, 78);
  assert.match(missing.err(), /^none\.json: ENOENT/);
});

test("payments takes a changed config, replaced by rename or not, and ends with 78 on a bad one", async () => {
  await using shop = openShop();
  const file = join(shop.state, "payments.config.json");
  const replace = (config: object) => {
    writeFileSync(`${file}.new`, JSON.stringify(config));
    renameSync(`${file}.new`, file);
  };
  writeFileSync(file, JSON.stringify(good));
  const payments = await shop.start("payments", { PAYMENTS_CONFIG: file });
  const pay = (amount: number) => ask(`${payments.url}/authorise`, { amount, currency: "EUR" });

  const paid = await pay(50_000);
  assert.deepEqual([paid.status, paid.json.authorised], [200, true]);
  replace({ ...good, limits: { max: 40_000 } });
  await until(async () => (await pay(50_000)).status === 402, "the lower limit holds");
  replace({ ...good, limits: { max: 60_000 } });
  await until(async () => (await pay(50_000)).status === 200, "a second rename is seen");
  writeFileSync(file, JSON.stringify({ ...good, currency: "USD" }));
  await until(async () => (await pay(50_000)).status === 402, "only USD is taken");
  assert.equal(payments.out().match(/changed config/g)?.length, 3);
  replace({ ...good, currency: 7 });
  assert.equal(await payments.exited, 78);
  assert.equal(
    payments.err(),
    "payments.config.json: currency: expected three capital letters, got 7\n",
  );
});

test("a service says all that is missing in its environment and ends with 78", async () => {
  await using shop = openShop();
  const web = shop.launch("web", { PORT: "high", SHOP_STATE: "", CATALOG_URL: "no" });
  assert.equal(await web.exited, 78);
  assert.equal(
    web.err(),
    "web: PORT: expected a port number, got high; SHOP_STATE: expected a folder, got nothing; " +
      "CATALOG_URL: expected an http address, got no; PAYMENTS_URL: expected an http address, " +
      "got nothing; RECOMMENDATIONS_URL: expected an http address, got nothing\n",
  );
});

test("on SIGTERM every service answers what it has begun and ends with 0", async () => {
  await using shop = openShop();
  const all = await shop.startAll();
  await ask(`${all.recommendations.url}/_sick/slow`, { ms: 500 });
  const begun = ask(`${all.web.url}/`);
  const direct = ask(`${all.recommendations.url}/recommendations/1`);
  await new Promise((resolve) => setTimeout(resolve, 150));
  for (const { child } of Object.values(all)) child.kill("SIGTERM");
  assert.match((await begun).text, /data-recommendations="on"/);
  assert.equal((await direct).status, 200);
  const codes = await Promise.all(Object.values(all).map(({ exited }) => exited));
  assert.deepEqual(codes, [0, 0, 0, 0, 0]);
  assert.deepEqual(
    Object.values(all).map(({ err }) => err()),
    ["", "", "", "", ""],
  );
});
