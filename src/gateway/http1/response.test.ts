// What is an answer's status line, and what is garbled.
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../relay/limits.ts";
import { ResponseReader } from "./response-reader.ts";

function statusOf(line: string): number | string | undefined {
  const reader = new ResponseReader(defaultLimits);
  reader.reset("GET");
  const bytes = Buffer.from(`${line}\r\nContent-Length: 0\r\n\r\n`, "latin1");
  reader.feed(bytes, bytes.length);
  return reader.readHead()?.status ?? reader.garbled;
}

test("a status is of one of the five classes: counters and HTTP/2 know no other", () => {
  assert.deepEqual(
    ["HTTP/1.1 200 OK", "HTTP/1.1 599", "HTTP/1.0 404 "].map(statusOf),
    [200, 599, 404],
  );
  for (const status of ["600", "999", "099", "20", "2000", "2x0"]) {
    assert.equal(statusOf(`HTTP/1.1 ${status} X`), "a bad status line", status);
  }
});
