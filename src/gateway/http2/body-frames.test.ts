// DATA frames become chunks, or as many bytes as were said: nothing else could follow them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../relay/limits.ts";
import type { RequestHead } from "../relay/messages.ts";
import { BodyFrames } from "./body-frames.ts";

function body(framing: "length" | "chunked", length = 0, bodyBytes = 100): BodyFrames {
  return new BodyFrames({ framing, length } as RequestHead, { ...defaultLimits, bodyBytes });
}

test("each frame is a chunk, one of no bytes is none, and trailers come last", () => {
  const chunked = body("chunked");
  const pieces = ["hello", "", "x".repeat(26)].map((text) => chunked.take(Buffer.from(text)));
  chunked.trail(["x-sum", "42"]);
  const text = [...pieces, chunked.end()].map(String).join("");
  assert.equal(text, `5\r\nhello\r\n1a\r\n${"x".repeat(26)}\r\n0\r\nx-sum: 42\r\n\r\n`);
});

test("a body that is not what was said is refused, and so is one too large", () => {
  const long = body("length", 5);
  assert.ok(Buffer.isBuffer(long.take(Buffer.from("hello"))));
  assert.equal(long.end(), undefined);
  assert.match(JSON.stringify(body("length", 4).take(Buffer.from("hello"))), /longer/);
  assert.match(JSON.stringify(body("length", 6).end()), /shorter/);
  assert.match(JSON.stringify(body("chunked").take(Buffer.alloc(101))), /413/);
  const bad = body("chunked");
  bad.trail(["content-length", "5"]);
  assert.match(JSON.stringify(bad.end()), /content-length in the trailers/);
});
