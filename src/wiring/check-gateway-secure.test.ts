// What is said of TLS has files that can be read and fit, and reaches the gateway as whole paths.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { certificate, key } from "../../test/process/support/tls-fixture.ts";
import { checkGateway } from "./check-gateway.ts";
import { toGateway } from "./resolve-gateway.ts";
import { checkShape } from "./shape.ts";

const otherKey = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEICl8mLV349Qb0DkT/5VEHmmtN9nsTm8GHX/LLZolvouh
-----END PRIVATE KEY-----
`;

const folder = mkdtempSync(join(tmpdir(), "homeostat-secure-"));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "tls"));
for (const [name, text] of Object.entries({
  ...{ "web.pem": certificate, "web.key": key, "other.key": otherKey, "bad.pem": "nothing" },
})) {
  writeFileSync(join(folder, "tls", name), text);
}

function said(gateway: object, others: object = {}): readonly string[] {
  const web = { command: "node web.js", port: 8_443, gateway };
  const config = { services: { web, ...others } };
  const { findings } = checkShape(config);
  return [...findings, ...checkGateway(config, folder)].map(
    ({ at, expected, got }) => `${at.slice(3).join(".")}: expected ${expected}, got ${got}`,
  );
}

const pair = { cert: "tls/web.pem", key: "tls/web.key" };

test("what fits is taken, and told to the gateway with whole paths", () => {
  assert.deepEqual(said({ tls: pair, back: "h2c", redirectFrom: 8_080 }), []);
  assert.deepEqual(said({ tls: [pair, { ...pair, names: ["*.shop.example", "localhost"] }] }), []);
  const files = { cert: "/p/tls/web.pem", key: "/p/tls/web.key" };
  assert.deepEqual(toGateway({ tls: pair, redirectFrom: 80, back: "h2c" }, "/p").route, {
    ...{ tls: { certificates: [files], http2: true, redirectFrom: 80 }, back: "h2c" },
  });
  const named = { cert: "/a.pem", key: "/a.key", names: ["a.example"] };
  assert.deepEqual(toGateway({ tls: [named], http2: false, back: "http1" }, "/p").route, {
    tls: { certificates: [named], http2: false },
  });
});

test("files that are missing, unreadable or do not fit are told with their path", () => {
  assert.match(
    said({ tls: { ...pair, cert: "tls/web.crt" } }).join(),
    /^tls\.cert: expected a certificate in PEM, got "tls\/web\.crt": no such file$/,
  );
  assert.match(said({ tls: { ...pair, key: "tls" } }).join(), /tls\.key: .* got "tls": a folder/);
  assert.match(said({ tls: { ...pair, cert: "tls/bad.pem" } }).join(), /cert: .*"tls\/bad\.pem": /);
  assert.match(said({ tls: { ...pair, key: "tls/web.pem" } }).join(), /tls\.key: expected a key/);
  assert.match(
    said({ tls: [pair, { ...pair, key: "tls/other.key" }] }).join(),
    /tls\.1\.key: expected the key of "tls\/web\.pem", got "tls\/other\.key", which is that of another/,
  );
});

test("names are hosts, each once; what needs TLS or HTTP is refused without", () => {
  const named = (...names: readonly string[]): string => said({ tls: { ...pair, names } }).join();
  assert.match(named("https://a"), /tls\.names\.0: expected a host such as/);
  assert.match(named("a.*.example"), /tls\.names\.0: expected a host/);
  assert.match(named("a.example", "A.example"), /names\.1: expected each name once/);
  assert.match(said({ tls: [] }).join(), /tls: expected settings such as/);
  assert.match(said({ http2: true }).join(), /http2: expected tls beside it/);
  assert.match(said({ redirectFrom: 80 }).join(), /redirectFrom: expected tls beside it/);
  assert.equal(said({ protocol: "tcp", tls: pair, back: "h2c" }).length, 2);
  const other = { api: { command: "node api.js", port: 80 } };
  assert.match(said({ tls: pair, redirectFrom: 80 }, other).join(), /got 80, which api has/);
});
