// What a config may say of shedding, faults, shadows and the access log: defaults, and wrong values.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import type { RouteFeatures } from "../protocol/gateway-features.ts";
import { simClock } from "../testing/sim-clock.ts";
import { judge } from "./load.ts";
import type { Problem } from "./problem.ts";
import { routeFeatures } from "./resolve-gateway-features.ts";

type Services = Readonly<Record<string, object>>;

const next = { "web-next": { command: "sleep 5", port: 8_081 } };
const web = { command: "sleep 5", port: 8_080, probe: { http: "/health?deep=1" } };

async function load(gateway: unknown, more: Services = next): Promise<RouteFeatures> {
  const services = { web: { ...web, gateway }, ...more };
  const { PATH } = process.env;
  const options = { folder: "/", env: { PATH }, clock: simClock() };
  const found = await judge({ services }, "homeostat.json", options);
  const { features } = found.services.web ?? assert.fail("no service");
  return routeFeatures(features, (name) => found.services[name]?.port);
}

async function problems(gateway: unknown, more?: Services): Promise<readonly string[]> {
  const error = await load(gateway, more).then(
    () => assert.fail("nothing is wrong"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HomeostatError)) throw error;
  return (error.details as readonly Problem[]).map(
    ({ path, got }) => `${path.replace("services.web.gateway.", "")}: ${got}`,
  );
}

test("each is off without its block, and complete with an empty one", async () => {
  assert.deepEqual(await load(undefined), {});
  const found = await load({
    shed: {},
    faults: [{ share: 0.05, delay: "300ms" }],
    shadow: { to: "web-next" },
    accessLog: {},
  });
  const usual = { retryAfterMs: 2_000, usual: "normal", paths: [], exempt: ["/health"] };
  assert.deepEqual(found, {
    shed: { initial: 50, min: 1, max: 10_000, ...usual },
    faults: [{ match: {}, share: 0.05, delayMs: 300, jitterMs: 0, forMs: 600_000, untilAtMs: 0 }],
    shadow: { port: 8_081, share: 0.1, atOnce: 64, timeoutMs: 5_000 },
    accessLog: { file: "", sample: 0.01, errors: true, query: false, slowMs: 1_000 },
  });
});

test("names of fields are small letters on the wire, and what is said is kept", async () => {
  const { shed, faults, shadow, accessLog } = await load({
    shed: {
      priority: { header: "X-Priority", paths: [{ prefix: "/pay", priority: "high" }] },
      limit: { max: 20 },
    },
    faults: [{ match: { header: { "X-User": "Test" } }, share: 1, abort: "cut", for: "1h" }],
    shadow: { to: 9_000, share: 1 },
    accessLog: { file: "a.log" },
  });
  assert.equal(shed?.header, "x-priority");
  assert.deepEqual(shed.paths, [{ prefix: "/pay", priority: "high" }]);
  assert.equal(shed.initial, 20);
  assert.deepEqual(faults?.[0]?.match, { header: { "x-user": "Test" } });
  assert.equal(faults[0].forMs, 3_600_000);
  assert.equal(shadow?.port, 9_000);
  assert.equal(accessLog?.file, "/a.log");
});

test("what cannot be is told at its place", async () => {
  assert.deepEqual(
    await problems({
      shed: { limit: { min: 5, initial: 3 }, priority: { default: "urgent" } },
      faults: [
        { share: 2, delay: "1s" },
        { share: 1 },
        { share: 1, delay: "1s", jitter: "2s" },
        { share: 1, abort: 200 },
        { share: 1, abort: 503, match: { client: "10.0.0.0/40" } },
      ],
      shadow: { to: "nobody" },
      accessLog: { sample: 2 },
    }),
    [
      "shed.limit.initial: 3",
      'shed.priority.default: "urgent"',
      "faults[0].share: 2",
      "faults[1]: a fault that does nothing",
      "faults[2].jitter: 2s",
      "faults[3].abort: 200",
      "faults[4].match.client: 10.0.0.0/40: not 0 to 32 bits",
      'shadow.to: "nobody"',
      "accessLog.sample: 2",
    ],
  );
});

test("a shadow needs a service whose port can be asked, other than its own", async () => {
  const to = (gateway: object, service: object): Promise<readonly string[]> =>
    problems(gateway, { other: { command: "sleep 5", ...service } });
  const other = { shadow: { to: "other" } };
  assert.deepEqual(await to(other, {}), ['shadow.to: "other", which has no port']);
  assert.deepEqual(await to(other, { port: 1_234, host: "10.1.1.1" }), [
    'shadow.to: "other", whose port is not open on 127.0.0.1',
  ]);
  assert.deepEqual(await to(other, { port: 1_234, gateway: { acceptProxy: ["127.0.0.1"] } }), [
    'shadow.to: "other", whose port may expect the PROXY protocol',
  ]);
  assert.deepEqual(await to({ shadow: { to: "web" } }, {}), ["shadow.to: the service itself"]);
  assert.deepEqual(await to({ shadow: { to: 8_080 } }, {}), ["shadow.to: the service itself"]);
});

test("plain TCP has no requests", async () => {
  assert.deepEqual(await problems({ protocol: "tcp", shed: {}, accessLog: {} }), [
    'shed: a service of protocol "tcp"',
    'accessLog: a service of protocol "tcp"',
  ]);
});
