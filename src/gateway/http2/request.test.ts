// A request in HTTP/2 becomes the head of HTTP/1.1 that says the same, or none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../kernel/random.ts";
import type { Origin } from "../http1/request.ts";
import { HeadScan } from "../http1/scan.ts";
import { defaultLimits } from "../relay/limits.ts";
import { addLines } from "./fields.ts";
import { readFields, readTrailers } from "./request.ts";

const origin: Origin = {
  ...{ limits: defaultLimits, random: seeded(1), address: "192.0.2.7", isSecure: true },
  ...{ host: "127.0.0.1:443", lastHost: undefined, lastForwarded: "" },
};
const pseudo = [":method", "POST", ":scheme", "https", ":path", "/a?b", ":authority", "shop"];

const read = (raw: readonly string[], hasBody = false): ReturnType<typeof readFields> =>
  readFields(raw, hasBody, origin, new HeadScan(defaultLimits));

test("fields go on, cookies as one, and the body is framed as it is said", () => {
  const head = read([...pseudo, "cookie", "a=1", "x-a", "\xe9", "cookie", "b=2"], true);
  assert.ok("text" in head && "method" in head);
  assert.deepEqual([head.method, head.framing, head.minor], ["POST", "chunked", 1]);
  const lines = head.text.split("\r\n");
  assert.deepEqual(lines.slice(0, 5), [
    ...["POST /a?b HTTP/1.1", "host: shop", "x-a: \xe9", "cookie: a=1; b=2"],
    "Transfer-Encoding: chunked",
  ]);
  assert.ok(lines.includes("X-Forwarded-Proto: https"));
  const sized = read([...pseudo, "content-length", "5"], true);
  assert.ok("framing" in sized);
  assert.deepEqual([sized.framing, sized.length], ["length", 5]);
});

test("no byte of a value can make a line of its own, whoever checks it before", () => {
  for (const byte of ["\r", "\n", "\0", "\x7f"]) {
    for (const raw of [
      [...pseudo, "x-a", `b${byte}c`],
      [...pseudo, `x-a${byte}`, "b"],
      [...pseudo.with(1, `GET${byte}`)],
      [...pseudo.with(5, `/a${byte}b`)],
      [...pseudo.with(7, `shop${byte}`)],
      [...pseudo, "cookie", `a=1${byte}`],
    ]) {
      const found = read(raw);
      assert.ok("status" in found && found.status === 400, JSON.stringify(raw));
    }
    const trailers = readTrailers(["x-a", `b${byte}c`], 1_000);
    assert.ok(typeof trailers !== "string");
  }
});

test("what HTTP/2 does not have is refused here too", () => {
  for (const raw of [
    ...["connection", "transfer-encoding", "upgrade", "keep-alive"].map((name) => [name, "x"]),
    ...[
      ["te", "gzip"],
      ["X-Upper", "1"],
      ["host", "other"],
      [":path", "/late"],
    ],
    [":protocol", "websocket"],
  ]) {
    const found = read([...pseudo, ...raw]);
    assert.ok("status" in found && found.status === 400, raw.join(": "));
  }
  assert.ok("text" in read([...pseudo, "te", "trailers"]));
});

test("lines of an answer become fields: lists joined, cookies apart, no connection", () => {
  const fields = {};
  const lines = ["A: 1", "b:2", "a: 3", "Set-Cookie: x", "Set-Cookie: y", "Connection: close"];
  addLines(fields, `${lines.join("\r\n")}\r\n\r\nC: 4\r\n`, 0);
  assert.deepEqual(fields, { a: "1, 3", b: "2", "set-cookie": ["x", "y"] });
});
