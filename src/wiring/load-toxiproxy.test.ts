// What a config may say of Toxiproxy: its defaults, and every wrong value told with its place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { simClock } from "../testing/sim-clock.ts";
import { judge } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { Resolved } from "./resolve.ts";

function load(toxiproxy?: unknown): Promise<Resolved> {
  const services = { web: { command: "sleep 5", port: 8_080 } };
  const config = toxiproxy === undefined ? { services } : { services, toxiproxy };
  const { PATH } = process.env;
  return judge(config, "homeostat.json", { folder: "/", env: { PATH }, clock: simClock() });
}

async function problems(toxiproxy: unknown): Promise<readonly string[]> {
  const error = await load(toxiproxy).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HomeostatError)) return [];
  return (error.details as readonly Problem[]).map(({ path, got }) => `${path}: ${got}`);
}

test("it is off without the setting; with an empty one it is where its clients look", async () => {
  assert.equal((await load()).toxiproxy, undefined);
  const found = (await load({})).toxiproxy;
  assert.deepEqual(found, { host: "127.0.0.1", port: 8_474, proxies: [] });
  const redis = { listen: ":26379", upstream: "redis:6379" };
  const db = { listen: "[::1]:0", upstream: "db.example.com:5432", enabled: false };
  assert.deepEqual((await load({ proxies: { redis, db } })).toxiproxy?.proxies, [
    { name: "redis", ...redis, enabled: true },
    { name: "db", ...db },
  ]);
});

test("ports, addresses and names that cannot be are told all at once", async () => {
  const upstream = "x:1";
  const found = await problems({
    port: 7_700,
    proxies: {
      "a/b": { listen: "localhost", upstream },
      big: { listen: ":70000", upstream: "x:0" },
      web: { listen: "127.0.0.1:8080", upstream },
      one: { listen: ":9000", upstream, toxics: [] },
      two: { listen: ":9000", upstream },
    },
  });
  assert.deepEqual(found, [
    "toxiproxy.port: 7700, which the dashboard has",
    'toxiproxy.proxies["a/b"]: "a/b"',
    'toxiproxy.proxies["a/b"].listen: "localhost"',
    "toxiproxy.proxies.big.listen: 70000",
    "toxiproxy.proxies.big.upstream: 0",
    "toxiproxy.proxies.web.listen: 8080, which web has",
    'toxiproxy.proxies.one.toxics: the unknown name "toxics"',
    "toxiproxy.proxies.two.listen: 9000, which the proxy one has",
  ]);
  assert.deepEqual(await problems({ port: 8_080 }), ["toxiproxy.port: 8080, which web has"]);
});
