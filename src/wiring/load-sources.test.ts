// What a config may say of sources: every default, and every wrong value told with its place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { simClock } from "../testing/sim-clock.ts";
import { judge } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { Resolved } from "./resolve.ts";

const token = "0123456789abcdef";

function load(sources: object): Promise<Resolved> {
  const services = { web: { command: "sleep 5", port: 8_080 } };
  const { PATH } = process.env;
  const env = { PATH, SECRET: token, SHORT: "short" };
  const options = { folder: "/", env, clock: simClock() };
  return judge({ services, sources }, "homeostat.json", options);
}

test("without any nothing listens and nobody is asked", async () => {
  const { otlp, remoteWrite, alertmanager, prometheus } = (await load({})).sources;
  assert.deepEqual(
    [otlp, remoteWrite, alertmanager, prometheus],
    [undefined, undefined, undefined, []],
  );
});

test("defaults are filled in, and secrets from the environment", async () => {
  const { sources, policy } = await load({
    otlp: { token: `\${SECRET}`, services: { shop: "web" }, unmapped: "keep" },
    remoteWrite: { port: 9_201, series: 5, metrics: ["http_*"], labels: { env: "prod" } },
    alertmanager: { port: 9_087, forget: "1h", body: "1MiB" },
    prometheus: [
      { scrape: "http://127.0.0.1:9100/metrics", service: "web", every: "5s" },
      { url: "http://127.0.0.1:9090", queries: { p99: "a" }, label: "app", token: "x" },
    ],
  });
  const foreign = {
    services: {},
    metrics: [],
    labels: {},
    seriesMax: 10_000,
    keepsUnmapped: false,
  };
  const bodyBytes = 4_194_304;
  const host = "127.0.0.1";
  assert.deepEqual(sources.otlp, {
    ...{ host, port: 4_318, token, bodyBytes, attribute: "service.name", windowMs: 60_000 },
    foreign: { ...foreign, services: { shop: "web" }, keepsUnmapped: true },
  });
  assert.deepEqual(sources.remoteWrite, {
    ...{ host, port: 9_201, bodyBytes, label: "job" },
    foreign: { ...foreign, seriesMax: 5, metrics: ["http_*"], labels: { env: "prod" } },
  });
  assert.deepEqual(sources.alertmanager, {
    ...{ host, port: 9_087, bodyBytes: 1_048_576, label: "service", forgetMs: 3_600_000, foreign },
  });
  assert.deepEqual(sources.prometheus, [
    {
      ...{ url: "http://127.0.0.1:9100/metrics", service: "web", label: "job", bodyBytes, foreign },
      ...{ everyMs: 5_000, timeoutMs: 5_000 },
    },
    {
      ...{ url: "http://127.0.0.1:9090", queries: { p99: "a" }, label: "app", bodyBytes, foreign },
      ...{ everyMs: 15_000, timeoutMs: 10_000, token: "x" },
    },
  ]);
  assert.doesNotMatch(JSON.stringify(policy), new RegExp(token));
});

const scrape = "http://127.0.0.1:9100/metrics";
const pulled = (over: object): object => ({ prometheus: [{ scrape, ...over }] });
const asked = (over: object): object => ({ prometheus: [{ url: "http://a", ...over }] });

const bad: readonly (readonly [sources: object, path: string, told: RegExp])[] = [
  [{ otlp: { port: 0 } }, "otlp.port", /a whole number from 1/],
  [{ otlp: { port: 8_080 } }, "otlp.port", /a port of its own.*which web has/],
  [{ otlp: { port: 7_700 } }, "otlp.port", /which the dashboard has/],
  [{ remoteWrite: {} }, "remoteWrite.port", /a whole number.*nothing/],
  [{ otlp: {}, remoteWrite: { port: 4_318 } }, "remoteWrite.port", /which sources\.otlp has/],
  [{ otlp: { host: "0.0.0.0" } }, "otlp.token", /can be reached from outside/],
  [{ otlp: { token: "short" } }, "otlp.token", /16 to 512/],
  [{ otlp: { token: `\${NONE}` } }, "otlp.token", /a variable that is set/],
  [{ otlp: { token: `\${SHORT}` } }, "otlp.token", /at least 16 characters/],
  [{ otlp: { services: { shop: "shop" } } }, "otlp.services.shop", /a service of this config/],
  [{ otlp: { series: 0 } }, "otlp.series", /from 1/],
  [{ otlp: { body: "much" } }, "otlp.body", /an amount/],
  [{ otlp: { window: "1ms" } }, "otlp.window", /from 1s/],
  [{ otlp: { unmapped: "drop" } }, "otlp.unmapped", /"count" or "keep"/],
  [{ alertmanager: { port: 9_087, label: "a b" } }, "alertmanager.label", /name of a label/],
  [{ prometheus: [{}] }, "prometheus[0]", /one of scrape and url.*none/],
  [pulled({ url: "http://a", queries: { a: "b" } }), "prometheus[0]", /one of.*both/],
  [pulled({ queries: { a: "b" } }), "prometheus[0].queries", /a url beside it/],
  [pulled({ scrape: "ftp://a" }), "prometheus[0].scrape", /an address/],
  [pulled({ scrape: "http://u:p@a" }), "prometheus[0].scrape", /without a user/],
  [pulled({ service: "shop" }), "prometheus[0].service", /a service of this config/],
  [pulled({ every: "2s", timeout: "3s" }), "prometheus[0].timeout", /at most every/],
  [asked({}), "prometheus[0].queries", /1 to 100 queries.*none/],
];

for (const [sources, path, said] of bad) {
  test(`${JSON.stringify(sources)} is told at ${path}`, async () => {
    const error = await load(sources).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof HomeostatError);
    const problems = error.details as readonly Problem[];
    assert.deepEqual(
      problems.map((it) => it.path),
      [`sources.${path}`],
    );
    const [{ expected, got } = { expected: "", got: "" }] = problems;
    assert.match(`${expected} · ${got}`, said);
  });
}
