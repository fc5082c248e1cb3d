// A queue of lines within a bound: order, and what is given up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createBacklog } from "./backlog.ts";

test("a backlog keeps order and bound, and counts what it gave up", () => {
  const backlog = createBacklog(10);
  const of = (text: string): Buffer => Buffer.from(text);
  for (const text of ["aaaa", "bbbb", "cccc"]) backlog.push(of(text));
  assert.deepEqual([backlog.size, backlog.dropped], [2, 1]);
  assert.deepEqual(backlog.take(5).map(String), ["bbbb"]);
  backlog.restore([of("bbbb")]);
  assert.deepEqual(backlog.take(100).map(String), ["bbbb", "cccc"]);
  backlog.push(of("larger than ten"));
  assert.deepEqual([backlog.size, backlog.dropped], [0, 2]);
  for (let i = 0; i < 5_000; i++) backlog.push(of("x"));
  assert.deepEqual([backlog.size, backlog.dropped], [10, 4_992]);
});
