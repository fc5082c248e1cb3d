// Names of requests: made where there is none, kept where there is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../testing/seeded.ts";
import { nameLines } from "./ids.ts";
import { isTrace } from "./values.ts";

const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("a request without names gets a trace, and is named after it", () => {
  const random = seeded(1);
  const seen = new Set<string>();
  for (let i = 0; i < 1_000; i++) {
    const { id, text } = nameLines(random, undefined, undefined);
    const made = /^traceparent: (\S+)\r\nX-Request-Id: (\S+)\r\n\r\n$/.exec(text);
    assert.ok(made?.[1] !== undefined && isTrace(made[1]), text);
    assert.deepEqual([made[2], made[1].slice(3, 35)], [id, id]);
    seen.add(id);
  }
  assert.equal(seen.size, 1_000);
  assert.ok(isTrace(nameLines(() => 0, undefined, undefined).text.slice(13, 68)), "without chance");
});

test("what the client calls it stays", () => {
  assert.deepEqual(nameLines(seeded(1), trace, "order-7"), { id: "order-7", text: "\r\n" });
  const ofTrace = nameLines(seeded(1), trace, undefined);
  assert.equal(ofTrace.text, `X-Request-Id: ${trace.slice(3, 35)}\r\n\r\n`);
  const ofId = nameLines(seeded(1), undefined, "order-7");
  assert.match(ofId.text, /^traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00\r\n\r\n$/);
});
