// A small shop on a real port is used as its customers do: log in, search, buy, and clean up.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createHealth } from "../../src/runtime/health/health.ts";
import {
  createSynthetic,
  type Scenario,
  type Synthetic,
} from "../../src/runtime/synthetic/synthetic.ts";
import { seeded } from "../../src/testing/seeded.ts";

interface Shop {
  readonly url: string;
  readonly orders: Map<string, string>;
  readonly marks: Set<string>;
  readonly traces: Set<string>;
  /** The requests of customers: those that carry no marker. */
  customers: number;
  broken: boolean;
  hang: boolean;
}

const servers: Server[] = [];
const running: Synthetic[] = [];
afterEach(async () => {
  for (const synthetic of running.splice(0)) await synthetic.stop(1_000);
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function openShop(): Promise<Shop> {
  const shop = {
    url: "",
    orders: new Map<string, string>(),
    marks: new Set<string>(),
    traces: new Set<string>(),
    customers: 0,
    broken: false,
    hang: false,
  };
  const server = createServer((request, response) => {
    answer(shop, request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  shop.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return shop;
}

const token = "t0k&n";
const form = `<form method="post" action="/login"><input type="hidden" name="_csrf" value="t0k&amp;n">
  <input name="user"><input type="password" name="pass"><button name="go">Log in</button></form>`;

async function answer(
  shop: Shop,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", shop.url);
  const mark = request.headers["x-homeostat-synthetic"];
  if (typeof mark === "string") shop.marks.add(mark);
  else shop.customers++;
  shop.traces.add(String(request.headers.traceparent).split("-")[1] ?? "");
  const body = Buffer.concat(await request.toArray()).toString();
  const session = /session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  const say = (
    status: number,
    text: string,
    headers: Record<string, string | string[]> = {},
  ): void => void response.writeHead(status, { "content-type": "text/html", ...headers }).end(text);

  if (shop.hang && url.pathname === "/search") return;
  if (shop.broken) return say(503, "database is away");
  switch (`${request.method} ${url.pathname}`) {
    case "GET /login":
      return say(200, form, { "set-cookie": "pre=1; Path=/login" });
    case "POST /login": {
      const sent = new URLSearchParams(body);
      const fits = sent.get("_csrf") === token && /pre=1/.test(request.headers.cookie ?? "");
      if (!fits) return say(403, "no token");
      const cookies = ["session=s1; Path=/; HttpOnly", "pre=; Path=/login; Max-Age=0"];
      return say(303, "", { location: "/home", "set-cookie": cookies });
    }
    case "GET /home":
      return session ? say(200, "Welcome back") : say(302, "", { location: "/login" });
    case "GET /search":
      return say(200, `<p>No results found for ${url.searchParams.get("q")}</p>`);
    case "POST /orders": {
      if (!session) return say(401, "who?");
      const id = String(shop.orders.size + 1);
      shop.orders.set(id, body);
      return say(201, JSON.stringify({ id, items: JSON.parse(body).items }));
    }
    default:
      if (request.method === "DELETE")
        return say(shop.orders.delete(url.pathname.slice(8)) ? 204 : 404, "");
      return say(404, "no such page");
  }
}

const logIn: Scenario = async (client) => {
  const page = (await client.get("/login")).expectStatus(200);
  const home = await page.submit({ user: client.inputs.email(), pass: client.inputs.word() });
  home.expectStatus(200).expectPath("/home").expectText("Welcome back");
};

const search: Scenario = async (client) => {
  const page = await client.get("/search", { query: { q: client.inputs.text(2) } });
  page.expectStatus(200).expectAnyText("No results found", "results for");
};

const buy: Scenario = async (client) => {
  client.step("log in");
  await logIn(client);
  client.step("order");
  const items = client.inputs.integer(1, 5);
  const order = await client.post("/orders", { json: { items } });
  const { id } = order.expectStatus(201).expectJson({ items }).json() as { id: string };
  client.cleanup(async (own) => (await own.delete(`/orders/${id}`)).expectStatus(204));
  client.step("see the shop again");
  (await client.get("/home")).expectText("Welcome back");
};

function synthetics(shop: Shop, seed = 1): Synthetic {
  const synthetic = createSynthetic({ baseUrl: shop.url, random: seeded(seed), firstWithinMs: 0 });
  running.push(synthetic);
  return synthetic;
}

test("login, search and checkout against a real server", async () => {
  const shop = await openShop();
  const synthetic = synthetics(shop);
  for (const [name, scenario] of Object.entries({ logIn, search, buy })) {
    synthetic.register(name, scenario, { timeoutMs: 5_000 });
  }
  const outcomes = await Promise.all(["logIn", "search", "buy"].map((name) => synthetic.run(name)));
  for (const { ok, reason } of outcomes) assert.ok(ok, reason);
  assert.equal(shop.orders.size, 0, "the order is cleaned up");
  assert.equal(shop.customers, 0);
  assert.deepEqual([...shop.marks].toSorted(), ["buy", "logIn", "search"]);
  assert.deepEqual([...shop.traces].toSorted(), outcomes.map(({ traceId }) => traceId).toSorted());
  assert.ok(outcomes.every(({ latencyMs }) => latencyMs > 0));
  assert.match(outcomes[2]?.requests.at(-1) ?? "", /^DELETE http:.*\/orders\/1 204 \d+ ms$/);
});

test("a scenario whose server hangs ends in its time and delays no other", async () => {
  const shop = await openShop();
  shop.hang = true;
  const synthetic = synthetics(shop);
  synthetic.register("search", search, { everyMs: 20, timeoutMs: 300 });
  synthetic.register("logIn", logIn, { everyMs: 20, timeoutMs: 5_000 });
  synthetic.start();
  const limitAtMs = performance.now() + 10_000;
  const of = (name: string) => synthetic.status().find((one) => one.name === name);
  while (!(of("search")?.failures ?? 0) && performance.now() < limitAtMs) await sleep(10);
  const loggedIn = of("logIn");
  assert.ok((loggedIn?.successes ?? 0) >= 2, `${loggedIn?.successes} runs beside the hanging one`);
  assert.equal(loggedIn?.failures, 0);
  assert.match(of("search")?.lastFailure?.reason ?? "", /^not done within 300 ms \(seed \d+/);
  assert.deepEqual(await synthetic.stop(2_000), []);
});

test("health is fed, and a recovery is verified by a scenario", async () => {
  const shop = await openShop();
  const synthetic = synthetics(shop);
  synthetic.register("buy", buy, { timeoutMs: 5_000 });
  const health = createHealth();
  health.register("checkout", synthetic.check("buy"), { timeoutMs: 20_000 });
  assert.equal((await health.check("checkout")).status, "healthy");
  shop.broken = true;
  const sick = await health.check("checkout");
  const { reason = "" } = synthetic.status()[0]?.lastFailure ?? {};
  const expected = `log in: GET ${shop.url}/login: expected status 200, got 503 with "database is away" (seed `;
  assert.ok(reason.startsWith(expected), reason);
  assert.equal(sick.reason?.startsWith(expected.slice(0, 60)), true);
  shop.broken = false;
  assert.equal((await health.check("checkout")).status, "healthy");
  health[Symbol.dispose]();
});

test("a server that is not there is a failure that names it", async () => {
  const shop = await openShop();
  servers[0]?.close();
  servers[0]?.closeAllConnections();
  const synthetic = synthetics(shop);
  synthetic.register("search", search);
  const { ok, reason = "" } = await synthetic.run("search");
  assert.equal(ok, false);
  assert.match(reason, /^GET http:.*: expected an answer, got fetch failed: .*ECONNREFUSED/);
});

test("scenarios that wait for their turn do not keep the process alive; a run that is asked for does", async () => {
  const from = new URL("../../src/runtime/synthetic/synthetic.ts", import.meta.url).href;
  const script = `
    const { createSynthetic } = await import(${JSON.stringify(from)});
    const synthetic = createSynthetic({ baseUrl: "http://127.0.0.1:9" });
    synthetic.register("waits", () => {}, { everyMs: 60_000 });
    synthetic.register("asked", ({ sleep }) => sleep(50));
    synthetic.start();
    const { ok } = await synthetic.run("asked");
    console.log(ok);`;
  const args = ["--conditions=source", "--input-type=module", "-e", script];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  try {
    const [code] = await once(child, "close", { signal: AbortSignal.timeout(10_000) });
    assert.deepEqual([code, said], [0, "true\n"]);
  } finally {
    child.kill("SIGKILL");
  }
});
