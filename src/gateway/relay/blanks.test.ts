// Blanks are spaces and tabs, and many of them cost no time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { optionsOf } from "../http1/values.ts";
import { withoutBlanks } from "./blanks.ts";

test("only spaces and tabs are taken off, and only around a value", () => {
  assert.equal(withoutBlanks(" \t a b\t "), "a b");
  assert.equal(withoutBlanks(" \t "), "");
  assert.equal(withoutBlanks(""), "");
  assert.equal(withoutBlanks("\u00a0a\u00a0\u000b"), "\u00a0a\u00a0\u000b");
});

test("a Connection field full of blanks is read in no time", () => {
  const value = `close, a${" ".repeat(100_000)}b`;
  const before = process.cpuUsage();
  assert.equal(optionsOf(value)[0], "close");
  // A pattern that tries each blank as the last takes 10 s.
  assert.ok(process.cpuUsage(before).user < 1_000_000);
});
