// The config of HAProxy: no text of ours can end a line or a word, and servers do not change its mark.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Route, Upstream } from "../../protocol/gateway.ts";
import { configText, type Places } from "./config-text.ts";
import { bucketMap } from "./files.ts";
import { instanceOf, mustBeAble, quotedText, serverOf, serviceOfFront } from "./names.ts";

const places: Places = { lua: "a.lua", buckets: "b.map", hold: (service) => `${service}.sock` };
const one: Upstream = { instance: "web/1", port: 9_001, state: "ready" };
const route: Route = {
  ...{ service: "web", host: "127.0.0.1", port: 8_080, upstreams: [one] },
  ...{ holdMs: 5_000, timeoutMs: 30_000 },
};

test("servers alone do not change the mark, everything else does", () => {
  const { mark, text } = configText([route], places);
  assert.match(text, new RegExp(`description homeostat-${mark}\n`));
  assert.match(text, /server web:1 127\.0\.0\.1:9001\n/);
  const other = configText(
    [{ ...route, upstreams: [{ ...one, port: 9_002, state: "spare" }] }],
    places,
  );
  assert.equal(other.mark, mark);
  assert.match(other.text, /server web:1 127\.0\.0\.1:9002 disabled\n/);
  for (const change of [{ port: 8_081 }, { holdMs: 1 }, { timeoutMs: 1 }, { host: "::1" }]) {
    assert.notEqual(configText([{ ...route, ...change }], places).mark, mark);
  }
});

test("what people write stays one word", () => {
  assert.equal(quotedText(`a'b "c" $d`), `'a'\\''b "c" $d'`);
  assert.throws(() => quotedText("a\nb"), /INVARIANT|cannot end/);
  const why = "it's\nill\0 # 'x'";
  const { text } = configText(
    [{ ...route, degraded: { status: 503, retryAfterS: 1, why } }],
    places,
  );
  const lines = text.split("\n").filter((line) => line.includes("ill"));
  assert.equal(lines.length, 1);
});

test("names that could be more than names are refused, and what HAProxy is not told", () => {
  mustBeAble([route]);
  const wrong: readonly Partial<Route>[] = [
    { service: "web\nglobal" },
    { host: "127.0.0.1 accept-proxy" },
    { upstreams: [{ ...one, instance: "web/1 check" }] },
    { protocol: "tcp" },
    { upstreams: [{ ...one, path: "/run/web.sock" }] },
  ];
  for (const over of wrong)
    assert.throws(() => mustBeAble([{ ...route, ...over }]), { code: "GATEWAY_UNABLE" });
});

test("names are read back as they were", () => {
  assert.deepEqual([serverOf("web/1"), serverOf("web/1", true)], ["web:1", "web:1:spare"]);
  assert.deepEqual(["web:1", "web:1:spare", "hold"].map(instanceOf), ["web/1", "web/1", undefined]);
  assert.equal(serviceOfFront("f:web-api:::1:8080"), "web-api");
});

test("the buckets leave no microsecond out", () => {
  let next = 0;
  for (const line of bucketMap().trim().split("\n")) {
    const [, from, to] = /^(\d+):(\d+) \d+$/.exec(line) ?? [];
    assert.equal(Number(from), next);
    next = Number(to) + 1;
  }
});
